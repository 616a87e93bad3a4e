"""What goes wrong with the server under a `migrate`: no room, no writing, no power, and names without capitals.

Each test has a server of its own. The rows are as they were, the exit code says so, and the same command finishes
when the fault is gone.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from evolution.executor import JournaledExecutor
from evolution.tests.crash.copies import killed_when_copied
from evolution.tests.crash.servers import KillableServer
from evolution.tests.holders import PREPARE
from evolution.tests.own_server import address, elsewhere, engine
from evolution.tests.processes import manage, query, run
from evolution.tests.shelf import Shelf, cut_short, shelf_in
from evolution.tests.small_disks import Disk, small_disks

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")

MEGABYTE = 2**20


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Makes a disk of so many megabytes."""
    with small_disks() as make:
        yield make


def migrate(database: str) -> subprocess.CompletedProcess[str]:
    """`manage.py migrate library 0002` without backup and rehearsal, which have tests of their own."""
    return manage(database, "migrate", "library", "0002", "--no-backup", "--no-rehearsal")


def refused(database: str) -> str:
    """It has to fail with one line; that line."""
    answer = migrate(database)
    assert answer.returncode in {1, 3}, answer.stdout + answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    return answer.stderr.strip()


def finishes(database: str) -> None:
    answer = migrate(database)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def prepare(database: str) -> None:
    code, _output, errors = run(database, PREPARE)
    assert code == 0, errors


# --- Fault 6: the server's disks are full


def multiply(database: str, times: int) -> None:
    """Double the twenty books so many times."""
    for _time in range(times):
        query(
            database,
            "INSERT INTO library_book (title, price, author_id) SELECT title, price, author_id FROM library_book",
        )


def books(database: str) -> str:
    return query(database, "SELECT COUNT(*), SUM(CRC32(title)) FROM library_book")


def test_a_full_disk_of_the_server_changes_nothing_and_with_room_the_same_command_finishes(disk, serve):
    folder = disk(500)
    server = serve(disk=folder)
    prepare(server.url)
    multiply(server.url, 11)
    before = books(server.url)
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        # A megabyte is left: enough to write down what is going to be done, too little for a copy of the table.
        file.write(bytes(shutil.disk_usage(folder).free - MEGABYTE))
    assert "CommandError: The database says: " in refused(server.url)
    assert books(server.url) == before
    ballast.unlink()
    finishes(server.url)
    assert books(server.url) == before


def test_no_room_for_the_server_s_temporary_files_changes_nothing_either(disk, serve):
    folder = disk(1)
    server = serve(f"--innodb-tmpdir={folder}", "--innodb-sort-buffer-size=65536")
    prepare(server.url)
    multiply(server.url, 13)
    before = books(server.url)
    assert "CommandError: The database says: " in refused(server.url)
    subprocess.run(["mount", "-o", "remount,size=100m", str(folder)], check=True)
    finishes(server.url)
    assert books(server.url) == before


# --- Fault 11: a server that is only read


def test_a_server_that_is_only_read_is_said_so_and_nothing_is_changed(serve):
    server = serve()
    prepare(server.url)
    before = books(server.url)
    poor = urlsplit(server.url)
    query(server.url, "CREATE USER poor IDENTIFIED BY 'a password'")
    query(server.url, "GRANT ALL ON estimation.* TO poor")
    query(server.url, "SET GLOBAL read_only = 1")
    url = server.url.replace(f"{poor.username}:{poor.password}", "poor:a%20password")
    assert "read-only" in refused(url)
    assert books(server.url) == before
    query(server.url, "SET GLOBAL read_only = 0")
    finishes(url)


# --- Fault 3 and 4: the server is killed, and the power fails


@pytest.mark.parametrize("more", [[], ["--with-client"]], ids=["killed", "power"])
def test_when_the_server_has_gone_the_run_goes_on_with_its_next_start(
    more, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        name = engine()
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "evolution.tests.crash.servers", name, "up"),
            *("--whole", "--each", "1", *more),
        ],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONPATH": "scripts"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


# --- Fault 27: MariaDB is killed between copying a table and putting the copy in its place

