"""`manage.py adopt`: take over a database that was made without Django's migrations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from evolution import adoption
from evolution.scratch import ScratchRefused
from evolution.stamps import Unfinished
from evolution.states import History


class Command(BaseCommand):
    help = (
        "Takes over a database in place that was made without Django's migrations: recognises the state of the "
        "migration history that its schema is in, and records the migrations up to there as applied. "
        "A database that matches no state is refused, with the differences, and nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="The database to adopt."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say which state the schema is in.")

    def handle(self, *args: Any, database: str, dry_run: bool, **options: Any) -> None:
        connection = connections[database]
        history = History(connection)
        finding = adoption.survey(connection, history)
        if not adoption.unadopted_tables(connection):
            self.stdout.write(
                "This database is under Django's migrations already: nothing to adopt."
                if finding.rows
                else "There is no table of this project in the database: nothing to adopt. Run: manage.py migrate"
            )
            return
        self._say_what_stands(finding)
        try:
            match = adoption.recognise(connection, history)
        except adoption.NotAdoptable as refused:
            raise CommandError(_refusal(refused)) from None
        except ScratchRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(self.style.SUCCESS(f"The schema is that of {match.state}."))
        if dry_run:
            self.stdout.write("Nothing was written. Next: manage.py adopt")
            return
        try:
            recorded = adoption.adopt(connection, match)
        except Unfinished as unfinished:
            raise CommandError(str(unfinished)) from None
        for app, name in recorded:
            self.stdout.write(f"Recorded as applied: {app}.{name}")
        for index in match.missing_indexes:
            self.stdout.write(f"Made the missing index on {index.table} ({', '.join(index.columns)}).")
        self.stdout.write("Next: manage.py migrate")

    def _say_what_stands(self, finding: adoption.Finding) -> None:
        for table, rows in finding.rows.items():
            self.stdout.write(f"Found table {table} with {rows} row{'' if rows == 1 else 's'}.")
        if finding.others:
            self.stdout.write(f"Left alone, since they are not this project's: {', '.join(finding.others)}.")


def _refusal(refused: adoption.NotAdoptable) -> str:
    lines = "\n".join(f"  - {line}" for line in refused.match.differences)
    return (
        f"This database is in no state of the migration history, so nothing was written.\n"
        f"It is nearest to {refused.match.state}, but:\n{lines}\n"
        "Bring the schema to that state by hand, on a copy first, and run adopt again."
    )
