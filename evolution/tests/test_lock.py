"""Several runs of `migrate` at once, and holders of the lock that die, freeze or lose their connection."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from evolution.tests.processes import query, run, start

PREPARE = "crash.migrate('0001_books'); crash.fill()"
MIGRATE = "crash.migrate('0005_models')"
SETTINGS = "from django.conf import settings; settings.EVOLUTION = {settings}; "
LOCK = "import sys; from evolution.lock import migration_lock, LockError; "
# Takes the lock, says so, and does `work` with it when it is told to; then prints how that ended.
HOLD = (
    LOCK
    + """
with migration_lock(connection, print) as lock:
    print('held', flush=True)
    sys.stdin.readline()
    try:
        {work}
        print('well', flush=True)
    except LockError as error:
        print(type(error).__name__, error, flush=True)
    sys.stdin.readline()
"""
)
ON_A_SERVER = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")
IN_A_FILE = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's lock is a file")
SLOW = "ALTER TABLE slow ADD COLUMN hash varchar(64) AS (sha2(repeat(word, 300000), 256)) STORED"
FROM_ANOTHER_SERVER = (
    "INSERT INTO evolution_lock (name, token, holder, server, connection_id, counter) VALUES"
    " ('lock', 'old', 'ann@far, process 1', 'far', 1, 0), ('heartbeat', 'old', 'ann@far, process 1', 'far', 1, 0)"
)


def take(database: str, **settings: int) -> tuple[int, str, str]:
    """Take the lock and give it back, in a process of its own."""
    work = f"exec({LOCK!r})\nwith migration_lock(connection, print): print('taken')"
    return run(database, SETTINGS.format(settings=settings) + work)


def started_holder(database: str, work: str = "lock.check()") -> subprocess.Popen[str]:
    """A process that has the lock."""
    holder = start(database, f"exec({HOLD.format(work=work)!r})")
    assert holder.stdout is not None
    line = holder.stdout.readline()
    assert line == "held\n", line + holder.communicate()[1]
    return holder


def go_on(holder: subprocess.Popen[str]) -> str:
    """Let the holder do its work; how that ended."""
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    return holder.stdout.readline()


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def until(database: str, sql: str, answer: str) -> None:
    """Wait until a statement has this answer."""
    deadline = time.monotonic() + 60
    while (found := query(database, sql)) != answer:
        assert time.monotonic() < deadline, found


@pytest.fixture
def library(empty_database: str) -> str:
    """A database in which the library's first migration is applied, with rows."""
    code, _output, errors = run(empty_database, PREPARE)
    assert code == 0, errors
    return empty_database