BEFORE_THE_COPY = """
migrations.AddField("writer", "born", models.IntegerField(default=1775)),
migrations.AddField("book", "writer", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
migrations.AddField("book", "editor", models.ForeignKey("shelf.Writer", models.CASCADE, null=True, related_name="+")),
"""
WRITERS_AND_BOOKS = (
    "SELECT title, writer_id, name, born FROM shelf_book JOIN shelf_writer w ON w.id = writer_id"
)
COPIES = {
    "shelf_book": """migrations.AlterField("book", "writer_number", models.BigIntegerField(null=True)),""",
    "shelf_writer": """migrations.AlterField("writer", "born", models.BigIntegerField(default=1775)),""",
}


@pytest.fixture
def shelf_to_kill(serve, tmp_path) -> Iterator[tuple[Shelf, KillableServer, BaseDatabaseWrapper]]:
    if engine() != "mariadb":
        pytest.skip("MySQL carries a schema change out whole or not at all")
    server = serve()
    with elsewhere(address(server.url)) as wrapper, shelf_in(tmp_path, wrapper) as shelf:
        shelf.write("0002_before", BEFORE_THE_COPY)
        shelf.migrate("0002_before")
        shelf.rows("INSERT INTO shelf_writer (id, name, born) VALUES (1, 'Jane', 1775)")
        shelf.rows("INSERT INTO shelf_book (title, writer_id, editor_id) VALUES ('Emma', 1, 1)")
        yield shelf, server, wrapper


def definition(shelf: Shelf, table: str) -> str:
    return str(shelf.rows(f"SHOW CREATE TABLE {table}")[0][1])


@pytest.mark.parametrize("table", COPIES)
def test_a_server_killed_between_a_copy_and_its_renaming_loses_no_value_and_no_foreign_key(
    table, shelf_to_kill
):
    shelf, server, wrapper = shelf_to_kill
    shelf.write("0003_copy", COPIES[table])
    log = server._start.data / "ddl_recovery.log"
    kills = 0
    for number in range(12):
        # The server takes about two milliseconds for it.
        with killed_when_copied(server.process.pid, log, table, delay=number * 0.00015):
            try:
                JournaledExecutor(shelf.wrapper).migrate([("shelf", "0003_copy")])
            except OperationalError:
                kills += 1
                server.process.wait()
                for connected in (shelf.wrapper, wrapper):
                    connected.close()
        if server.process.poll() is not None:
            server.start_again()
            JournaledExecutor(shelf.wrapper).migrate([("shelf", "0003_copy")])
        # Makes the server read every row by the definition that it shows.
        shelf.rows(f"ALTER TABLE {table} FORCE")
        assert shelf.rows(WRITERS_AND_BOOKS) == [("Emma", 1, "Jane", 1775)]
        assert definition(shelf, "shelf_book").count("REFERENCES `shelf_writer`") == 2
        assert "bigint" in definition(shelf, table)
        shelf.migrate("0002_before")
    assert kills > 3


# --- The archive: no room for it, and a server that is killed while it is filled

LESS = """migrations.RemoveField("book", "price"),"""
PRICES = "SELECT COUNT(*), SUM(id * price) FROM shelf_book"
DOUBLINGS = 17  # of one book


@contextmanager
def priced(server: KillableServer, folder: Path) -> Iterator[Shelf]:
    """A shelf on this server with many books, each with a price of its own, and a migration that drops it."""
    with elsewhere(address(server.url)) as wrapper, shelf_in(folder, wrapper) as shelf:
        shelf.books("Emma")
        for _time in range(DOUBLINGS):
            shelf.rows("INSERT INTO shelf_book (title) SELECT title FROM shelf_book")
        shelf.rows("UPDATE shelf_book SET price = id % 9973 + 0.25")
        shelf.write("0002_less", LESS)
        yield shelf


def to(shelf: Shelf, name: str) -> None:
    JournaledExecutor(shelf.wrapper).migrate([("shelf", name)])


def return_to_the_prices(shelf: Shelf, after: str) -> None:
    """Back to the state with the prices: at once, or by way of the state without."""
    if after == "taken back":
        executor = JournaledExecutor(shelf.wrapper)
        executor.undo_halfway(executor.loader.get_migration("shelf", "0002_less"), backwards=False)
    else:
        to(shelf, "0002_less")
        to(shelf, "0001_initial")


