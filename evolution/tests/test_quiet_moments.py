"""A schema change lets others go first: nobody queues up behind it, and no transaction fails because of it."""

import threading
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, connections

from evolution.metadata_locks import at_a_quiet_moment, short_waits
from evolution.tests.shelf import Shelf

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for all")

CHANGE = "ALTER TABLE shelf_book ADD COLUMN pages integer NULL"
LOOKS = 3  # the change has begun to look for its moment so often


class Change(threading.Thread):
    """The schema change, in a session of its own."""

    def __init__(self, alias: str) -> None:
        super().__init__()
        self.alias = alias
        self.looks = threading.Semaphore(0)
        self.error: DatabaseError | None = None

    def run(self) -> None:
        own = connections[self.alias]

        def look(execute, sql, params, many, context):
            if sql == CHANGE or "metadata_locks" in sql:
                self.looks.release()
            return execute(sql, params, many, context)

        def work() -> None:
            with own.cursor() as cursor:
                cursor.execute(CHANGE)

        try:
            with short_waits(own), own.execute_wrapper(look):
                at_a_quiet_moment(own, work, lambda line: None, ["shelf_book"])
        except DatabaseError as error:
            self.error = error
        finally:
            own.close()

    def await_looks(self) -> None:
        """Until it has looked for its moment some times."""
        for _ in range(LOOKS):
            assert self.looks.acquire(timeout=10)


@pytest.fixture
def change(shelf: Shelf) -> Iterator[Change]:
    """The change, while a transaction has read the table that is to be changed."""
    shelf.books("Emma")
    with shelf.wrapper.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT title FROM shelf_book")
    started = Change(shelf.wrapper.alias)
    started.start()
    started.await_looks()
    yield started
    started.join()


def finish(shelf: Shelf, change: Change) -> None:
    shelf.rows("COMMIT")
    change.join()
    assert change.error is None
    assert shelf.rows("SELECT pages FROM shelf_book") == [(None,)]


def test_nobody_waits_behind_a_change_that_waits_for_a_transaction(shelf, change):
    shelf.rows("SET SESSION lock_wait_timeout = 1")
    other: list[object] = []

    def read() -> None:
        reader = connections[shelf.wrapper.alias]
        with reader.cursor() as cursor:
            cursor.execute("SELECT title FROM shelf_book")
            other.extend(cursor.fetchall())
        reader.close()

    reading = threading.Thread(target=read)
    reading.start()
    reading.join(timeout=2)
    still_waiting = reading.is_alive()
    finish(shelf, change)
    reading.join()
    assert not still_waiting
    assert other == [("Emma",)]


def test_a_transaction_that_has_read_may_write_while_a_change_looks_for_its_moment(shelf, change):
    shelf.rows("UPDATE shelf_book SET title = 'Emma!'")
    finish(shelf, change)
    assert shelf.rows("SELECT title FROM shelf_book") == [("Emma!",)]
