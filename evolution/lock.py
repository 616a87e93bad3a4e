"""One run of `migrate` at a time.

On MySQL and MariaDB by the server's GET_LOCK, on the very connection that migrates: when its process dies, the server
gives the lock back only after it has finished the statement that it was at, so nobody meets an ALTER TABLE that is
still going on. On SQLite by a lock on a file beside the database, which the operating system gives back.
"""

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.conf import configuration

INTERVAL = 0.5  # seconds between two tries


class LockHeld(Exception):
    """Another run of `migrate` did not end within the time; the message says whose it is."""


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of this database; wait for another run first, and tell so by `say`. Raises LockHeld."""
    match connection.vendor:
        case "mysql":
            held = _server_lock(connection, say)
        case "sqlite" if not connection.is_in_memory_db():  # type: ignore[attr-defined]
            held = _file_lock(Path(str(connection.settings_dict["NAME"])), say)
        case _:
            yield
            return
    with held:
        yield


@contextmanager
def _server_lock(connection: BaseDatabaseWrapper, say: Callable[[str], None]) -> Iterator[None]:
    name = _lock_name(connection)

    def take() -> bool:
        return bool(_value(connection, "SELECT GET_LOCK(%s, 0)", name))

    _wait(take, lambda: _holder(connection, name), say)
    try:
        yield
    finally:
        if connection.connection is not None and connection.is_usable():
            _value(connection, "SELECT RELEASE_LOCK(%s)", name)


@contextmanager
def _file_lock(database: Path, say: Callable[[str], None]) -> Iterator[None]:
    with database.with_name(f"{database.name}-migrate").open("w") as file:

        def take() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait(take, lambda: "another process on this machine", say)
        yield


def _wait(take: Callable[[], bool], holder: Callable[[], str], say: Callable[[str], None]) -> None:
    timeout = configuration().lock_timeout
    deadline = time.monotonic() + timeout
    told = False
    while not take():
        if not told:
            say(f"Another migrate is running ({holder()}). Waiting for it, {timeout} seconds at most.")
            told = True
        if time.monotonic() > deadline:
            raise LockHeld(
                f"Another migrate has been running for {timeout} seconds ({holder()}). Nothing was changed; "
                "run migrate again when it has ended."
            )
        time.sleep(INTERVAL)


def _lock_name(connection: BaseDatabaseWrapper) -> str:
    """The name of the lock, which is the server's and not the database's: 64 characters at most."""
    database = str(connection.settings_dict["NAME"])
    return f"evolution.{hashlib.sha256(database.encode()).hexdigest()[:40]}"


def _holder(connection: BaseDatabaseWrapper, name: str) -> str:
    """Who holds the lock, as far as the server tells this user."""
    number = _value(connection, "SELECT IS_USED_LOCK(%s)", name)
    with connection.cursor() as cursor:
        # MySQL's information_schema fails (3854) while anybody's statement has an emoji in it.
        listed = "information_schema" if connection.mysql_is_mariadb else "performance_schema"  # type: ignore[attr-defined]
        cursor.execute(f"SELECT user, host, state FROM {listed}.processlist WHERE id = %s", [number])  # noqa: S608
        row = cursor.fetchone()
    return (
        f"connection {number}, {row[0]} from {row[1]}, {row[2] or 'idle'}" if row else f"connection {number}"
    )


def _value(connection: BaseDatabaseWrapper, sql: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]
