"""`manage.py migrate`: Django's own, on a database that it knows, statement by statement under a journal."""

from typing import Any
from unittest.mock import patch

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.adoption import tables_beyond_initial, unadopted_tables
from evolution.backends.sqlite3.dependants import CannotLiveOn
from evolution.executor import JournaledExecutor
from evolution.journal import Diverged
from evolution.lock import LockHeld, migration_lock
from evolution.progress import quiet
from evolution.tables import ensure_tables


class Command(migrate.Command):
    help = (
        f"{migrate.Command.help} Stops before the first statement at a database that has to be adopted, and goes on "
        "with a run that was cut short."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        try:
            with migration_lock(connection, self.stderr.write), quiet(options["verbosity"] == 0):
                if not options["fake"]:
                    _refuse_unadopted(connection, fake_initial=options["fake_initial"])
                if not (options["plan"] or options["check_unapplied"]):
                    ensure_tables(connection)
                # Django's command names its executor by this name and offers no other way to give it one.
                with patch.object(migrate, "MigrationExecutor", JournaledExecutor):
                    super().handle(*args, **options)
        except (LockHeld, Diverged, CannotLiveOn) as stopped:
            raise CommandError(str(stopped)) from None


def _refuse_unadopted(connection: BaseDatabaseWrapper, *, fake_initial: bool) -> None:
    if tables := tables_beyond_initial(connection) if fake_initial else unadopted_tables(connection):
        raise CommandError(
            f"The database holds {', '.join(sorted(tables))}, but no migration of theirs is recorded as applied.\n"
            "Nothing was changed. If another program made the database, run: manage.py adopt"
        )
