"""`manage.py checkschema`: whether the database is what the recorded migrations make."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from evolution import runs
from evolution.adoption import unadopted_tables
from evolution.drift import drift
from evolution.management.formatter import LinesKept
from evolution.scratch import ScratchRefused
from evolution.states import History

EPILOG = """\
exit codes:
  0  the schema is what the recorded migrations make
  1  it differs; the differences are listed
  2  it could not be compared, or the command line is wrong"""

HALF_DONE = "A migrate is running or was cut short. It goes on where it was with: manage.py migrate"
UNADOPTED = (
    "No migration is recorded for these tables. If another program made the database, run: manage.py adopt"
)
BY_HAND = (
    "Somebody changed the schema without a migration. Take that back by hand, on a copy first. Or keep it: write a\n"
    "migration that makes it, and record that one as applied with: manage.py stampmigrations"
)


class Command(BaseCommand):
    help = (
        "Compares the schema of the database with what the recorded migrations make in a scratch database, and lists "
        "what differs. Changes nothing."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="The database to compare.",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Write JSON for programs.")

    def handle(self, *args: Any, database: str, as_json: bool, **options: Any) -> None:
        connection = connections[database]
        try:
            history = History(connection)
            differences = drift(connection, history)
            hint = _hint(connection) if differences else ""
        except (ScratchRefused, OperationalError) as error:
            raise CommandError(f"The schema could not be compared: {error}", returncode=2) from error
        count = len(history.loader.applied_migrations)
        if as_json:
            found = {"migrations": count, "differences": differences, "hint": hint}
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        elif differences:
            lines = "\n".join(f"  - {line}" for line in differences)
            self.stdout.write(f"The schema is not what the recorded migrations make:\n{lines}\n{hint}")
        else:
            made = (
                f"the {count} recorded migrations make" if count != 1 else "the one recorded migration makes"
            )
            self.stdout.write(self.style.SUCCESS(f"The schema is what {made}."))
        if differences:
            raise SystemExit(1)


def _hint(connection: Any) -> str:
    if runs.halfway(connection):
        return HALF_DONE
    return UNADOPTED if unadopted_tables(connection) else BY_HAND
