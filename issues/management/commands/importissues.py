"""manage.py importissues: issues into a group from a CSV file."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from groups.models import Group
from issues import backlog, columns, csv_files, imports
from issues.columns import Columns
from users.models import User

SHOWN = 10  # of the rows that would become issues


class Command(BaseCommand):
    help = (
        "Import issues into a group from a CSV file, as its page does: all of its rows or none, new issues at the end. "
        "Columns are guessed by the names that Jira, GitHub, GitLab and exportissues give; --map says otherwise. "
        "Rows whose key an active issue of the group has already are left out, or update it with --update. "
        "Exit code 0: imported, or with --dry-run: would be. 1: nothing was imported. 2: wrong arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "group", type=int, metavar="GROUP", help="The number of the group, as in its address."
        )
        parser.add_argument("file", type=Path, metavar="FILE", help="The CSV file.")
        parser.add_argument(
            "--map",
            action="append",
            type=_pair,
            default=[],
            metavar="COLUMN=FIELD",
            help=f"What a column is: {', '.join(columns.FIELDS)}, or nothing (COLUMN=) to leave it out. "
            "May be given more than once.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be imported.")
        parser.add_argument(
            "--skip-errors",
            action="store_true",
            help="Leave out rows with something wrong, and import the others.",
        )
        parser.add_argument(
            "--update", action="store_true", help="Update issues that the group has already, by their keys."
        )
        parser.add_argument(
            "--by", metavar="E-MAIL", help="Whose estimates those in the file are; nobody's unless given."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        group = Group.objects.filter(pk=options["group"]).first()
        if group is None:
            raise CommandError(f"There is no group {options['group']}.")
        by = _user(options["by"])
        table = _table(options["file"])
        chosen = _chosen(table, options["map"])
        plan = imports.plan(group, table, chosen)
        for problem in plan.problems:
            self.stderr.write(str(problem))
        if plan.problems and not options["skip_errors"]:
            raise CommandError(
                f"Nothing was imported: {plan.reading.bad_rows} rows have something wrong. "
                "Mend the file, or leave them out with --skip-errors."
            )
        if options["dry_run"]:
            self._preview(plan, chosen)
            return
        try:
            outcome = imports.carry_out(
                group,
                table,
                chosen,
                by,
                skip_wrong=options["skip_errors"],
                update_known=options["update"],
            )
        except imports.RowsWrong as wrong:
            raise CommandError(f"Nothing was imported. {wrong.problems[0]}") from None
        except backlog.GroupArchived:
            raise CommandError(
                f"Nothing was imported: the group {group} is archived. Restore it first."
            ) from None
        self.stdout.write(
            f"{outcome.added} added, {outcome.updated} updated, {outcome.left} left as they are, "
            f"{outcome.wrong} rows skipped."
        )

    def _preview(self, plan: imports.Plan, chosen: Columns) -> None:
        for name, column in chosen.items():
            self.stdout.write(f"{name:<12} {column}")
        for draft in plan.new[:SHOWN]:
            estimate = f"  [{draft.estimate.label}]" if draft.estimate else ""
            self.stdout.write(f"row {draft.row:<8} {draft.entry.key} {draft.entry.title}{estimate}")
        self.stdout.write(
            f"Nothing was imported: {len(plan.new)} would be added, {len(plan.known)} are there already, "
            f"{plan.reading.bad_rows} rows would be skipped."
        )


def _pair(text: str) -> tuple[str, str]:
    column, equals, name = text.rpartition("=")
    if not equals or (name and name not in columns.FIELDS):
        raise ArgumentTypeError(f"“{text}” is not COLUMN=FIELD with one of {', '.join(columns.FIELDS)}")
    return column, name


def _user(email: str | None) -> User | None:
    if email is None:
        return None
    user = User.objects.filter(email=email).first()
    if user is None:
        raise CommandError(f"There is no user with the e-mail {email}.")
    return user


def _table(file: Path) -> csv_files.Table:
    try:
        with file.open("rb") as content:
            return csv_files.read(csv_files.decoded(content.read(csv_files.MAX_BYTES + 1)))
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from error
    except csv_files.BadFile as bad:
        raise CommandError(f"{file}: {imports.reason(bad)}") from None


def _chosen(table: csv_files.Table, pairs: list[tuple[str, str]]) -> Columns:
    """The guesses, and what was said instead of them."""
    chosen = columns.guessed(table.columns)
    for column, name in pairs:
        if column not in table.columns:
            raise CommandError(f"There is no column “{column}”. There are: {', '.join(table.columns)}.")
        chosen = {key: value for key, value in chosen.items() if column != value and key != name}
        if name:
            chosen[name] = column
    if problem := imports.missing_choice(chosen):
        raise CommandError(f"{problem} Say which with --map COLUMN=FIELD.")
    return chosen
