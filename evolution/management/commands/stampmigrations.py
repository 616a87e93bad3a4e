"""`manage.py stampmigrations`: record migrations as applied, or as not applied, without running them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from evolution import stamps
from evolution.lock import LockHeld, migration_lock
from evolution.management.formatter import LinesKept
from evolution.management.target import add_target
from evolution.scratch import ScratchRefused
from evolution.targets import NoSuchTarget, targets

EPILOG = """\
exit codes:
  0  recorded, or recorded before
  1  refused; nothing was written
  2  the command line is wrong"""


class Command(BaseCommand):
    help = (
        "Records that the database is at a migration, without running anything. The schema has to be the one that "
        "the migrations up to there make; otherwise it is refused, with the differences."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        add_target(parser, database="The database to record it in.")
        parser.add_argument(
            "--data-steps-done",
            action="store_true",
            help="The data steps among the migrations were carried out, or undone: a schema does not tell.",
        )
        parser.add_argument(
            "--unchecked",
            metavar="REASON",
            default="",
            help="Record it whatever the schema and the rows are. The reason stands in migrationhistory.",
        )

    def handle(
        self, *args: Any, database: str, unchecked: str, data_steps_done: bool, **options: Any
    ) -> None:
        connection = connections[database]
        try:
            with migration_lock(connection, self.stderr.write):
                wanted = targets(MigrationLoader(connection), options["app_label"], options["migration_name"])
                stamp = stamps.survey(connection, wanted, checked=not unchecked)
                if not unchecked:
                    _refuse_untrue(stamp, data_steps_done=data_steps_done)
                if stamp.plan:
                    stamps.record(connection, stamp.plan, command="stampmigrations", reason=unchecked)
        except (NoSuchTarget, ScratchRefused, LockHeld, stamps.Unfinished) as refused:
            raise CommandError(str(refused)) from None
        for migration, backwards in stamp.plan:
            self.stdout.write(f"Recorded as {'not ' * backwards}applied: {migration}")
        if not stamp.plan:
            self.stdout.write("That is recorded already: nothing to do.")


def _refuse_untrue(stamp: stamps.Stamp, *, data_steps_done: bool) -> None:
    if stamp.differences:
        lines = "\n".join(f"  - {line}" for line in stamp.differences)
        raise CommandError(
            f"The schema is not the one that the migrations up to there make, so nothing was recorded:\n{lines}\n"
            'To record it all the same: --unchecked "the reason"'
        )
    if stamp.data_steps and not data_steps_done:
        raise CommandError(
            f"The schema fits, but does not tell whether the rows were changed by {', '.join(stamp.data_steps)}. "
            "Nothing was recorded. If they were: --data-steps-done"
        )
