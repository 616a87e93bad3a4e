"""`manage.py listbackups`: what backups there are."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evolution import backups
from evolution.backups.archive import in_words
from evolution.backups.manifest import Backup
from evolution.conf import configuration


class Command(BaseCommand):
    help = (
        "Lists the backups in the backup folder, the oldest first: name, time, size, state, whether proved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Everything that is known of each, as JSON.")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        try:
            found, damaged = backups.backups(), backups.damaged()
        except backups.BackupError as error:
            raise CommandError(str(error)) from None
        if json:
            self.stdout.write(_as_json(found))
        elif not found:
            self.stdout.write(f"There is no backup in {configuration().backup_folder}.")
        else:
            self._table(found)
        for line in damaged:
            self.stderr.write(line)

    def _table(self, found: list[Backup]) -> None:
        width = max(len(backup.name) for backup in found)
        self.stdout.write(f"{'name':<{width}}  {'time (UTC)':<19}  {'size':>9}  {'state':<8}  proved")
        for backup in found:
            about = backup.manifest
            proved = about.proved[:10] if about.proved else "no"
            self.stdout.write(
                f"{backup.name:<{width}}  {about.made[:19]}  {in_words(about.size):>9}  {about.state:<8}  {proved}"
            )


def _as_json(found: list[Backup]) -> str:
    everything = [{"name": one.name, "folder": str(one.folder)} | one.manifest.as_dict() for one in found]
    return json.dumps(everything, indent=2, ensure_ascii=False)
