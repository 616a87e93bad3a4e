"""`manage.py backup`: save the database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from evolution import backups
from evolution.backups.archive import in_words
from evolution.scratch import ScratchRefused


class Command(BaseCommand):
    help = "Saves the database into the backup folder, with the number of rows and a checksum of each table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="The database to save."
        )
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Restore the backup into a scratch database and compare, so that it is proved.",
        )

    def handle(self, *args: Any, database: str, verify: bool, **options: Any) -> None:
        connection = connections[database]
        try:
            backup = backups.make(connection)
            about = backup.manifest
            self.stdout.write(
                f"Saved {about.rows} rows of {len(about.accounts.tables)} tables: "
                f"{backup.folder} ({in_words(about.size)})."
            )
            if about.moved:
                self.stdout.write(f"Written to meanwhile, so not comparable: {', '.join(about.moved)}.")
            if verify:
                backup = backups.prove(connection, backup)
                self.stdout.write(self.style.SUCCESS("Restored and compared: it is proved."))
            else:
                self.stdout.write("It is not proved. manage.py backup --verify restores and compares it.")
            for name in backups.retain(backup):
                self.stdout.write(f"Removed the old backup {name}.")
        except (backups.BackupError, ScratchRefused) as error:
            raise CommandError(str(error)) from None
