"""Making a backup: saved, packed, described, and only then given its name."""

from datetime import UTC, datetime

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from evolution.accounting import NO_DATA
from evolution.backups import archive, engines, manifest
from evolution.backups.manifest import Backup, Manifest
from evolution.conf import configuration
from evolution.introspection import table_names


def needs(connection: BaseDatabaseWrapper) -> int:
    """The bytes that a backup may need in the backup folder."""
    return int(engines.of(connection).space_for_backup(connection))


def made_of(connection: BaseDatabaseWrapper) -> list[Backup]:
    """The backups of this database in the backup folder, the oldest first. Raises BackupFailed."""
    database = str(connection.settings_dict["NAME"])
    engine = engines.of(connection)
    ours = (configuration().project, engines.title(connection), engine.place(connection), database)
    return [backup for backup in archive.backups() if archive.database_of(backup) == ours]


def is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is no table in the database; the lock does not count."""
    return not table_names(connection) - NO_DATA


def make(connection: BaseDatabaseWrapper) -> Backup:
    """Back the database up. It is not proved: see `prove`.

    Raises BackupFailed; then there is no backup, and nothing that could be taken for one.
    """
    archive.sweep()
    archive.require_space(needs(connection))
    when = datetime.now(UTC)
    database = str(connection.settings_dict["NAME"])
    migrations = _migrations(connection)
    name = archive.name_of(database, when, manifest.state_of(migrations))
    engine = engines.of(connection)
    with archive.workplace(name) as part:
        accounts, moved, schema, packed = engine.save(connection, part)
        about = Manifest(
            project=configuration().project,
            engine=engines.title(connection),
            version=engine.version(connection),
            database=database,
            place=engine.place(connection),
            made=when.isoformat(timespec="seconds"),
            migrations=migrations,
            accounts=accounts,
            schema=schema,
            data=engine.DATA,
            size=packed.size,
            content=packed.content,
            sha256=packed.sha256,
            moved=moved,
        )
        manifest.write(part, about)
        return manifest.read(archive.publish(part, name))


def _migrations(connection: BaseDatabaseWrapper) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