@pytest.fixture
def holder(empty_database: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock of the empty database."""
    process = started_holder(empty_database)
    yield process
    ended(process)


# --- On every engine


@pytest.mark.parametrize("number", [2, 5])
def test_runs_at_once_do_the_work_once_and_all_end_well(library, number):
    processes = [start(library, MIGRATE) for _number in range(number)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * number, errors
    assert query(library, "SELECT MIN(pages), MAX(pages), COUNT(*) FROM library_item") == "[(101, 101, 20)]"
    assert query(library, "SELECT COUNT(*) FROM library_writer WHERE name = 'Anonymous'") == "[(1,)]"


def test_runs_at_once_on_machines_whose_clocks_are_a_day_off_do_the_work_once(library):
    shifted = "import time; now = time.time; time.time = lambda: now() + {seconds}; " + MIGRATE
    processes = [start(library, shifted.format(seconds=seconds)) for seconds in (-86400, 0, 86400)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert query(library, "SELECT MIN(pages), MAX(pages), COUNT(*) FROM library_item") == "[(101, 101, 20)]"


def test_a_run_that_waits_too_long_says_for_whom_and_changes_nothing(library):
    process = started_holder(library)
    code, _output, errors = run(library, SETTINGS.format(settings={"LOCK_TIMEOUT": 1}) + MIGRATE)
    ended(process)
    assert code == 1
    assert "Another migrate has been running for 1 seconds (" in errors
    assert f", process {process.pid}" in errors
    assert query(library, "SELECT COUNT(*) FROM library_book") == "[(20,)]"


def test_a_run_that_waits_takes_the_lock_when_the_other_has_ended(empty_database, holder):
    waiting = start(empty_database, f"exec({HOLD.format(work='lock.check()')!r})")
    assert waiting.stdout is not None
    assert waiting.stdout.readline().startswith("Another migrate is running (")
    assert go_on(holder) == "well\n"
    holder.communicate("\n")
    assert waiting.stdout.readline() == "held\n"
    assert go_on(waiting) == "well\n"
    waiting.communicate("\n")


def test_the_lock_of_a_holder_that_was_killed_is_free_at_once(empty_database, holder):
    ended(holder)
    code, output, errors = take(empty_database, LOCK_TIMEOUT=1)
    assert code == 0, errors
    assert output.endswith("taken\n")
    assert "gives no sign of life" not in output


def test_migrate_within_migrate_has_the_lock_already(empty_database):
    nested = "with migration_lock(connection, print) as inner: assert inner is lock"
    process = started_holder(empty_database, nested)
    assert go_on(process) == "well\n"
    process.communicate("\n")
    assert process.returncode == 0


# --- On SQLite


@IN_A_FILE
def test_one_file_by_two_names_has_one_lock(empty_database, tmp_path, holder):
    (tmp_path / "other.sqlite3").symlink_to(tmp_path / "crash.sqlite3")
    code, _output, errors = take(f"sqlite:///{tmp_path}/other.sqlite3", LOCK_TIMEOUT=1)
    assert code == 1
    assert "Another migrate has been running" in errors


@IN_A_FILE
def test_a_holder_whose_lock_file_was_removed_goes_no_further(tmp_path, holder):
    (tmp_path / "crash.sqlite3-migrate").unlink()
    assert go_on(holder).startswith("LockLost The lock of migrate is lost: somebody has removed ")


@IN_A_FILE
def test_a_folder_without_room_for_the_lock_file_is_refused(empty_database: str, tmp_path: Path):
    (tmp_path / "crash.sqlite3-migrate").mkdir()
    code, _output, errors = take(empty_database)
    assert code == 1
    assert "crash.sqlite3-migrate can't be written (Is a directory). Nothing was changed." in errors


# --- On MariaDB and MySQL


@ON_A_SERVER
def test_nothing_of_the_lock_is_left_when_a_run_has_ended(empty_database):
    assert take(empty_database)[0] == 0
    assert query(empty_database, "SELECT * FROM evolution_lock") == "[]"


@ON_A_SERVER
def test_a_holder_whose_connection_is_cut_goes_no_further(empty_database, holder):
    number = query(empty_database, "SELECT connection_id FROM evolution_lock WHERE name = 'lock'").strip(
        "[(,)]"
    )
    query(empty_database, f"KILL {number}")
    assert go_on(holder).startswith("LockLost The connection to the database was cut: ")


@ON_A_SERVER
def test_a_holder_with_another_connection_than_the_one_that_took_the_lock_goes_no_further(empty_database):
    process = started_holder(empty_database, "connection.close(); lock.check()")
    assert go_on(process).startswith("LockLost The lock of migrate is lost, as the connection")
    ended(process)


@ON_A_SERVER
def test_a_run_whose_connection_is_cut_in_a_statement_ends_with_a_sentence_and_the_next_goes_on(library):
    kill = (
        "from django.db import connections; other = connection.copy(); "
        "kill = lambda execute, sql, *rest: (other.cursor().execute(f'KILL {connection.connection.thread_id()}') "
        "if sql.startswith('ALTER TABLE `library_book` ADD COLUMN `isbn`') else None, execute(sql, *rest))[1]\n"
        f"with connection.execute_wrapper(kill): {MIGRATE}"
    )
    code, _output, errors = run(library, f"exec({kill!r})")
    assert code == 1
    assert "CommandError: The connection to the database was cut: " in errors
    assert run(library, MIGRATE)[0] == 0
    assert query(library, "SELECT MIN(pages), COUNT(isbn) FROM library_item") == "[(101, 20)]"


@ON_A_SERVER
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


@ON_A_SERVER
def test_a_holder_on_another_server_that_gives_signs_of_life_keeps_the_lock(empty_database):
    assert take(empty_database)[0] == 0
    query(empty_database, FROM_ANOTHER_SERVER)
    beats = (
        "import time\nwhile True: connection.cursor().execute"
        "(\"UPDATE evolution_lock SET counter = counter + 1 WHERE name = 'heartbeat'\"); time.sleep(1)"
    )
    alive = start(empty_database, f"exec({beats!r})")
    code, _output, errors = take(empty_database, LOCK_TIMEOUT=9, HEARTBEAT_TIMEOUT=5)
    ended(alive)
    assert code == 1
    assert "Another migrate has been running for 9 seconds (ann@far, process 1)" in errors
    assert query(empty_database, "SELECT DISTINCT token FROM evolution_lock") == "[('old',)]"


@ON_A_SERVER
def test_a_frozen_holder_is_cut_off_and_goes_no_further_when_it_wakes_up(empty_database, holder):
    holder.send_signal(signal.SIGSTOP)
    code, output, errors = take(empty_database, HEARTBEAT_TIMEOUT=6)
    holder.send_signal(signal.SIGCONT)
    assert code == 0, errors
    assert f"process {holder.pid} has died. This one takes over.\ntaken\n" in output
    assert go_on(holder).startswith("LockLost ")


@ON_A_SERVER
def test_a_transaction_of_a_holder_that_was_taken_over_is_not_committed(empty_database):
    work = (
        "from django.db import transaction\n"
        "        with transaction.atomic():\n"
        "            connection.cursor().execute('INSERT INTO done VALUES (1)')\n"
        "            lock.check()"
    )
    query(empty_database, "CREATE TABLE done (id integer)")
    process = started_holder(empty_database, work)
    query(empty_database, "UPDATE evolution_lock SET token = 'new', holder = 'ann@far, process 1'")
    assert "was taken over by ann@far, process 1" in go_on(process)
    ended(process)
    assert query(empty_database, "SELECT * FROM done") == "[]"


@ON_A_SERVER
def test_a_change_of_a_table_that_goes_on_after_its_run_was_killed_is_waited_for(library):
    query(library, "CREATE TABLE slow (id integer PRIMARY KEY AUTO_INCREMENT, word varchar(20))")
    query(library, "INSERT INTO slow (word) VALUES " + ", ".join(["('0123456789')"] * 1200))
    process = started_holder(library, f"connection.cursor().execute({SLOW!r})")
    threading.Thread(target=go_on, args=[process], daemon=True).start()
    listed = "information_schema" if connection.mysql_is_mariadb else "performance_schema"  # type: ignore[attr-defined]
    busy = f"SELECT COUNT(*) FROM {listed}.processlist WHERE info LIKE 'ALTER TABLE slow%'"
    until(library, busy, "[(1,)]")
    process.kill()
    assert query(library, busy) == "[(1,)]"
    code, _output, errors = run(library, SETTINGS.format(settings={"LOCK_TIMEOUT": 1}) + MIGRATE)
    assert code == 0, errors
    assert "gives no sign of life, and the server is still busy with its statement" in errors
    assert "ALTER TABLE slow" in errors
    assert query(library, "SELECT COUNT(hash) FROM slow") == "[(1200,)]"


@ON_A_SERVER
def test_a_change_of_a_table_by_somebody_without_the_lock_is_waited_for(empty_database):
    query(empty_database, "CREATE TABLE slow (id integer PRIMARY KEY AUTO_INCREMENT, word varchar(20))")
    query(empty_database, "INSERT INTO slow (word) VALUES " + ", ".join(["('0123456789')"] * 400))
    somebody = start(empty_database, f"print(flush=True); connection.cursor().execute({SLOW!r})")
    assert somebody.stdout is not None
    somebody.stdout.readline()
    listed = "information_schema" if connection.mysql_is_mariadb else "performance_schema"  # type: ignore[attr-defined]
    until(
        empty_database,
        f"SELECT COUNT(*) FROM {listed}.processlist WHERE info LIKE 'ALTER TABLE slow%'",
        "[(1,)]",
    )
    code, output, errors = take(empty_database)
    assert code == 0, errors
    assert output.startswith("The server is still busy with a change of tables (connection ")
    assert query(empty_database, "SELECT COUNT(hash) FROM slow") == "[(400,)]"
    ended(somebody)


@ON_A_SERVER
def test_an_emoji_in_somebodys_statement_does_not_hide_the_holder(empty_database, holder):
    emoji = start(
        empty_database, "print(flush=True); connection.cursor().execute(\"SELECT SLEEP(60), '🚀'\")"
    )
    assert emoji.stdout is not None
    emoji.stdout.readline()
    code, _output, errors = take(empty_database, LOCK_TIMEOUT=1)
    ended(emoji)
    assert code == 1
    assert "; connection " in errors
    assert ", idle for " in errors


@ON_A_SERVER
def test_a_user_who_may_not_make_the_table_of_the_lock_is_told_which_rights_are_missing(empty_database):
    name = empty_database.rpartition("/")[2]
    query(empty_database, f"CREATE USER {name} IDENTIFIED BY 'secret'")
    query(empty_database, f"GRANT SELECT ON {name}.* TO {name}")
    host = empty_database.rpartition("@")[2]
    code, _output, errors = take(f"mysql://{name}:secret@{host}")
    query(empty_database, f"DROP USER {name}")
    assert code == 1
    assert "The lock of migrate can't be taken: " in errors
    assert "grant the database's user CREATE, SELECT, INSERT, UPDATE and DELETE on it." in errors


@ON_A_SERVER
def test_a_user_with_rights_on_the_database_alone_sees_whose_the_lock_is(empty_database):
    name = empty_database.rpartition("/")[2]
    query(empty_database, f"CREATE USER {name} IDENTIFIED BY 'secret'")
    query(empty_database, f"GRANT ALL ON {name}.* TO {name}")
    url = f"mysql://{name}:secret@{empty_database.rpartition('@')[2]}"
    process = started_holder(url)
    code, _output, errors = take(url, LOCK_TIMEOUT=1)
    ended(process)
    query(empty_database, f"DROP USER {name}")
    assert code == 1
    assert f"process {process.pid}; connection " in errors
