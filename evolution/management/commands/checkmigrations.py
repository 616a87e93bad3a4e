"""`manage.py checkmigrations`: what a `migrate` would do to the rows, and what it would stumble over."""

import json
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from evolution.findings import Finding
from evolution.management.formatter import LinesKept
from evolution.rules import check_plan, is_own
from evolution.rules.plan import Plan
from evolution.rules.report import written

EPILOG = """\
exit codes:
  0  nothing was found, or warnings only
  1  there are errors, or the database can't be asked
  2  the command line is wrong

docs/evolution.md explains each code, and how a migration file accepts a finding."""


class Command(BaseCommand):
    help = (
        "Checks the migrations that are not applied yet, against the rows of the database. Changes nothing."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app_label", nargs="*", help="Only the migrations of these applications.")
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="The database to ask."
        )
        parser.add_argument(
            "--all",
            action="store_true",
            dest="every",
            help="The applied migrations of this project too, by their files (not what lies in site-packages).",
        )
        parser.add_argument(
            "--no-database",
            action="store_true",
            help="Look at the files of this project alone. What is applied is not known then, so it means --all.",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Write JSON for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        labels = set(options["app_label"])
        if unknown := sorted(labels - {config.label for config in apps.get_app_configs()}):
            raise CommandError(f"There is no application {', '.join(unknown)}.", returncode=2)
        try:
            findings, count = _check(labels, **options)
        except OperationalError as error:
            raise CommandError(
                f"The database can't be asked: {error}\nTo look at the files alone: --no-database"
            ) from error
        if options["as_json"]:
            found = [finding.as_json() for finding in findings]
            self.stdout.write(json.dumps({"migrations": count, "findings": found}, indent=2, default=str))
        else:
            self.stdout.write(written(findings, count, self.style))
        if any(finding.is_error for finding in findings):
            raise SystemExit(1)


def _check(
    labels: set[str], *, database: str, every: bool, no_database: bool, **_options: Any
) -> tuple[list[Finding], int]:
    """What is found, and in how many migrations it was looked for."""
    if no_database:
        return _of_files(labels, None)
    executor = MigrationExecutor(connections[database])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    chosen = {_name(m) for m, _ in plan if (not labels or m.app_label in labels) and (is_own(m) or not every)}
    findings = _of(chosen, check_plan(connections[database], plan, executor=executor))
    if not every:
        return findings, len(chosen)
    applied = {f"{app}.{name}" for app, name in executor.loader.applied_migrations or {}}
    before, count = _of_files(labels, applied)
    return before + findings, count + len(chosen)


def _of_files(labels: set[str], applied: set[str] | None) -> tuple[list[Finding], int]:
    """The same for the project's files without a database: all of them, or only those in `applied`."""
    executor = MigrationExecutor(None)
    plan: Plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    chosen = {
        _name(migration)
        for migration, _ in plan
        if is_own(migration)
        and (not labels or migration.app_label in labels)
        and (applied is None or _name(migration) in applied)
    }
    return _of(chosen, check_plan(None, plan, executor=executor)), len(chosen)


def _of(chosen: set[str], findings: list[Finding]) -> list[Finding]:
    """Those about the migrations in `chosen`, or about the plan as a whole."""
    return [finding for finding in findings if finding.migration in chosen | {""}]


def _name(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"
