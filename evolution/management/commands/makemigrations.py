"""`manage.py makemigrations`: Django's own, which writes safe steps and never guesses."""

import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser, DjangoHelpFormatter
from django.core.management.color import no_style
from django.core.management.commands import makemigrations
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from evolution.findings import Finding
from evolution.management.stand_in import stand_in
from evolution.rewriting import told as answered
from evolution.rewriting.answers import ask_reason
from evolution.rewriting.checks import Changes, accept, check, is_open, label
from evolution.rewriting.data_step import DataStep
from evolution.rewriting.detection import SafeAutodetector
from evolution.rewriting.parents import next_command
from evolution.rewriting.stopped import Stopped
from evolution.rewriting.told import Told
from evolution.rewriting.writer import Writer
from evolution.rules.acceptance import accepted_by
from evolution.rules.report import written

if TYPE_CHECKING:
    Parent = makemigrations.Command
else:
    Parent = next_command("makemigrations", "evolution", makemigrations.Command)

EPILOG = """\
A field that may not be empty, or whose default is called for each row, is written in three migrations: the column may
be empty, a data step fills it, the column is required. Without a terminal, or with --no-input, nothing is asked: what
has a safe answer gets it, and what has none stops with the reason. --check says what Django says and writes nothing.

exit codes:
  0  written, or there was nothing to write
  1  --check found changes, or the migrations can't be made
  2  the command line is wrong
  3  a question is open and nothing was written: the message says how to answer it

docs/evolution.md explains each code."""


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's, which keeps the lines of the epilog as they are."""


class Command(Parent):
    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=_Formatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--rename",
            action="append",
            default=[],
            type=answered.rename,
            metavar="OLD=NEW",
            help="app.model.old=new: the field was renamed. app.Old=New: the model was. May be given several times.",
        )
        parser.add_argument(
            "--drop",
            action="append",
            default=[],
            type=answered.name,
            metavar="NAME",
            help="app.model.field or app.Model: it was not renamed, and its values are to be dropped.",
        )
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            type=answered.reason,
            metavar="CODE=REASON",
            help="Write what has this finding, such as W401, and put the reason why it does no harm into the file.",
        )

    def handle(self, *app_labels: str, **options: Any) -> None:
        self.told = Told(
            dict(options.pop("rename", ())), set(options.pop("drop", ())), dict(options.pop("accept", ()))
        )
        self.at_terminal = options["interactive"] and sys.stdin is not None and sys.stdin.isatty()
        self.reads_only = options["check_changes"]
        # Django makes its instance of whatever stands here.
        command: Any = self
        if not self.reads_only:
            answers = {"told": self.told, "at_terminal": self.at_terminal, "in_steps": not options["update"]}
            command.autodetector = type("Autodetector", (SafeAutodetector, type(self).autodetector), answers)
        elif options["interactive"] and not self.at_terminal:
            command.autodetector = type("Autodetector", (_Unasked, type(self).autodetector), {})
        super().handle(*app_labels, **options)

    def write_migration_files(
        self, changes: Changes, update_previous_migration_paths: dict[str, str] | None = None
    ) -> None:
        """Django's, once the rules have nothing against it that nobody answered."""
        if self.reads_only:
            super().write_migration_files(changes, update_previous_migration_paths)
            return
        replaced = {(app, Path(path).stem) for app, path in (update_previous_migration_paths or {}).items()}
        found = check(changes, replaced)
        left = [finding for finding in found if not self._accepted(changes, finding)]
        if not self.dry_run:
            self._stop_at_open(left)
            self.told.refuse_unused_reasons()
        # Django's command names its writer by this name and offers no other way to give it one.
        with stand_in(makemigrations, "MigrationWriter", Writer):
            super().write_migration_files(changes, update_previous_migration_paths)
        if self.verbosity >= 1:
            self._say_what_is_left(changes, left)

    def _accepted(self, changes: Changes, finding: Finding) -> bool:
        """Whether somebody says why the finding does no harm; the migration keeps the reason."""
        migration = next(m for ms in changes.values() for m in ms if label(m) == finding.migration)
        reason = accepted_by(migration).get(finding.code) or self.told.reason(finding.code)
        if not reason and is_open(finding) and self.at_terminal and not self.dry_run:
            reason = ask_reason(finding, self.log_output)
        if reason:
            accept(migration, finding.code, reason)
        return bool(reason)

    def _stop_at_open(self, findings: list[Finding]) -> None:
        if open_ones := [finding for finding in findings if is_open(finding)]:
            concerned = len({finding.migration for finding in open_ones})
            code = open_ones[0].code.removeprefix("evolution.")
            raise Stopped(
                f"{written(open_ones, concerned, no_style())}\nNothing was written. Change the models as it says,"
                f' or say why it does no harm here: --accept {code}="…"'
            )

    def _say_what_is_left(self, changes: Changes, findings: list[Finding]) -> None:
        if findings:
            self.log(written(findings, sum(map(len, changes.values())), self.style))
        for migration in (m for ms in changes.values() for m in ms if isinstance(m, DataStep)):
            path = self.get_relative_path(Writer(migration).path)
            for filling in migration.fillings:
                if filling.is_stub:
                    self.log(
                        f"Next: write {filling.value}() in {path}. It says what {filling.name} a row gets."
                    )


class _Unasked(MigrationAutodetector):
    """For `--check` without a terminal: that something has changed does not depend on what a person would answer."""

    def __init__(
        self, from_state: ProjectState, to_state: ProjectState, questioner: MigrationQuestioner | None = None
    ) -> None:
        stock = questioner or MigrationQuestioner()
        super().__init__(
            from_state, to_state, MigrationQuestioner(specified_apps=stock.specified_apps, dry_run=True)
        )
