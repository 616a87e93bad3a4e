"""Proving and restoring backups."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import Accounts, account, compare
from evolution.backups import archive, engines, packing
from evolution.backups.errors import BackupFailed, BackupRefused, NotProved
from evolution.backups.making import is_empty, make
from evolution.backups.manifest import Backup
from evolution.conf import configuration


def check(connection: BaseDatabaseWrapper, backup: Backup) -> None:
    """Raises BackupRefused where the backup is damaged, or not of this project or not for this engine."""
    about, project, engine = backup.manifest, configuration().project, engines.title(connection)
    if about.project != project:
        raise BackupRefused(
            f"{backup.name} is a backup of the project {about.project}, and this is {project}."
        )
    if about.engine != engine:
        raise BackupRefused(f"{backup.name} is a backup of {about.engine}, and this database is {engine}.")
    packing.check(backup)


@contextmanager
def restored_copy(connection: BaseDatabaseWrapper, backup: Backup) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a scratch database that was restored from the backup and compared with what went in.

    It is gone afterwards. Raises BackupRefused, BackupFailed, or NotProved with the differences.
    """
    check(connection, backup)
    archive.sweep()
    with engines.of(connection).restored(connection, backup) as scratch:
        if found := _differences(scratch, backup):
            raise NotProved(
                f"What comes out of {backup.name} is not what went in: {' '.join(found)} It proves nothing; keep it "
                "only until there is a better one."
            )
        yield scratch


def prove(connection: BaseDatabaseWrapper, backup: Backup) -> Backup:
    """Restore the backup into a scratch database, compare, and note in it that this was done."""
    with restored_copy(connection, backup):
        return mark_proved(backup)


def mark_proved(backup: Backup) -> Backup:
    """Note that `restored_copy` has been through with this backup."""
    return backup.mark_proved(datetime.now(UTC).isoformat(timespec="seconds"))


def restore(
    connection: BaseDatabaseWrapper, backup: Backup, say: Callable[[str], None] = lambda line: None
) -> Backup | None:
    """Put the backup in the place of what is in the database; what was there is saved first, and proved.

    Returns the backup of what was there, or None where the database was empty. Raises BackupRefused before anything
    is touched. Killed at any point, it can be run again.
    """
    check(connection, backup)
    saved = None
    if not is_empty(connection):
        saved = prove(connection, make(connection))
        say(f"What was there is saved, and proved: {saved.name}")
    with restored_copy(connection, backup) as scratch:
        say(f"{backup.name} was restored into a scratch database and compared: it is whole.")
        engines.of(connection).replace(connection, scratch, backup)
    if found := _differences(connection, backup):
        hint = f" What was there before is in {saved.name}." if saved else ""
        raise BackupFailed(f"The database is not what the backup is: {' '.join(found)}{hint}")
    return saved


def _differences(connection: BaseDatabaseWrapper, backup: Backup) -> list[str]:
    about = backup.manifest
    after = account(connection)
    still = {name: one for name, one in about.accounts.tables.items() if name not in about.moved}
    found = compare(Accounts(still), after)
    found += [
        f"Table {name} is missing." for name in sorted(set(about.moved) - after.tables.keys())
    ]  # What was written to meanwhile can only be looked for.
    found += [
        f"Table {name} should not be there."
        for name in sorted(after.tables.keys() - about.accounts.tables.keys())
    ]
    if not found and engines.of(connection).structure(connection) != about.schema:
        found.append("The tables are not made as they were.")
    return found
