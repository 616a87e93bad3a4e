"""Holders of the lock that die, freeze or lose their connection, on MariaDB and MySQL."""

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from evolution.tests.holders import MIGRATE, held, migrate, said, started, take, tell, told
from evolution.tests.processes import query, run

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")

# It computes for some milliseconds in each row.
SLOW = "ALTER TABLE slow ADD COLUMN hash varchar(64) AS (sha2(repeat(word, 300000), 256)) STORED"
FROM_ANOTHER_SERVER = (
    "INSERT INTO evolution_lock (name, token, holder, server, connection_id, counter) VALUES"
    " ('lock', 'old', 'ann@far, process 1', 'far', 1, 0), ('heartbeat', 'old', 'ann@far, process 1', 'far', 1, 0)"
)


@pytest.fixture
def holder(empty_database: str) -> Iterator[subprocess.Popen[str]]:
    with held(empty_database) as process:
        yield process


@pytest.fixture
def small_user(empty_database: str) -> Iterator[str]:
    """The address of the empty database for a user who has no rights yet."""
    name = empty_database.rpartition("/")[2]
    query(empty_database, f"CREATE USER {name} IDENTIFIED BY 'secret'")
    yield f"mysql://{name}:secret@{empty_database.rpartition('@')[2]}"
    query(empty_database, f"DROP USER {name}")


def make_slow_table(database: str, rows: int) -> None:
    query(database, "CREATE TABLE slow (id integer PRIMARY KEY AUTO_INCREMENT, word varchar(20))")
    query(database, "INSERT INTO slow (word) VALUES " + ", ".join(["('0123456789')"] * rows))


def running_slow(database: str) -> int:
    """How many connections are at the slow statement."""
    listed = "information_schema" if connection.mysql_is_mariadb else "performance_schema"  # type: ignore[attr-defined]
    at_it = "db = DATABASE() AND info LIKE 'ALTER TABLE slow%'"
    found = query(database, f"SELECT COUNT(*) FROM {listed}.processlist WHERE {at_it}")
    return int(found.strip("[(,)]"))


def wait_for_slow(database: str) -> None:
    deadline = time.monotonic() + 60
    while not running_slow(database):
        assert time.monotonic() < deadline


def test_nothing_of_the_lock_is_left_when_a_run_has_ended(empty_database):
    assert take(empty_database)[0] == 0
    assert query(empty_database, "SELECT * FROM evolution_lock") == "[]"


def test_a_holder_whose_connection_is_cut_goes_no_further(empty_database, holder):
    number = query(empty_database, "SELECT connection_id FROM evolution_lock WHERE name = 'lock'")
    query(empty_database, f"KILL {number.strip('[(,)]')}")
    assert told(holder).startswith("LockLost The connection to the database was cut: ")


def test_a_holder_with_another_connection_than_the_one_that_took_the_lock_goes_no_further(empty_database):
    with held(empty_database, "connection.close(); lock.check()") as process:
        assert told(process).startswith("LockLost The lock of migrate is lost, as the connection")


def test_a_run_whose_connection_is_cut_in_a_statement_ends_with_a_sentence_and_the_next_goes_on(library):
    work = f"""
other = connection.copy()
def cut(execute, sql, *rest):
    if sql.startswith('ALTER TABLE `library_book` ADD COLUMN `isbn`'):
        other.cursor().execute(f'KILL {{connection.connection.thread_id()}}')
    return execute(sql, *rest)
with connection.execute_wrapper(cut): {MIGRATE}
"""
    code, _output, errors = run(library, f"exec({work!r})")
    assert code == 1
    assert "CommandError: The connection to the database was cut: " in errors
    assert migrate(library)[0] == 0
    assert query(library, "SELECT MIN(pages), COUNT(isbn) FROM library_item") == "[(101, 20)]"


def test_a_lock_that_came_with_a_backup_of_another_server_is_taken_over_after_its_silence_and_not_before(
    empty_database,
):
    assert take(empty_database)[0] == 0
    query(empty_database, FROM_ANOTHER_SERVER)
    begin = time.monotonic()
    # A time limit shorter than the silence would otherwise mean that nobody ever gets the lock.
    code, output, errors = take(empty_database, LOCK_TIMEOUT=1, HEARTBEAT_TIMEOUT=7)
    assert code == 0, errors
    assert time.monotonic() - begin >= 7
    assert (
        "The run of ann@far, process 1 gives no sign of life. Taking over when it has been so for 7" in output
    )
    assert output.endswith("The run of ann@far, process 1 has died. This one takes over.\ntaken\n")


