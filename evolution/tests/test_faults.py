"""What goes wrong around a `migrate`: sessions in the way, lost connections, missing rights, code that fails.

Each time the rows are as they were, the exit code says so, and the same command finishes when the fault is gone.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from secrets import token_hex

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from evolution import metadata_locks, runs
from evolution.models import Run
from evolution.scratch import connected
from evolution.statements import is_read
from evolution.tests.processes import manage, query, run

ADD_PAGES = "migrations.AddField('book', 'pages', models.IntegerField(default=100)),"
CODE = "migrations.RunPython(work, migrations.RunPython.noop),"
UPDATE = """
def work(apps, schema_editor):
    books = apps.get_model("shelf", "Book").objects.using(schema_editor.connection.alias)
    books.filter(title="Emma").update(title="EMMA")
"""
on_a_server = pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has no sessions")
in_a_file = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a fault of files")


def migrate(shelf, **options):
    """`migrate` without backup and rehearsal, which have tests of their own; what it printed."""
    out = StringIO()
    quick = {"no_backup": True, "rehearsal": False, "database": shelf.wrapper.alias, "stdout": out}
    call_command("migrate", **quick | options)
    return out.getvalue()


def titles(shelf):
    return [title for (title,) in shelf.rows("SELECT title FROM shelf_book ORDER BY id")]


@contextmanager
def another_session(shelf):
    """A second connection to the shelf's database, in a transaction."""
    with (
        connected(shelf.wrapper, str(shelf.wrapper.settings_dict["NAME"])) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("START TRANSACTION")
        yield cursor


@pytest.fixture
def impatient(monkeypatch):
    """Waits one second, twice."""
    monkeypatch.setenv("EVOLUTION_LOCK_WAIT", "1")
    monkeypatch.setenv("EVOLUTION_LOCK_WAIT_TRIES", "2")


# --- Fault 7 and 8: sessions in the way


@on_a_server
def test_a_reader_that_holds_the_table_is_named_and_nothing_is_changed(shelf, impatient):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    with another_session(shelf) as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        ((number,),) = cursor.fetchall()
        cursor.execute("SELECT * FROM shelf_book")
        with pytest.raises(CommandError) as stopped:
            migrate(shelf)
    assert f"connection {number} (" in str(stopped.value)
    assert stopped.value.returncode == 3
    assert not shelf.rows("SHOW COLUMNS FROM shelf_book LIKE 'pages'")
    migrate(shelf)
    assert [tuple(row) for row in shelf.rows("SELECT title, pages FROM shelf_book")] == [("Emma", 100)]


def letting_go(cursor, longest):
    """Sleeps as it is told; the session of `cursor` lets go in a longer pause, which is that between two tries."""
    sleep = time.sleep
    return lambda seconds: sleep(seconds) if seconds <= longest else cursor.execute("ROLLBACK")


@on_a_server
def test_a_reader_that_lets_go_in_time_is_only_waited_for(shelf, impatient, monkeypatch):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    with another_session(shelf) as cursor:
        cursor.execute("SELECT * FROM shelf_book")
        monkeypatch.setattr(
            "evolution.metadata_locks.time.sleep", letting_go(cursor, metadata_locks.PAUSE[1])
        )
        said = migrate(shelf)
    assert "trying again, 2 of 2" in said
    assert shelf.rows("SHOW COLUMNS FROM shelf_book LIKE 'pages'")


@on_a_server
def test_a_locked_row_is_waited_for_and_the_data_step_done_once(shelf, impatient, monkeypatch):
    shelf.books("Emma")
    shelf.write("0002_next", CODE, UPDATE)
    with another_session(shelf) as cursor:
        cursor.execute("SELECT * FROM shelf_book FOR UPDATE")
        monkeypatch.setattr(
            "evolution.metadata_locks.time.sleep", lambda _seconds: cursor.execute("ROLLBACK")
        )
        migrate(shelf)
    assert titles(shelf) == ["EMMA"]


@on_a_server
def test_a_row_that_stays_locked_leaves_every_row_as_it_was(shelf, impatient):
    shelf.books("Emma")
    shelf.write("0002_next", CODE, UPDATE)
    with another_session(shelf) as cursor:
        cursor.execute("SELECT * FROM shelf_book FOR UPDATE")
        with pytest.raises(CommandError) as stopped:
            migrate(shelf)
    assert stopped.value.returncode == 3
    assert titles(shelf) == ["Emma"]
    migrate(shelf)
    assert titles(shelf) == ["EMMA"]


# --- Fault 5: the connection is lost


PLAN = (
    ADD_PAGES
    + "\nmigrations.AlterField('book', 'title', models.CharField(max_length=40, unique=True, null=True)),"
)


@on_a_server
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_connection_lost_around_a_statement_leaves_a_run_that_goes_on(shelf, number, when):
    shelf.books("Emma", None, "🚀")
    shelf.write("0002_next", PLAN)
    with connected(shelf.wrapper, str(shelf.wrapper.settings_dict["NAME"])) as other:
        seen = 0

        def cut(execute, sql, params, many, context):
            nonlocal seen
            # What changes the shelf's own tables, not what is written down about it.
            if is_read(str(sql)) or "evolution_" in str(sql):
                return execute(sql, params, many, context)
            seen += 1
            if seen == number and when == "before":
                kill(context["connection"], other)
            try:
                return execute(sql, params, many, context)
            finally:  # also behind an algorithm that the server does not grant
                if seen == number and when == "after":
                    kill(context["connection"], other)

        with shelf.wrapper.execute_wrapper(cut):
            try:
                migrate(shelf)
                lost = False
            except (OperationalError, CommandError):
                lost = True
        assert lost is (seen >= number)
        shelf.wrapper.close()
    migrate(shelf)
    assert [tuple(row) for row in shelf.rows("SELECT title, pages FROM shelf_book ORDER BY id")] == [
        ("Emma", 100),
        (None, 100),
        ("🚀", 100),
    ]
    assert runs.halfway(shelf.wrapper) is None


def kill(wrapper, other):
    """End the session of `wrapper` from another one."""
    with other.cursor() as cursor:
        cursor.execute(f"KILL CONNECTION {wrapper.connection.thread_id()}")


# --- Fault 11: missing rights


@on_a_server
def test_a_user_without_the_right_to_alter_tables_changes_nothing(shelf):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    name = shelf.wrapper.settings_dict["NAME"]
    user = f"poor_{token_hex(3)}"
    password = token_hex(12)
    shelf.rows(f"CREATE USER {user}@'%' IDENTIFIED BY '{password}'")
    shelf.rows(f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `{name}`.* TO {user}@'%'")
    before = dict(shelf.wrapper.settings_dict)
    try:
        shelf.wrapper.close()
        shelf.wrapper.settings_dict |= {"USER": user, "PASSWORD": password}
        with pytest.raises(OperationalError, match="ALTER command denied"):
            migrate(shelf, no_schema_check=True)
    finally:
        shelf.wrapper.close()
        shelf.wrapper.settings_dict |= before
        shelf.rows(f"DROP USER {user}@'%'")
    assert not shelf.rows("SHOW COLUMNS FROM shelf_book LIKE 'pages'")
    migrate(shelf)
    assert shelf.rows("SHOW COLUMNS FROM shelf_book LIKE 'pages'")


# --- Fault 21: SQLite held by another process


@in_a_file
def test_a_database_that_another_process_writes_to_stops_with_one_line(empty_database):
    assert run(empty_database, "crash.migrate('0001_books'); crash.fill()")[0] == 0
    other = sqlite3.connect(empty_database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    stopped = manage(empty_database, "migrate", "--no-backup", "--no-rehearsal")
    other.execute("ROLLBACK")
    other.close()
    assert stopped.returncode == 3
    assert stopped.stderr.startswith("CommandError: The database says: database is locked.")
    assert len(stopped.stderr.strip().splitlines()) == 1
    assert query(empty_database, "SELECT COUNT(*) FROM library_book") == "[(20,)]"
    again = manage(empty_database, "migrate", "--no-backup", "--no-rehearsal")
    assert again.returncode == 0, again.stderr


# --- Fault 22: what a killed writer leaves beside SQLite's file

KILLED_WRITER = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(f"PRAGMA journal_mode={sys.argv[2]}")
database.execute("PRAGMA wal_autocheckpoint=0")
database.execute("UPDATE library_book SET title = 'committed' WHERE id = (SELECT MIN(id) FROM library_book)")
database.execute("PRAGMA cache_size=1")  # what is not committed is written to the file all the same
database.execute("BEGIN")
database.execute("UPDATE library_book SET title = title || '!'")
database.execute("INSERT INTO library_tag (word) SELECT a.id FROM library_book a, library_book b, library_book c")
os.kill(os.getpid(), 9)
"""


@in_a_file
@pytest.mark.parametrize(("journal_mode", "left"), [("delete", "-journal"), ("wal", "-wal")])
def test_what_a_killed_writer_had_committed_is_there_and_nothing_else(
    library, journal_mode, left, tmp_path, monkeypatch
):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    file = library.removeprefix("sqlite:///")
    tags = query(library, "SELECT COUNT(*) FROM library_tag")
    writer = [sys.executable, "-c", KILLED_WRITER, file, journal_mode]
    assert subprocess.run(writer, check=False).returncode == -signal.SIGKILL
    assert Path(file + left).stat().st_size > 0
    again = manage(library, "migrate", "library", "0002")
    assert again.returncode == 0, again.stderr
    found = "SELECT SUM(title = 'committed'), SUM(title LIKE '%!'), COUNT(*) FROM library_book"
    assert query(library, found) == "[(1, 0, 20)]"
    assert query(library, "SELECT COUNT(*) FROM library_tag") == tags


# --- Fault 14: rows that nobody would write today


@on_a_server
def test_zero_dates_and_names_that_are_nearly_the_same_come_through_every_stage(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    shelf.write("0002_read", "migrations.AddField('book', 'read', models.DateTimeField(null=True)),")
    shelf.migrate("0002_read")
    shelf.rows("SET SESSION sql_mode = ''")
    for title, read in [
        ("Emma", "0000-00-00 00:00:00"),
        ("emma", "2020-00-00 00:00:00"),
        ("Emma ", "2020-01-01"),
        ("Émma", "1000-01-01"),
        ("", "9999-12-31 23:59:59"),
    ]:
        shelf.rows(f"INSERT INTO shelf_book (title, `read`) VALUES ('{title}', '{read}')")
    shelf.wrapper.close()
    rows = "SELECT id, HEX(title), CAST(`read` AS char) FROM shelf_book ORDER BY id"
    before = shelf.rows(rows)
    shelf.write(
        "0003_next", "migrations.AlterField('book', 'title', models.CharField(max_length=300, null=True)),"
    )
    migrate(shelf, no_backup=False, rehearsal=True)
    assert shelf.rows(rows) == before
    migrate(shelf, app_label="shelf", migration_name="0002_read", no_backup=False, rehearsal=True)
    assert shelf.rows(rows) == before


# --- Fault 23: code that fails half-way


FAILS = """
import os
def work(apps, schema_editor):
    books = apps.get_model("shelf", "Book").objects.using(schema_editor.connection.alias)
    for number, book in enumerate(books.order_by("pk")):
        if number and os.environ.get("FAIL"):
            raise ValueError("half-way")
        book.title = book.title.upper()
        book.save()
"""


@pytest.mark.parametrize("atomic", [True, False])
def test_a_data_step_that_fails_half_way_is_done_again(shelf, monkeypatch, atomic):
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", CODE.replace("noop)", f"noop, atomic={atomic})"), FAILS)
    monkeypatch.setenv("FAIL", "yes")
    with pytest.raises(ValueError, match="half-way"):
        migrate(shelf)
    if atomic:
        assert titles(shelf) == ["Emma", "Persuasion"]
    run = runs.latest(shelf.wrapper)
    assert run is not None
    assert (run.outcome, "half-way" in run.error) == (Run.Outcome.FAILED, True)
    monkeypatch.delenv("FAIL")
    migrate(shelf)
    assert titles(shelf) == ["EMMA", "PERSUASION"]


def test_a_data_step_that_fails_on_the_copy_leaves_the_database_alone(shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", CODE, FAILS)
    monkeypatch.setenv("FAIL", "yes")
    with pytest.raises(CommandError) as stopped:
        migrate(shelf, no_backup=False, rehearsal=True)
    assert "On a copy of the database shelf.0002_next fails: ValueError: half-way" in str(stopped.value)
    assert stopped.value.returncode == 1
    assert titles(shelf) == ["Emma", "Persuasion"]


# --- Ctrl-C, and a kill in the rehearsal


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(empty_database, tmp_path):
    assert run(empty_database, "crash.migrate('0001_books'); crash.fill()")[0] == 0
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Says that it has begun with a data step, and then takes its time.
    script = tmp_path / "slow.py"
    script.write_text(
        "import signal, time\n"
        "from django.core.management import execute_from_command_line\n"
        "from django.db.migrations.operations import RunPython\n"
        "def slow(*arguments):\n"
        f"    open({str(fifo)!r}, 'w').close()\n"
        "    time.sleep(60)\n"
        "    raise SystemExit('nobody pressed Ctrl-C')\n"
        "RunPython.database_forwards = slow\n"
        # Whoever runs the tests in the background has let them ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "execute_from_command_line(['manage.py', 'migrate', '--no-backup', '--no-rehearsal'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DATABASE_URL": empty_database,
            "DJANGO_SETTINGS_MODULE": "evolution.tests.project",
            "PYTHONPATH": str(settings.BASE_DIR),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    fifo.open().close()
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate()
    assert process.returncode == 130, errors
    assert errors.startswith("CommandError: Stopped by Ctrl-C.")
    assert "goes on" in errors
    again = manage(empty_database, "migrate", "--no-backup", "--no-rehearsal")
    assert again.returncode == 0, again.stderr
    assert query(empty_database, "SELECT COUNT(*) FROM library_item") == "[(20,)]"


def test_a_kill_in_the_rehearsal_leaves_nothing_behind_that_the_next_run_minds(
    empty_database, tmp_path, monkeypatch
):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    assert run(empty_database, "crash.migrate('0001_books'); crash.fill()")[0] == 0
    migrate = "from django.core.management import call_command; call_command('migrate', 'library', '0002', verbosity=0)"
    killed = (
        "import os; import evolution.rehearsal as r; r._certified = lambda *a, **k: os.kill(os.getpid(), 9); "
    )
    assert run(empty_database, killed + migrate)[0] == -9
    assert query(empty_database, "SELECT COUNT(*) FROM library_book") == "[(20,)]"
    code, _output, errors = run(empty_database, migrate)
    assert code == 0, errors
    assert not list((tmp_path / "backups").glob("*.part"))
    if connection.vendor == "mysql":
        name = empty_database.rpartition("/")[2]
        assert query(empty_database, f"SHOW DATABASES LIKE '{name}\\_scratch%'") == "[]"
