"""Saving and restoring a MySQL or MariaDB database with the server's own programs."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from evolution.accounting import LOCK_TABLE, NO_DATA, Accounts, account, compare, snapshot
from evolution.backups import manifest, programs
from evolution.backups.errors import BackupFailed
from evolution.backups.manifest import Backup
from evolution.backups.packing import Packed, packing, unpacked
from evolution.backups.views import exchanged_views
from evolution.conf import configuration
from evolution.introspection import read_schema, table_names
from evolution.scratch import (
    ScratchRefused,
    connected,
    empty_database,
    more_than_tables,
    scratch_database,
    sweep,
)

DATA = "dump.sql.gz"
LOCK_WAIT_TIMEOUT = 1205


def engine(connection: BaseDatabaseWrapper) -> str:
    """MySQL or MariaDB."""
    return "MariaDB" if connection.mysql_is_mariadb else "MySQL"  # type: ignore[attr-defined]


def version(connection: BaseDatabaseWrapper) -> str:
    """Of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        return str(cursor.fetchone()[0])


def place(connection: BaseDatabaseWrapper) -> str:
    """The server's address."""
    return f"{connection.settings_dict['HOST'] or 'localhost'}:{connection.settings_dict['PORT'] or 3306}"


def size(connection: BaseDatabaseWrapper) -> int:
    """The bytes of the tables, as the server estimates them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        return int(cursor.fetchone()[0])


def space_for_backup(connection: BaseDatabaseWrapper) -> int:
    """The bytes that the backup folder needs at most: blobs double, and are compressed again."""
    return size(connection)


def structure(connection: BaseDatabaseWrapper) -> str:
    """A digest of the tables, views, triggers and routines, without the lock. The names of keys do not count."""
    tables = read_schema(connection).tables.items()
    things = [(name, _in_order(asdict(table))) for name, table in tables if name not in NO_DATA]
    return manifest.short_digest([*things, *more_than_tables(connection)])


def _in_order(parts: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, sorted(part, key=repr) if isinstance(part, frozenset) else part)
        for name, part in sorted(parts.items())
    ]


def save(connection: BaseDatabaseWrapper, part: Path) -> tuple[Accounts, list[str], str, Packed]:
    """Save the database into the folder `part`: accounts, moved tables, a digest of the schema, what was packed.

    Writers wait for a moment: for as long as the dump program takes to begin its snapshot. Where they can't be made
    to, the tables are counted before and after, and those that differ are called moved.
    """
    name = str(connection.settings_dict["NAME"])
    with ExitStack() as stack:
        reader = stack.enter_context(connected(connection, name))
        keeper = stack.enter_context(connected(connection, name))
        stillness = _Stillness(keeper, held=_hold_still(keeper))
        stack.enter_context(snapshot(reader))
        pieces = programs.dumped(connection, engine(connection), LOCK_TABLE)
        stack.enter_context(closing(pieces))  # type: ignore[type-var]
        schema = structure(reader)
        with packing(part / DATA) as (file, packed):
            for piece in pieces:
                file.write(piece)
                stillness.notice(piece)
        # Read from the snapshot, which is as old as the dump's.
        accounts = account(reader)
        return accounts, [] if stillness.lasted else _moved(connection, accounts), schema, packed


class _Stillness:
    """Writers wait until the dump program has begun its snapshot, or to its end where not all tables have those.

    Not for longer than the setting PATIENCE without a sign of the program: what it waits for may be this lock.
    """

    def __init__(self, keeper: BaseDatabaseWrapper, *, held: bool) -> None:
        self.keeper = keeper
        self.held = held
        self.lasted = False  # whether the dump began in it
        self.output = b""
        self.end = time.monotonic() + configuration().patience

    def notice(self, piece: bytes) -> None:
        """Look at what the program says: what it says of its first table it says within its snapshot."""
        if not self.held or self.lasted:
            return
        self.output += piece
        self.lasted = b"CREATE TABLE" in self.output
        late = not self.lasted and time.monotonic() > self.end
        if late or (self.lasted and _transactional(self.keeper)):
            self.release()

    def release(self) -> None:
        with self.keeper.cursor() as cursor:
            cursor.execute("UNLOCK TABLES")
        self.held = False
        self.output = b""


def _hold_still(keeper: BaseDatabaseWrapper) -> bool:
    """Lock all tables against writers; whether that worked."""
    tables = sorted(table_names(keeper) - {LOCK_TABLE})
    if not tables:
        return True
    quoted = ", ".join(f"{keeper.ops.quote_name(table)} READ" for table in tables)
    with keeper.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
        if (cursor.fetchone() or ("", "OFF"))[1] == "ON":
            return False  # A lock of tables does not reach the other nodes.
        cursor.execute("SET SESSION lock_wait_timeout = %s", [configuration().patience])
        try:
            cursor.execute(f"LOCK TABLES {quoted}")
        except OperationalError:
            return False
    return True


def _transactional(reader: BaseDatabaseWrapper) -> bool:
    with reader.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
        )
        return bool(cursor.fetchone()[0] == 0)


def _moved(connection: BaseDatabaseWrapper, before: Accounts) -> list[str]:
    """The tables that have changed since."""
    with connected(connection, str(connection.settings_dict["NAME"])) as later, snapshot(later):
        after = account(later)
    return [name for name, one in before.tables.items() if compare(Accounts({name: one}), after)]


@contextmanager
def restored(connection: BaseDatabaseWrapper, backup: Backup) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a scratch database made from the backup, gone afterwards."""
    sweep(connection)
    try:
        with scratch_database(connection) as scratch:
            programs.load(scratch, engine(connection), unpacked(backup.data))
            yield scratch
    except ScratchRefused as refused:
        raise BackupFailed(str(refused)) from None


