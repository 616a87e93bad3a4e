"""manage.py exportissues: the issues of a group as CSV or JSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from groups.models import Group
from issues import exports


class Command(BaseCommand):
    help = (
        "Write the issues of a group as CSV or JSON, in their order: the same file that the group's page offers. "
        "Exit code 0: written. 1: there is no such group, or the file can't be written. 2: wrong arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "group", type=int, metavar="GROUP", help="The number of the group, as in its address."
        )
        parser.add_argument(
            "--format", choices=exports.CONTENT_TYPES, default="csv", help="csv unless given."
        )
        parser.add_argument(
            "--show",
            choices=exports.SHOWN,
            default="all",
            help="Which issues; all but the archived unless given.",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="Where to; standard output unless given."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        group = Group.objects.filter(pk=options["group"]).first()
        if group is None:
            raise CommandError(f"There is no group {options['group']}.")
        text = exports.text(group, options["format"], options["show"])
        output: Path | None = options["output"]
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            output.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(f"{output} can't be written: {error.strerror}.") from error
        if options["verbosity"]:
            self.stdout.write(
                f"{output}: {exports.chosen(group, options['show']).count()} issues of {group}."
            )
