"""`manage.py migrationhistory`: what was done to the database, when, by whom, and how it ended."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from evolution import history
from evolution.models import Run, Statement


class Command(BaseCommand):
    help = (
        "Lists the runs of migrate, adopt and stampmigrations on this database, the latest first; with a number, all "
        "of one run: its migrations, statements with their durations, backup and certificate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", nargs="?", type=int, help="The number of one run.")
        parser.add_argument(
            "--limit", type=int, default=20, help="How many runs to list; 0: all. Default: 20."
        )
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="The database to ask."
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Write JSON for programs.")

    def handle(
        self, *args: Any, run: int | None, limit: int, database: str, as_json: bool, **options: Any
    ) -> None:
        connection = connections[database]
        runs = history.runs(connection)
        if run is not None:
            found = runs.filter(pk=run).first()
            if found is None:
                raise CommandError(f"There is no run {run}. See: manage.py migrationhistory")
            self._one(connection, found, as_json=as_json)
            return
        listed = list(runs[:limit] if limit > 0 else runs)
        if as_json:
            self._json([history.as_json(one) for one in listed])
        elif listed:
            self._list(listed)
        else:
            self.stdout.write("No run is written down in this database yet.")

    def _json(self, found: Any) -> None:
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False, default=str))

    def _list(self, runs: list[Run]) -> None:
        rows = [("run", "began", "took", "ended", "who", "command", "what"), *map(_cells, runs)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())

    def _one(self, connection: BaseDatabaseWrapper, run: Run, *, as_json: bool) -> None:
        lines = history.statements(connection, run)
        if as_json:
            journal = [history.statement_as_json(line) for line in lines]
            self._json(history.as_json(run) | {"statements": journal})
            return
        self.stdout.write(f"Run {run.pk}: {run.command}, {run.outcome}")
        for name, text in _facts(run):
            if text:
                self.stdout.write(f"  {name:<10} {text}")
        self._titled("Migrations", history.steps(run))
        self._titled("Statements", [_statement(line) for line in lines])
        self._titled("Certificate", _certificate(run))

    def _titled(self, title: str, lines: list[str]) -> None:
        if lines:
            self.stdout.write("\n".join([f"{title}:", *(f"  {line}" for line in lines)]))


def _cells(run: Run) -> tuple[str, ...]:
    return (
        str(run.pk),
        _moment(run.started_at),
        history.in_words(history.duration(run.started_at, run.finished_at)),
        run.outcome,
        f"{run.user}@{run.host}",
        run.command,
        history.what(run),
    )


def _facts(run: Run) -> list[tuple[str, str]]:
    return [
        ("began", _moment(run.started_at)),
        ("took", history.in_words(history.duration(run.started_at, run.finished_at))),
        ("who", f"{run.user}@{run.host}"),
        ("code", run.revision),
        ("resumed", f"{run.resumed} times" if run.resumed else ""),
        ("backup", run.backup),
        ("reason", run.reason),
        ("error", run.error),
    ]


def _moment(moment: Any) -> str:
    """In the time zone of the settings."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _statement(line: Statement) -> str:
    if line.kind == Statement.Kind.OPERATION:
        return f"{line.app}.{line.migration}: {line.sql}"
    took = history.in_words(history.duration(line.began_at, line.ended_at)) or line.state
    return f"  {took:>10}  {line.sql}"


def _certificate(run: Run) -> list[str]:
    lines = history.lines_of(run.certificate)
    if not lines:
        return []
    width = max(5, *(len(line.table) for line in lines))
    rows = [f"{'table':<{width}}  {'before':>12}  {'after':>12}  values"]
    for line in lines:
        cells = ["–" if number is None else str(number) for number in (line.before, line.after)]
        values = {True: "the same", False: "not the same", None: "not compared"}[line.is_same]
        former = f", was {line.former_name}" if line.former_name else ""
        rows.append(f"{line.table:<{width}}  {cells[0]:>12}  {cells[1]:>12}  {values}{former}")
    return rows + history.sentences_of(run.certificate)