@pytest.mark.parametrize("after", ["gone on with", "taken back"])
def test_a_disk_that_is_full_of_the_archive_loses_no_value(after, disk, serve, tmp_path):
    folder = disk(600)
    with priced(serve(disk=folder), tmp_path) as shelf:
        before = shelf.rows(PRICES)
        ballast = folder / "ballast"
        with ballast.open("wb") as file:
            file.write(bytes(shutil.disk_usage(folder).free - MEGABYTE))
        with pytest.raises(OperationalError):
            to(shelf, "0002_less")
        assert shelf.rows(PRICES) == before
        ballast.unlink()
        return_to_the_prices(shelf, after)
        assert shelf.rows(PRICES) == before


@pytest.mark.parametrize("after", ["gone on with", "taken back"])
def test_a_server_that_is_killed_while_the_archive_is_filled_loses_no_value(after, serve, tmp_path):
    server = serve()
    with priced(server, tmp_path) as shelf:
        before = shelf.rows(PRICES)
        killing = threading.Thread(target=kill_while_filling, args=(server, shelf.wrapper.alias))
        killing.start()
        with pytest.raises(OperationalError):
            to(shelf, "0002_less")
        killing.join()
        server.process.wait()
        for alias in ("elsewhere", shelf.wrapper.alias):
            connections[alias].close()
        server.start_again()
        assert shelf.rows(PRICES) == before
        return_to_the_prices(shelf, after)
        assert shelf.rows(PRICES) == before


def kill_while_filling(server: KillableServer, alias: str) -> None:
    """Kill the server when the first rows are in the archive."""
    with connections[alias].cursor() as cursor:
        found = 0
        while not found:
            cursor.execute("SHOW TABLES LIKE 'evolution_archive_1'")
            if cursor.fetchone():
                cursor.execute("SELECT COUNT(*) FROM (SELECT 1 FROM evolution_archive_1 LIMIT 1) first")
                (found,) = cursor.fetchone()
    os.kill(server.process.pid, signal.SIGKILL)
    connections[alias].close()


# --- Fault 16: a server that writes every table's name without capitals

FIRST = """
migrations.CreateModel("Case", [("id", models.AutoField(primary_key=True))], options={"db_table": "Shelf_Case"}),
migrations.AlterModelTable("book", "Shelf_Book"),
"""
SECOND = """
migrations.AddField("book", "case", models.ForeignKey("shelf.Case", models.CASCADE, null=True)),
migrations.AddField("book", "pages", models.IntegerField(default=100)),
migrations.AlterField("book", "title", models.CharField(max_length=40, null=True, unique=True)),
migrations.RenameModel("Case", "Rack"),
migrations.AlterModelTable("rack", "Shelf_Rack"),
migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
"""
BOOKS = "SELECT title, pages, case_id FROM shelf_book ORDER BY id"


@pytest.fixture
def shelf_without_capitals(serve, tmp_path, monkeypatch) -> Iterator[Shelf]:
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    server = serve("--lower-case-table-names=1")
    with elsewhere(address(server.url)) as wrapper, shelf_in(tmp_path, wrapper) as shelf:
        shelf.write("0002_capitals", FIRST)
        shelf.migrate("0002_capitals")
        shelf.rows("INSERT INTO shelf_book (title) VALUES ('Emma'), (NULL), ('🚀')")
        shelf.write("0003_next", SECOND)
        yield shelf


def test_names_without_capitals_go_through_every_stage_there_and_back(shelf_without_capitals):
    shelf = shelf_without_capitals
    for target in ("0003_next", "0002_capitals", "0003_next"):
        call_command("migrate", "shelf", target, database=shelf.wrapper.alias, verbosity=0)
    assert shelf.rows(BOOKS) == [("Emma", 100, None), (None, 100, None), ("🚀", 100, None)]
    call_command("checkschema", database=shelf.wrapper.alias)


def test_names_without_capitals_are_found_again_wherever_a_run_was_cut_short(shelf_without_capitals):
    shelf = shelf_without_capitals
    number = 1
    while cut_short(shelf, "0003_next", number):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", "0003_next")])
        assert shelf.rows(BOOKS) == [("Emma", 100, None), (None, 100, None), ("🚀", 100, None)]
        shelf.migrate("0002_capitals")
        number += 1
    assert number > 20
