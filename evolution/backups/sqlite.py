"""Saving and restoring a SQLite database with its own backup interface, never by copying the file."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import LOCK_TABLE, Accounts, account, snapshot
from evolution.backups import manifest
from evolution.backups.archive import require_space, workplace
from evolution.backups.errors import BackupFailed
from evolution.backups.manifest import Backup
from evolution.backups.packing import CHUNK, Packed, packing, unpacked
from evolution.conf import configuration
from evolution.scratch import connected

DATA = "database.sqlite3.gz"


def version(_connection: BaseDatabaseWrapper) -> str:
    """Of the library."""
    return sqlite3.sqlite_version


def place(connection: BaseDatabaseWrapper) -> str:
    """The folder of the database's file."""
    return str(Path(str(connection.settings_dict["NAME"])).parent)


def size(connection: BaseDatabaseWrapper) -> int:
    """The bytes of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def space_for_backup(connection: BaseDatabaseWrapper) -> int:
    """The bytes that the backup folder needs at most: the copy, and the compressed one."""
    return 2 * size(connection)


def structure(connection: BaseDatabaseWrapper) -> str:
    """A digest of all that is defined in the database, but of the lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> %s", [LOCK_TABLE])
        return manifest.short_digest(cursor.fetchall())


def save(connection: BaseDatabaseWrapper, part: Path) -> tuple[Accounts, list[str], str, Packed]:
    """Save the database into the folder `part`: accounts, no moved tables, a digest of the schema, what was packed."""
    copy = part / "copy"
    with snapshot(connection):
        accounts, schema = account(connection), structure(connection)
        with closing(sqlite3.connect(copy)) as target:
            # The same connection, so the same moment.
            connection.connection.backup(target, progress=_impatient("The database"))
            target.execute(f"DROP TABLE IF EXISTS {LOCK_TABLE}")
            target.commit()
            target.execute("PRAGMA journal_mode = DELETE")
    with packing(part / DATA) as (file, packed), copy.open("rb") as source:
        shutil.copyfileobj(source, file, CHUNK)
    copy.unlink()
    return accounts, [], schema, packed


@contextmanager
def restored(connection: BaseDatabaseWrapper, backup: Backup) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a copy made from the backup, in a file of its own that is gone afterwards."""
    with workplace(f"{backup.name}-copy") as part:
        require_space(backup.manifest.content)
        copy = part / "copy.sqlite3"
        with copy.open("wb") as file:
            for chunk in unpacked(backup.data):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        with connected(connection, str(copy)) as scratch:
            yield scratch


def replace(connection: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper, _backup: Backup) -> None:
    """Put what is in `scratch` in the place of what is in the database: in one transaction of SQLite's.

    The lock stays as it is. Killed at any point, the database is as before or as after.
    """
    connection.ensure_connection()
    scratch.ensure_connection()
    _keep_lock(connection.connection, scratch.connection)
    scratch.connection.backup(connection.connection, progress=_impatient("The database"))


def _keep_lock(live: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    copy.execute(f"DROP TABLE IF EXISTS {LOCK_TABLE}")
    made = live.execute("SELECT sql FROM sqlite_master WHERE name = ?", [LOCK_TABLE]).fetchone()
    if made:
        copy.execute(made[0])
        rows = live.execute(f"SELECT * FROM {LOCK_TABLE}").fetchall()  # noqa: S608
        for row in rows:
            marks = ", ".join("?" * len(row))
            copy.execute(f"INSERT INTO {LOCK_TABLE} VALUES ({marks})", row)  # noqa: S608
    if copy.in_transaction:
        copy.commit()


def _impatient(what: str) -> Callable[[int, int, int], None]:
    """For the backup interface, which would wait for another process's lock for ever."""
    limit = configuration().patience
    end = time.monotonic() + limit

    def progress(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > end:
            raise BackupFailed(
                f"{what} was locked by another process for {limit} seconds. Nothing was changed; try again."
            )

    return progress
