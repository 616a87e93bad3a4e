"""`manage.py sqlplan`: the SQL that `migrate` would run on this database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from evolution.management.target import add_target
from evolution.scratch import ScratchRefused
from evolution.sqlplan import PlanFails, statements_of
from evolution.targets import NoSuchTarget, targets


class Command(BaseCommand):
    help = (
        "Prints the SQL of everything that migrate would run on this database, found by running it on a copy of the "
        "tables without their rows. Code (RunPython) is not run, and stands there as a comment. Changes nothing."
    )
    output_transaction = False

    def add_arguments(self, parser: CommandParser) -> None:
        add_target(parser, database="The database to migrate.")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        connection = connections[database]
        try:
            wanted = targets(MigrationLoader(connection), options["app_label"], options["migration_name"])
            lines = statements_of(connection, wanted)
        except (NoSuchTarget, ScratchRefused) as refused:
            raise CommandError(str(refused)) from None
        except PlanFails as failed:
            raise CommandError(f"The plan does not work on a copy of this database:\n{failed}") from None
        for line in lines or ["-- There is nothing to apply."]:
            self.stdout.write(line)
