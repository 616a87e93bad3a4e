"""`manage.py migrate`: Django's own, with checks, backup, rehearsal, a journal, and an account of the rows."""

import gc
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution import runs
from evolution.abort import Abort, CannotAbort
from evolution.adoption import tables_beyond_initial, unadopted_tables
from evolution.backends.sqlite3.dependants import CannotLiveOn
from evolution.capture import HiddenSchemaChange
from evolution.contract import about_contract
from evolution.executor import JournaledExecutor
from evolution.foreign_keys import CannotPutBack
from evolution.journal import Diverged
from evolution.lock import Lock, LockHeld, LockLost, LockRefused, migration_lock
from evolution.management.formatter import LinesKept
from evolution.management.stand_in import stand_in
from evolution.metadata_locks import TableInUse, short_waits
from evolution.models import Run
from evolution.new_database import clear, is_first
from evolution.online import TooLargeToCopy
from evolution.operations import NoValue
from evolution.progress import quiet
from evolution.report import Report
from evolution.staged_executor import StagedExecutor, about_halfway
from evolution.stages import Options, Refused, RowsDiffer, Stages
from evolution.tables import ensure_tables
from evolution.targets import NoSuchTarget, resolve

EPILOG = """\
exit codes:
  0    done, or nothing to do
  1    stopped before the first statement: nothing was changed
  2    the command line is wrong
  3    stopped half-way: the same command goes on, migrate --abort goes back
  4    carried out, but not every row is accounted for: everything was kept
  130  Ctrl-C, half-way: as 3

docs/evolution.md explains each stage."""

EXIT_CODES: dict[type[Exception], int] = {
    LockHeld: 1,
    LockRefused: 1,
    Refused: 1,
    CannotAbort: 1,
    NoSuchTarget: 2,
    LockLost: 3,
    CannotLiveOn: 3,
    Diverged: 3,
    CannotPutBack: 3,
    TableInUse: 3,
    TooLargeToCopy: 3,
    HiddenSchemaChange: 3,
    NoValue: 3,
    RowsDiffer: 4,
}