def test_a_holder_on_another_server_that_gives_signs_of_life_keeps_the_lock(empty_database):
    assert take(empty_database)[0] == 0
    query(empty_database, FROM_ANOTHER_SERVER)
    beats = """
import time
while True:
    connection.cursor().execute("UPDATE evolution_lock SET counter = counter + 1 WHERE name = 'heartbeat'")
    time.sleep(1)
"""
    with started(empty_database, beats):
        code, _output, errors = take(empty_database, LOCK_TIMEOUT=9, HEARTBEAT_TIMEOUT=5)
    assert code == 1
    assert "Another migrate has been running for 9 seconds (ann@far, process 1)" in errors
    assert query(empty_database, "SELECT DISTINCT token FROM evolution_lock") == "[('old',)]"


def test_a_frozen_holder_is_cut_off_and_goes_no_further_when_it_wakes_up(empty_database, holder):
    holder.send_signal(signal.SIGSTOP)
    code, output, errors = take(empty_database, HEARTBEAT_TIMEOUT=6)
    holder.send_signal(signal.SIGCONT)
    assert code == 0, errors
    assert f"process {holder.pid} has died. This one takes over.\ntaken\n" in output
    assert told(holder).startswith("LockLost ")


def test_a_transaction_of_a_holder_that_was_taken_over_is_not_committed(empty_database):
    query(empty_database, "CREATE TABLE done (id integer)")
    work = """
        from django.db import transaction
        with transaction.atomic():
            connection.cursor().execute('INSERT INTO done VALUES (1)')
            lock.check()
"""
    with held(empty_database, work.strip()) as process:
        query(empty_database, "UPDATE evolution_lock SET token = 'new', holder = 'ann@far, process 1'")
        assert "was taken over by ann@far, process 1" in told(process)
    assert query(empty_database, "SELECT * FROM done") == "[]"


def test_a_change_of_a_table_that_goes_on_after_its_run_was_killed_is_waited_for(library):
    make_slow_table(library, 2500)
    with held(library, f"connection.cursor().execute({SLOW!r})") as process:
        tell(process)
        wait_for_slow(library)
    assert process.returncode == -signal.SIGKILL
    assert running_slow(library) == 1
    code, _output, errors = migrate(library, LOCK_TIMEOUT=1)
    assert code == 0, errors
    # For longer than LOCK_TIMEOUT; how much longer is the machine's business.
    assert "Another migrate is running (" in errors
    assert "ALTER TABLE slow" in errors
    assert query(library, "SELECT COUNT(hash) FROM slow") == "[(2500,)]"


def test_a_change_of_a_table_by_somebody_without_the_lock_is_waited_for(empty_database):
    make_slow_table(empty_database, 2500)
    with started(empty_database, f"connection.cursor().execute({SLOW!r})"):
        wait_for_slow(empty_database)
        code, output, errors = take(empty_database)
        assert code == 0, errors
        assert output.startswith("The server is still busy with a change of tables (connection ")
        assert query(empty_database, "SELECT COUNT(hash) FROM slow") == "[(2500,)]"


def test_an_emoji_in_somebodys_statement_does_not_hide_the_holder(empty_database, holder):
    emoji = "print('begun', flush=True); connection.cursor().execute(\"SELECT SLEEP(60), '🚀'\")"
    with started(empty_database, emoji) as somebody:
        assert said(somebody) == "begun\n"
        code, _output, errors = take(empty_database, LOCK_TIMEOUT=1)
    assert code == 1
    assert "; connection " in errors
    assert ", idle for " in errors


def test_a_user_who_may_not_make_the_table_of_the_lock_is_told_which_rights_are_missing(
    empty_database, small_user
):
    name = empty_database.rpartition("/")[2]
    query(empty_database, f"GRANT SELECT ON {name}.* TO {name}")
    code, _output, errors = take(small_user)
    assert code == 1
    assert "The lock of migrate can't be taken: " in errors
    assert "grant the database's user CREATE, SELECT, INSERT, UPDATE and DELETE on it." in errors


def test_a_user_with_rights_on_the_database_alone_sees_whose_the_lock_is(empty_database, small_user):
    name = empty_database.rpartition("/")[2]
    query(empty_database, f"GRANT ALL ON {name}.* TO {name}")
    with held(small_user) as process:
        code, _output, errors = take(small_user, LOCK_TIMEOUT=1)
    assert code == 1
    assert f"process {process.pid}; connection " in errors