def replace(connection: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper, backup: Backup) -> None:
    """Put what is in `scratch` in the place of what is in the database.

    One statement exchanges all tables: killed at any point, they are as before or as after. Views can't move to another
    database, so they go before and are made again after; killed in between they are missing: restore again. Nor can
    triggers and routines: with those the database is emptied and loaded, and killed in between it is neither.
    """
    kinds = {kind for database in (connection, scratch) for kind, _name in more_than_tables(database)}
    if kinds - {"VIEW"} or configuration().scratch_database:
        with _patient_cursor(connection):
            empty_database(connection, kept={LOCK_TABLE})
        programs.load(connection, engine(connection), unpacked(backup.data))
    else:
        with scratch_database(connection) as former, exchanged_views(connection, scratch):
            _exchange(connection, scratch, former)


def _exchange(
    connection: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper, former: BaseDatabaseWrapper
) -> None:
    moves = [(connection, former, table) for table in sorted(table_names(connection) - {LOCK_TABLE})]
    moves += [(scratch, connection, table) for table in sorted(table_names(scratch))]
    if not moves:
        return
    parts = ", ".join(f"{_full(source, table)} TO {_full(target, table)}" for source, target, table in moves)
    with _patient_cursor(connection) as cursor:
        cursor.execute(f"RENAME TABLE {parts}")


def _full(connection: BaseDatabaseWrapper, table: str) -> str:
    quote = connection.ops.quote_name
    return f"{quote(connection.settings_dict['NAME'])}.{quote(table)}"


@contextmanager
def _patient_cursor(connection: BaseDatabaseWrapper) -> Iterator[CursorWrapper]:
    """A cursor that waits for other sessions' locks only for so long."""
    limit = configuration().patience
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.lock_wait_timeout")
        (timeout,) = cursor.fetchone()
        cursor.execute("SET SESSION lock_wait_timeout = %s", [limit])
        try:
            yield cursor
        except OperationalError as error:
            if error.args[0] != LOCK_WAIT_TIMEOUT:
                raise
            raise BackupFailed(
                f"Another session held a table for {limit} seconds. Nothing was changed; try again."
            ) from None
        finally:
            cursor.execute("SET SESSION lock_wait_timeout = %s", [timeout])
