"""A new database: nothing in it can be lost, so that a first `migrate` that was cut short begins again.

Without rows there is nothing to back up, rehearse or count, and no journal to keep: what a run made of an empty
database is taken out again before the next one.
"""

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from evolution import backups
from evolution.accounting import NO_DATA
from evolution.introspection import table_names
from evolution.models import Run
from evolution.report import Report
from evolution.states import History
from evolution.tables import own_tables

# What `migrate` itself puts into a new database is nobody's data.
NOBODYS = frozenset({"django_migrations", "django_content_type", "auth_permission", "django_site"})


def is_new(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is no table in the database but those in which `migrate` keeps account, not even an archive."""
    names = table_names(connection)
    return not names - own_tables(names) - NO_DATA - {"django_migrations"}


def has_rows(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is a row that `migrate` did not write itself."""
    names = table_names(connection)
    return any(has_any(connection, table) for table in sorted(names - own_tables(names) - NO_DATA - NOBODYS))


def has_any(connection: BaseDatabaseWrapper, table: str) -> bool:
    """Whether a table has a row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
        return cursor.fetchone() is not None


def is_first(run: Run) -> bool:
    """Whether the run began with a new database, and without a journal."""
    return bool(run.certificate.get("new"))


def clear(connection: BaseDatabaseWrapper, report: Report) -> None:
    """Take out what a first run has made before it was cut short; rows, where data steps made some, are saved first.

    Killed at any point, it can be called again. Raises BackupFailed where rows can't be saved.
    """
    if has_rows(connection):
        backup = backups.make(connection)
        report.note(f"The first run had made rows, which are saved: {backup.name}")
    ours = table_names(connection) & History(connection).all_tables()
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in sorted(ours):
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")
    with transaction.atomic(using=connection.alias):
        MigrationRecorder(connection).flush()
