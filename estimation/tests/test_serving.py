"""The Flask application goes on while `migrate` runs under it: its statements, on connections of its own.

`make bench-serving` does it with a real Flask application, and a million groups.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import Database, database_of_its_own

pytestmark = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite tells no program the id of a row that it adds through a view",
)

WRITERS = 3
FEWEST = 50  # groups that each of them has to have added


class Writer(threading.Thread):
    """Adds a group, reads it and gives it another name, again and again until it is told to stop."""

    def __init__(self, database: Database, number: int) -> None:
        super().__init__(name=f"writer {number}")
        self.alias = database.wrapper.alias
        self.names: dict[int, str] = {}  # what it was told that it has
        self.failures: list[str] = []
        self.told_to_stop = threading.Event()

    def run(self) -> None:
        try:
            while not self.told_to_stop.is_set():
                self._once()
        finally:
            connections[self.alias].close()

    def _once(self) -> None:
        first = f"{self.name}, {len(self.names)}"
        try:
            with connections[self.alias].cursor() as cursor:
                cursor.execute("INSERT INTO `group` (name) VALUES (%s)", [first])
                number = cursor.lastrowid
                self.names[number] = first
                cursor.execute("SELECT id, name FROM `group` WHERE id = %s", [number])
                if (found := cursor.fetchall()) != ((number, first),):
                    self.failures.append(f"{number}: {found}")
                cursor.execute("UPDATE `group` SET name = %s WHERE id = %s", [f"{first}!", number])
                self.names[number] = f"{first}!"
        except DatabaseError as error:
            self.failures.append(str(error))


@pytest.fixture
def flask_a(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as own:
        own.load("a")
        own.managed("adopt")
        yield own


@pytest.fixture
def writers(flask_a: Database) -> Iterator[list[Writer]]:
    found = [Writer(flask_a, number) for number in range(WRITERS)]
    for writer in found:
        writer.start()
    yield found
    stop(found)


def stop(writers: list[Writer]) -> None:
    for writer in writers:
        writer.told_to_stop.set()
        writer.join()


def test_it_adds_reads_and_renames_groups_without_a_failure_until_the_contract_step(flask_a, writers):
    flask_a.migrated("--expand")
    stop(writers)
    assert [writer.failures for writer in writers] == [[]] * WRITERS
    assert min(len(writer.names) for writer in writers) > FEWEST
    added = {number: name for writer in writers for number, name in writer.names.items()}
    assert len(added) == sum(len(writer.names) for writer in writers)
    rows = dict(flask_a.rows("SELECT id, name FROM estimation_group WHERE id > 40"))
    assert {number: rows[number] for number in added} == added
    assert flask_a.rows("SELECT COUNT(DISTINCT `user`) FROM estimation_group") == [(1,)]


def test_after_the_contract_step_its_table_is_gone(flask_a):
    flask_a.migrated("--expand")
    assert flask_a.rows("SELECT COUNT(*) FROM `group`") == [(35,)]
    flask_a.migrated()
    with pytest.raises(DatabaseError):
        flask_a.rows("SELECT COUNT(*) FROM `group`")


def test_taken_back_the_table_has_its_name_again_and_what_was_added_meanwhile(flask_a):
    flask_a.migrated("--expand")
    flask_a.rows("INSERT INTO `group` (name) VALUES ('New')")
    flask_a.migrated()
    flask_a.migrated("groups", "0001")
    assert flask_a.rows("SELECT name FROM `group` ORDER BY id DESC LIMIT 1") == [("New",)]
    assert flask_a.rows("SHOW FULL TABLES LIKE 'group'") == [("group", "BASE TABLE")]