class Command(migrate.Command):
    help = (
        f"{migrate.Command.help} Checks the plan, backs the database up and proves the backup, rehearses on a copy, "
        "and accounts for every row. Goes on with a run that was cut short."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=LinesKept, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)  # type: ignore[arg-type]
        parser.add_argument(
            "--abort", action="store_true", help="Go back to before the run that was cut short."
        )
        parser.add_argument("--no-backup", action="store_true", help="Keep no backup.")
        parser.add_argument(
            "--no-rehearsal",
            action="store_false",
            dest="rehearsal",
            default=None,
            help="Do not rehearse on a copy of the database.",
        )
        parser.add_argument(
            "--rehearsal",
            action="store_true",
            dest="rehearsal",
            default=None,
            help="Rehearse even if the database is larger than REHEARSAL_LIMIT.",
        )
        parser.add_argument(
            "--no-schema-check",
            action="store_true",
            help="Begin even if the schema is not what the recorded migrations make.",
        )
        parser.add_argument(
            "--expand",
            action="store_true",
            help="Leave out the migrations that programs of the release before can't live with (contract = True), "
            "and what depends on them.",
        )
        parser.add_argument(
            "--leave-archive",
            action="store_true",
            help="Bring nothing back from the archive of what was dropped or narrowed.",
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Write the run as JSON for programs."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_json"]:
            options["verbosity"] = 0
        connection = connections[options["database"]]
        try:
            with _fewer_collections(to_the_end=self._called_from_command_line):  # type: ignore[attr-defined]
                self._work(connection, *args, **options)
        except tuple(EXIT_CODES) as stopped:
            raise CommandError(str(stopped), returncode=EXIT_CODES[type(stopped)]) from stopped
        except DatabaseError as error:
            self._explain(connection, error)
            raise
        except KeyboardInterrupt:
            if not self._called_from_command_line:  # type: ignore[attr-defined]
                raise
            raise CommandError(_stopped(connection, "Stopped by Ctrl-C."), returncode=130) from None

    def _work(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        before = runs.latest(connection) if options["as_json"] else None
        work = self._abort if options["abort"] else self._migrate
        if not (options["fake"] or options["abort"] or runs.has_tables(connection)):
            # Before the lock, whose table would be the first thing that is made in somebody else's database.
            _refuse_unadopted(connection, fake_initial=options["fake_initial"])
        # Who only looks may not be allowed to write, and needs to wait for nobody.
        looks_only = options["plan"] or options["check_unapplied"]
        lock = nullcontext(Lock()) if looks_only else migration_lock(connection, self.stderr.write)
        with quiet(options["verbosity"] == 0), lock as self._lock, short_waits(connection):
            try:
                work(connection, *args, **options)
            except tuple(EXIT_CODES):
                self._write_json(connection, before, **options)
                raise
            self._write_json(connection, before, **options)

    def _migrate(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        options["migration_name"] = resolve(connection, options["app_label"], options["migration_name"])
        looks_only = options["plan"] or options["check_unapplied"]
        report = Report(self.stdout, self.style, options["verbosity"])
        asked = Options(
            backup=not options["no_backup"],
            rehearsal=options["rehearsal"],
            fake_initial=options["fake_initial"],
            schema_check=not options["no_schema_check"],
            leave_archive=options["leave_archive"],
            expand=options["expand"],
        )
        stages = Stages(connection, report, asked)
        if not looks_only:
            runs.close_dead(connection)
            self._tidy_up(connection, stages)
        if not options["fake"]:
            _refuse_unadopted(connection, fake_initial=options["fake_initial"])
        if not looks_only:
            ensure_tables(connection)
        # Django's command names its executor by this name and offers no other way to give it one.
        executor = partial(StagedExecutor, stages, self._lock.check)
        with stand_in(migrate, "MigrationExecutor", executor):
            super().handle(*args, **options)
        if left := about_contract(stages.left):
            report.note(left)
        if not looks_only and (halfway := runs.halfway(connection)):
            raise Refused(about_halfway(halfway))

    def _tidy_up(self, connection: BaseDatabaseWrapper, stages: Stages) -> None:
        """After a run that was cut short: begin a first one again, bring the account of another to its end."""
        run = runs.cut_short(connection)
        if run is None or runs.halfway(connection):
            return
        if is_first(run) and not connection.features.can_rollback_ddl:
            clear(connection, stages.report)
            runs.end(run, Run.Outcome.INTERRUPTED, "The next run began again.")
        else:
            stages.settle(JournaledExecutor(connection), run)

    def _abort(self, connection: BaseDatabaseWrapper, *_args: Any, **options: Any) -> None:
        report = Report(self.stdout, self.style, options["verbosity"])
        ensure_tables(connection)
        runs.close_dead(connection)
        run = runs.can_be_aborted(connection)
        if run is None:
            report.note("No run was cut short: there is nothing to undo.")
            return
        Abort(
            connection, JournaledExecutor(connection, run=run, guard=self._lock.check), run, report
        ).carry_out()
        report.note(
            self.style.SUCCESS(f"The state before the run of {run.started_at:%Y-%m-%d %H:%M} UTC is back.")
        )

    def _explain(self, connection: BaseDatabaseWrapper, error: DatabaseError) -> None:
        """At the prompt: what the database said in one line, and what to do. Raises CommandError."""
        if self._called_from_command_line:  # type: ignore[attr-defined]
            said = str(error.args[-1] if error.args else error).replace("\n", " ")
            raise CommandError(_stopped(connection, f"The database says: {said}."), returncode=3) from error

    def _write_json(
        self, connection: BaseDatabaseWrapper, before: Run | None, *, as_json: bool, **_options: Any
    ) -> None:
        if not as_json:
            return
        run = runs.latest(connection)
        new = run if run and (before is None or run.pk != before.pk) else None
        self.stdout.write(json.dumps(runs.as_dict(new) if new else None, indent=2, default=str))


@contextmanager
def _fewer_collections(*, to_the_end: bool) -> Iterator[None]:
    """Garbage is collected among what a run makes only; the modules and models that are loaded by now stay anyway.

    Going through them again and again takes a tenth of a first run, and once more where the process ends after it.
    """
    gc.freeze()
    try:
        yield
    finally:
        if not to_the_end:
            gc.unfreeze()


def _refuse_unadopted(connection: BaseDatabaseWrapper, *, fake_initial: bool) -> None:
    if tables := tables_beyond_initial(connection) if fake_initial else unadopted_tables(connection):
        raise Refused(
            f"The database holds {', '.join(sorted(tables))}, but no migration of theirs is recorded as applied.\n"
            "Nothing was changed. If another program made the database, run: manage.py adopt"
        )


def _stopped(connection: BaseDatabaseWrapper, why: str) -> str:
    """What to say about a run that ends half-way, or maybe not even that."""
    try:
        halfway = runs.halfway(connection)
    except DatabaseError:
        return f"{why} The same command goes on when the database answers again."
    if halfway is None:
        return f"{why} No migration is half-way. The same command goes on; migrate --abort goes back."
    app, name = halfway[0]
    return f"{why} {app}.{name} is half-way. The same command goes on; migrate --abort goes back."
