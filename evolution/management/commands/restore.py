"""`manage.py restore`: put a backup in the place of the database."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution import backups
from evolution.backups.manifest import Backup
from evolution.scratch import ScratchRefused


class Command(BaseCommand):
    help = (
        "Puts a backup in the place of what is in the database. What is there is saved and proved first. "
        "A backup that is damaged, or of another project or engine, is refused before anything is touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", help="The name of a backup, as listbackups shows it, or its folder.")
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="The database to restore.",
        )
        parser.add_argument("--no-input", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, backup: str, database: str, no_input: bool, **options: Any) -> None:
        connection = connections[database]
        try:
            found = backups.find(backup)
            backups.check(connection, found)
            if not backups.is_empty(connection) and not no_input:
                self._confirm(connection, found)
            backups.restore(connection, found, self.stdout.write)
        except (backups.BackupError, ScratchRefused) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            self.style.SUCCESS(f"Restored {found.manifest.rows} rows, compared table by table: {found.name}.")
        )

    def _confirm(self, connection: BaseDatabaseWrapper, backup: Backup) -> None:
        name = connection.settings_dict["NAME"]
        if not sys.stdin.isatty():
            raise CommandError(
                f"{name} is not empty, and there is nobody to ask. Nothing was touched: use --no-input."
            )
        self.stdout.write(
            f"What is in {name} will be saved, and replaced by {backup.name} of {backup.manifest.made}."
        )
        if input("Type yes to go on: ") != "yes":
            raise CommandError("Nothing was touched.")
