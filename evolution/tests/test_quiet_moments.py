"""A schema change lets others go first: nobody queues up behind it, and no transaction fails because of it."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, OperationalError, connection, connections

from evolution.metadata_locks import DEADLOCK, at_a_quiet_moment, short_waits
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


# Every way that MySQL has to keep others from a table. A transaction that has read it and goes on to write is failed
# by each of them: so a moment can be looked for, but none can be had for certain (docs/decisions/0018).
WAYS = {
    "a change of the table": [CHANGE],
    "a rename": ["RENAME TABLE shelf_book TO shelf_books"],
    "a lock for writing": ["LOCK TABLES shelf_book WRITE"],
    "a lock for reading, then the change": [
        "LOCK TABLES shelf_book READ",
        "UNLOCK TABLES",
        "LOCK TABLES shelf_book WRITE",
    ],
    "a server that prefers readers": ["SET GLOBAL max_write_lock_count = 1", CHANGE],
    "a table that is flushed": ["FLUSH TABLES shelf_book FOR EXPORT", "UNLOCK TABLES", CHANGE],
}


@pytest.fixture
def waiting(shelf: Shelf, request):
    """A session that goes the given way, and waits for the transaction that has read the table."""
    if connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        pytest.skip("MariaDB can be told not to wait")
    shelf.books("Emma")
    with shelf.wrapper.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT title FROM shelf_book")

    def go() -> None:
        own = connections[shelf.wrapper.alias]
        with own.cursor() as cursor:
            cursor.execute("SET SESSION lock_wait_timeout = 20")
            for statement in request.param:
                cursor.execute(statement)
        own.close()

    before = shelf.rows("SELECT @@GLOBAL.max_write_lock_count")[0][0]
    thread = threading.Thread(target=go)
    thread.start()
    await_waiting(thread)
    yield
    shelf.rows("ROLLBACK")
    thread.join()
    shelf.rows(f"SET GLOBAL max_write_lock_count = {before}")


def await_waiting(thread: threading.Thread) -> None:
    """Until a session of the server waits for a table."""
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while thread.is_alive() and time.monotonic() < until:
            cursor.execute(
                "SELECT COUNT(*) FROM performance_schema.metadata_locks"
                " WHERE LOCK_STATUS = 'PENDING' AND OBJECT_NAME = 'shelf_book'"
            )
            if cursor.fetchone() == (1,):
                return
    raise AssertionError("nobody waited")


@pytest.mark.parametrize("waiting", WAYS.values(), ids=WAYS, indirect=True)
@pytest.mark.usefixtures("waiting")
def test_mysql_has_no_way_to_wait_for_a_table_that_spares_the_transaction(shelf):
    with pytest.raises(OperationalError) as failed:
        shelf.rows("UPDATE shelf_book SET title = 'Emma!'")
    assert failed.value.args[0] == DEADLOCK
