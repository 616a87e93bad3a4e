"""manage.py retention: archives and deletes what nobody has used for longer than a policy says."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from groups.models import Group, GroupQuerySet
from issues import retention
from issues.retention import Contents

LISTED = 20  # of each kind; all with --verbosity 2


class Command(BaseCommand):
    help = (
        "Archive groups that nobody uses, delete those that were archived long ago, with all that is in them, and "
        "delete guests who belong nowhere. Only what an option names, and nothing without --apply: it is only said "
        "what would be done. Exit code 0: done, or there is nothing to do. 1: something could not be done, and what "
        "is left stays as it was. 2: wrong arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--archive-after",
            type=_days,
            metavar="DAYS",
            help="Archive groups in which nobody was for so many days. Their owners can bring them back.",
        )
        parser.add_argument(
            "--delete-after",
            type=_days,
            metavar="DAYS",
            help="Delete groups that were archived so many days ago, with their issues, rounds and votes.",
        )
        parser.add_argument(
            "--delete-guests-after",
            type=_days,
            metavar="DAYS",
            help="Delete guests without a group who have not come for so many days.",
        )
        parser.add_argument("--apply", action="store_true", help="Do it.")
        parser.add_argument(
            "--export-to",
            type=Path,
            metavar="FOLDER",
            help="Where each group is written as JSON before it is deleted.",
        )
        parser.add_argument(
            "--no-export", action="store_true", help="Delete groups without writing them anywhere."
        )
        parser.add_argument("--no-input", action="store_true", help="Do not ask.")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        policy = {
            name: now - timedelta(days=options[name])
            for name in ("archive_after", "delete_after", "delete_guests_after")
            if options[name] is not None
        }
        self.listed = LISTED if options["verbosity"] < 2 else sys.maxsize
        _check(policy, options)
        if not self.tell(policy):
            self.stdout.write("There is nothing to do.")
        elif not options["apply"]:
            self.stdout.write("Nothing was changed. With --apply it is done.")
        else:
            self.ask(options)
            self.apply(policy, options["export_to"])

    def tell(self, policy: dict[str, datetime]) -> int:
        """Say what would be done; returns how many things."""
        number = 0
        if since := policy.get("archive_after"):
            number += self.tell_groups("to archive", retention.unused(since))
        if before := policy.get("delete_after"):
            number += self.tell_groups("to delete", retention.archived(before))
        if before := policy.get("delete_guests_after"):
            guests = retention.stray_guests(before).count()
            self.stdout.write(f"Guests to delete: {guests}")
            number += guests
        return number

    def tell_groups(self, what: str, groups: GroupQuerySet) -> int:
        number: int = groups.count()
        self.stdout.write(f"Groups {what}: {number}")
        for one in retention.contents(groups[: self.listed]):
            self.stdout.write(f"  {_line(one)}")
        if number > self.listed:
            self.stdout.write(f"  and {number - self.listed} more; --verbosity 2 lists all")
        return number

    def ask(self, options: dict[str, Any]) -> None:
        if options["no_input"]:
            return
        if sys.stdin is None or not sys.stdin.isatty():
            raise CommandError("There is nobody to ask. Nothing was changed: use --no-input.")
        if input("Do it? Type yes: ").strip() != "yes":
            raise CommandError("Nothing was changed.")

    def apply(self, policy: dict[str, datetime], folder: Path | None) -> None:
        if since := policy.get("archive_after"):
            archived = self.each(retention.unused(since), partial(retention.archive, since=since))
            self.stdout.write(f"Groups archived: {archived}")
        if before := policy.get("delete_after"):
            deleted = self.each(
                retention.archived(before), partial(self.delete, before=before, folder=folder)
            )
            self.stdout.write(f"Groups deleted: {deleted}")
        if before := policy.get("delete_guests_after"):
            self.stdout.write(f"Guests deleted: {retention.delete_guests(before)}")

    def each(self, groups: GroupQuerySet, work: Callable[[Group], bool]) -> int:
        """Do it to each group; returns for how many it was done."""
        numbers = list(groups.values_list("pk", flat=True))
        return sum(work(group) for number in numbers for group in Group.objects.filter(pk=number))

    def delete(self, group: Group, before: datetime, folder: Path | None) -> bool:
        try:
            written = retention.export(group, folder) if folder else None
        except OSError as error:
            raise CommandError(
                f"{group} could not be written to {folder} ({error.strerror}), and was not deleted."
            ) from error
        deleted = retention.delete(group, before)
        if deleted:
            self.stdout.write(f"  {group.pk} {group}" + (f" is in {written}" if written else ""))
        return deleted


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > 5:
        raise ArgumentTypeError(f"{text} is no number of days.")
    if int(text) < retention.MIN_DAYS:
        raise ArgumentTypeError(f"{text} days are too few; at least {retention.MIN_DAYS}.")
    return int(text)


def _check(policy: dict[str, datetime], options: dict[str, Any]) -> None:
    if not policy:
        raise CommandError(
            "Say what may go: --archive-after, --delete-after or --delete-guests-after, each with a number of days.",
            returncode=2,
        )
    folder: Path | None = options["export_to"]
    if options["apply"] and "delete_after" in policy and folder is None and not options["no_export"]:
        raise CommandError(
            "Say with --export-to FOLDER where the groups are written before they are deleted, or --no-export.",
            returncode=2,
        )
    if folder is not None and not folder.is_dir():
        raise CommandError(f"There is no folder {folder}. Nothing was changed.", returncode=2)


def _line(one: Contents) -> str:
    used = f"last used {one.last_used:%Y-%m-%d}" if one.last_used else "never used"
    of = f"{one.issues} issues, {one.rounds} rounds, {one.votes} votes"
    return f"{one.group.pk} {one.group}, of {one.group.user.nickname}: {of}, {used}"
