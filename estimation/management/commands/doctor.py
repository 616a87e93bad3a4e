"""manage.py doctor: what is set wrong, or was left undone, in plain words."""

import json
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from estimation import doctor
from estimation.doctor import Finding, Level
from evolution.management.formatter import LinesKept
from evolution.report import counted

EPILOG = """\
exit codes:
  0  there is no problem; there may be warnings
  1  there is a problem"""


class Command(BaseCommand):
    help = (
        "Looks at the settings, the database and its schema, the backups, Redis, mails, static files, accounts and "
        "clocks, and says in a line each whether all is well, and what to do where it is not. Changes nothing, sends "
        "nothing, and tells no secret."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 (as Django types it); they are among what is told

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="Write JSON for programs.")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        findings = doctor.examine()
        count = Counter(finding.level for finding in findings)
        if as_json:
            self._write_json(findings, count)
        else:
            self._write_lines(findings, count)
        if count[Level.PROBLEM]:
            raise SystemExit(1)

    def _write_json(self, findings: list[Finding], count: Counter[Level]) -> None:
        told = {
            "problems": count[Level.PROBLEM],
            "warnings": count[Level.WARNING],
            "findings": [finding.as_dict() for finding in findings],
        }
        self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))

    def _write_lines(self, findings: list[Finding], count: Counter[Level]) -> None:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            text = f"{finding.message} {finding.remedy}".rstrip()
            self.stdout.write(f"  {self._level(finding.level)}  {finding.subject:<{width}}  {text}")
        problems, warnings = count[Level.PROBLEM], count[Level.WARNING]
        if problems or warnings:
            self.stdout.write(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}.")
        else:
            self.stdout.write(self.style.SUCCESS("All is well."))

    def _level(self, level: Level) -> str:
        styles = {
            Level.OK: self.style.SUCCESS,
            Level.WARNING: self.style.WARNING,
            Level.PROBLEM: self.style.ERROR,
        }
        return styles[level](f"{level:<7}")
