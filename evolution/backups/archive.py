"""The folder of the backups: new ones appear whole or not at all, old ones go."""

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evolution.backups import manifest
from evolution.backups.errors import BackupFailed, BackupRefused
from evolution.backups.manifest import Backup
from evolution.conf import configuration

PART = ".part"  # ends the name of a folder that is being written


def folder() -> Path:
    """The folder of the backups, made where it is missing. Raises BackupFailed where that is impossible."""
    path = configuration().backup_folder
    try:
        # Backups hold all that users have entered.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupFailed(f"The backup folder {path} can't be made: {error.strerror}.") from None
    return path


def name_of(database: str, when: datetime, state: str) -> str:
    """Database, time in UTC, state: a name that sorts by time and is one on every file system."""
    plain = re.sub(r"[^\w-]+", "_", Path(database).stem, flags=re.ASCII)[:100] or "database"
    return f"{plain}-{when:%Y%m%dT%H%M%S}Z-{state}"


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """A folder to write in, among the backups but none of them; gone at the end unless it was renamed.

    It is locked for as long as this process lives, so that `sweep` knows which ones nobody works in any more.
    """
    path = folder() / f"{name}-{os.getpid()}{PART}"
    try:
        path.mkdir(mode=0o700)
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise BackupFailed(f"Nothing can be written to {path.parent}: {error.strerror}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield path
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"Writing to {path.parent} failed: {error}. Nothing of it was kept.") from error
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def sweep() -> list[str]:
    """Remove what a process that died left behind; the names of what was removed."""
    gone = []
    for path in sorted(folder().glob(f"*{PART}")):
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
            gone.append(path.name)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
    return gone


def publish(part: Path, name: str) -> Path:
    """Turn a finished workplace into a backup: one rename, of what is already on the disk."""
    manifest.sync(part)
    for number in range(1, 100):
        target = part.parent / (name if number == 1 else f"{name}-{number}")
        if target.exists():
            continue
        part.rename(target)
        manifest.sync(target.parent)
        return target
    raise BackupFailed(f"There are a hundred backups called {name} already.")


def backups() -> list[Backup]:
    """All backups in the folder, the oldest first. Damaged ones are left out; `damaged` has them."""
    found = (backup for backup, _error in _read_all() if backup)
    return sorted(found, key=lambda backup: (backup.manifest.made, backup.name))


def damaged() -> list[str]:
    """A sentence for each folder among the backups whose manifest can't be believed."""
    return [error for _backup, error in _read_all() if error]


def _read_all() -> Iterator[tuple[Backup | None, str]]:
    path = configuration().backup_folder
    try:
        entries = sorted(entry for entry in path.iterdir() if entry.is_dir() and entry.suffix != PART)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupFailed(f"The backup folder {path} can't be read: {error.strerror}.") from None
    for entry in entries:
        try:
            yield manifest.read(entry), ""
        except BackupRefused as refused:
            yield None, str(refused)


def find(name: str) -> Backup:
    """The backup of this name in the folder, or at this path. Raises BackupRefused where there is none."""
    inside = configuration().backup_folder / name
    path = inside if inside.is_dir() else Path(name)
    if path.name == manifest.FILE:
        path = path.parent
    if not path.is_dir():
        raise BackupRefused(f"There is no backup called {name}. See: manage.py listbackups")
    return manifest.read(path)


def retain(latest: Backup, now: datetime | None = None) -> list[str]:
    """Remove the backups of the same database that are too many or too old; their names.

    Kept in any case: `latest`, and the newest that was proved.
    """
    kept = configuration()
    same = [backup for backup in reversed(backups()) if database_of(backup) == database_of(latest)]
    proved = next((backup.name for backup in same if backup.manifest.proved), None)
    gone = []
    for number, backup in enumerate(same, start=1):
        old = kept.backups_kept_days is not None and (
            datetime.fromisoformat(backup.manifest.made)
            < (now or datetime.now(UTC)) - timedelta(days=kept.backups_kept_days)
        )
        if (number > kept.backups_kept or old) and backup.name not in (proved, latest.name):
            remove(backup)
            gone.append(backup.name)
    return gone


def remove(backup: Backup) -> None:
    """Remove a backup."""
    # Renamed first: half a backup must not be taken for one.
    shutil.rmtree(backup.folder.rename(backup.folder.with_name(f"{backup.name}-old{PART}")))


def database_of(backup: Backup) -> tuple[str, ...]:
    """Which database it is of: the same for all backups of the same one."""
    about = backup.manifest
    return (about.project, about.engine, about.place, about.database)


def require_space(needed: int) -> None:
    """Raises BackupFailed, with the figures, where the folder's disk has less than `needed` bytes free."""
    path = folder()
    free = shutil.disk_usage(path).free
    if free < needed:
        raise BackupFailed(
            f"The disk of {path} has {in_words(free)} free, and the backup may need {in_words(needed)}. "
            "Make room, or name another BACKUP_FOLDER."
        )


def in_words(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
