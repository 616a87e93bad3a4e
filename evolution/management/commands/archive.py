"""`manage.py archive`: what migrations have dropped or narrowed, and what is kept of it."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from evolution.archive import entries as archive
from evolution.archive.report import in_words
from evolution.lock import LockHeld, LockRefused, migration_lock
from evolution.management.formatter import LinesKept
from evolution.models import ArchiveEntry
from evolution.report import counted

EPILOG = """\
  archive                      list what is kept
  archive show 7               the first rows of entry 7
  archive export 7 > 7.jsonl   all of its rows, one JSON object a line
  archive purge 7              give entry 7 up, for good
  archive purge --older-than 90  all that was kept more than 90 days ago

What is kept comes back by itself when migrate takes the migration the other way.
docs/archive.md explains it."""
SHOWN = 20  # rows


class Command(BaseCommand):
    help = "Lists, shows, exports and purges what migrations have dropped or narrowed: it is kept in the database."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", choices=("list", "show", "export", "purge"), default="list")
        parser.add_argument("numbers", nargs="*", type=int, metavar="number", help="Of an entry, as listed.")
        parser.add_argument(
            "--older-than", type=_days, metavar="DAYS", help="To purge: what was kept before that many days."
        )
        parser.add_argument(
            "--no-input", action="store_false", dest="interactive", help="Purge without asking."
        )
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="The database to ask."
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Write the list as JSON for programs."
        )

    def handle(self, *_args: Any, action: str, database: str, **options: Any) -> None:
        self.connection: BaseDatabaseWrapper = connections[database]
        if options["older_than"] is not None and action != "purge":
            raise CommandError("--older-than is for: manage.py archive purge", returncode=2)
        getattr(self, f"_{action}")(**options)

    def _list(self, *, numbers: list[int], as_json: bool, **_options: Any) -> None:
        if numbers:
            raise CommandError(f"To see one entry: manage.py archive show {numbers[0]}", returncode=2)
        found = archive.entries(self.connection)
        if as_json:
            self._json([_as_json(entry) for entry in found])
        elif found:
            self._table([("entry", "kept", "rows", "of", "when", "state"), *map(_cells, found)])
        else:
            self.stdout.write("The archive is empty: no migration has dropped or narrowed anything.")

    def _show(self, *, numbers: list[int], **_options: Any) -> None:
        entry = self._one(numbers, "show")
        self.stdout.write(f"Entry {entry.number}: {in_words(entry, entry.row_count)}, {_state(entry)}")
        self.stdout.write(f"  kept       {_moment(entry)}, {_when(entry)}")
        self.stdout.write(f"  comes back when migrate takes {entry.app}.{entry.migration} the other way")
        rows = []
        for number, row in enumerate(archive.rows_of(self.connection, entry)):
            if number == SHOWN:
                break
            rows.append(row)
        if rows:
            self._table([tuple(rows[0]), *(tuple(map(_shown, row.values())) for row in rows)], indent="  ")
        if (rest := archive.rows_left(self.connection, entry) - len(rows)) > 0:
            self.stdout.write(
                f"  and {counted(rest, 'row')} more. All of them: manage.py archive export {entry.number}"
            )

    def _export(self, *, numbers: list[int], **_options: Any) -> None:
        for row in archive.rows_of(self.connection, self._one(numbers, "export")):
            self.stdout.write(json.dumps(row, cls=_Encoder, ensure_ascii=False))

    def _purge(
        self, *, numbers: list[int], older_than: int | None, interactive: bool, **_options: Any
    ) -> None:
        if bool(numbers) is (older_than is not None):
            raise CommandError(
                "Say what to purge: numbers of entries, or --older-than DAYS. See: manage.py archive",
                returncode=2,
            )
        wanted = [self._find(number) for number in dict.fromkeys(numbers)]
        if older_than is not None:
            wanted = archive.older_than(self.connection, timezone.now() - timedelta(days=older_than))
        if not wanted:
            self.stdout.write(f"Nothing was kept more than {counted(older_than or 0, 'day')} ago.")
            return
        rows = sum(archive.rows_left(self.connection, entry) for entry in wanted)
        of = ", ".join(map(str, wanted))
        if interactive and not self._agreed(f"Give up {counted(rows, 'row')} of {of}, for good?"):
            raise CommandError("Nothing was purged.")
        try:
            with migration_lock(self.connection, self.stderr.write):
                archive.purge(self.connection, wanted)
        except (LockHeld, LockRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"Purged {counted(rows, 'row')} of {of}."))

    def _agreed(self, question: str) -> bool:
        try:
            return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            raise CommandError(
                "Nobody is there to be asked: --no-input purges without asking.", returncode=2
            ) from None

    def _one(self, numbers: list[int], action: str) -> ArchiveEntry:
        if len(numbers) != 1:
            raise CommandError(
                f"Say which entry: manage.py archive {action} NUMBER. The list: manage.py archive",
                returncode=2,
            )
        return self._find(numbers[0])

    def _find(self, number: int) -> ArchiveEntry:
        for entry in archive.entries(self.connection):
            if entry.number == number:
                return entry
        raise CommandError(f"There is no entry {number}. The list: manage.py archive")

    def _json(self, found: Any) -> None:
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False, cls=_Encoder))

    def _table(self, rows: list[tuple[str, ...]], indent: str = "") -> None:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(f"{indent}{line}".rstrip())


class _Encoder(DjangoJSONEncoder):
    """Also for what is no text: bytes as hexadecimal digits."""

    def default(self, o: Any) -> Any:
        return bytes(o).hex() if isinstance(o, bytes | bytearray | memoryview) else super().default(o)


def _days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= 36500:
        raise ValueError
    return days


def _cells(entry: ArchiveEntry) -> tuple[str, ...]:
    return (
        str(entry.number),
        _moment(entry),
        str(entry.row_count - entry.restored_count),
        str(entry),
        _when(entry),
        _state(entry),
    )


def _moment(entry: ArchiveEntry) -> str:
    return f"{timezone.localtime(entry.kept_at):%Y-%m-%d %H:%M}"


def _when(entry: ArchiveEntry) -> str:
    return f"{'going back over ' if entry.backwards else ''}{entry.app}.{entry.migration}"


def _state(entry: ArchiveEntry) -> str:
    if not entry.restored_at:
        return "kept"
    return f"{entry.restored_count} brought back, {entry.conflicts} not"


def _shown(value: Any) -> str:
    text = "NULL" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _as_json(entry: ArchiveEntry) -> dict[str, Any]:
    names = ("number", "kind", "app", "migration", "backwards", "run_id", "table_name", "column_name")
    more = ("key_columns", "row_count", "kept_at", "restored_at", "restored_count", "conflicts")
    return {name: getattr(entry, name) for name in (*names, *more)}
