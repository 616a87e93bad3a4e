"""The lock of a SQLite database: the operating system's, on a file beside it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.lock.base import Lock, myself
from evolution.lock.errors import LockLost, LockRefused
from evolution.lock.waiting import Patience


class FileLock(Lock):
    """A lock on a file; it goes with the process."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self.file = file

    def check(self) -> None:
        if not _is_same(self.file, self.path):
            raise LockLost(
                f"The lock of migrate is lost: somebody has removed {self.path}. Run migrate again; it goes on where "
                "this run stopped."
            )


def database_file(connection: BaseDatabaseWrapper) -> Path | None:
    """The file of a SQLite database, whatever its name in the settings; None for one in memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT file FROM pragma_database_list WHERE name = 'main'")
        (name,) = cursor.fetchone()
    return Path(name).resolve() if name else None


@contextmanager
def file_lock(database: Path, say: Callable[[str], object]) -> Iterator[FileLock]:
    """Hold the lock of the database in this file. Raises LockHeld, and LockRefused where no file can be written."""
    path = database.with_name(f"{database.name}-migrate")
    patience = Patience(say)
    while True:
        with _opened(path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                patience.wait_for(file.read().strip() or "another process on this machine")
                continue
            if not _is_same(file, path):  # removed while it was opened
                continue
            file.truncate(0)
            file.write(myself())
            file.flush()
            yield FileLock(path, file)
            return


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise LockRefused(
            f"The lock of migrate can't be taken: {path} can't be written ({error.strerror}). Nothing was changed. "
            "Let the user who runs migrate write to the folder of the database."
        ) from None


def _is_same(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
