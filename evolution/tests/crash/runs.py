"""`manage.py migrate` on the library, with what it takes to be quick."""

import os
from typing import Any

from evolution.tests.crash.moments import Moments


def keeps_backups() -> bool:
    """Whether the runs make backups, as CRASH_BACKUPS in the environment says."""
    return bool(os.environ.get("CRASH_BACKUPS"))


def quick_options() -> list[str]:
    """What leaves out the rehearsal, and the backup where nobody wants it: both take long and have their own tests."""
    return ["--no-rehearsal"] if keeps_backups() else ["--no-rehearsal", "--no-backup"]


def migrate(target: str, last: int = 0, *, after: str = "", moments: Moments | None = None) -> int:
    """`manage.py migrate library TARGET`, killed at moment `last` or after a statement; how many moments there were."""
    return _call(moments or Moments(last, after), "library", target, *quick_options())


def begin_at(name: str) -> None:
    """Migrate to where another run is to begin, and keep nothing in the archive, of which Django knows nothing."""
    from django.db import connection

    from evolution.archive.entries import entries, purge

    migrate(name)
    purge(connection, entries(connection))


def abort(moments: Moments | None = None) -> int:
    """`manage.py migrate --abort`; how many moments there were."""
    return _call(moments or Moments(), "--abort")


def _call(moments: Moments, *arguments: Any) -> int:
    from django.core.management import call_command
    from django.db import connection

    with moments.of(connection):
        call_command("migrate", *arguments, verbosity=0)
    return moments.count


def migrate_by_django(target: str) -> None:
    """Django's own, which nothing disturbs and no journal knows of; of the editor it wants what `migrate` wants."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    connection.SchemaEditorClass.is_online = True  # type: ignore[attr-defined]
    MigrationExecutor(connection).migrate([("library", target)])
    connection.close()
