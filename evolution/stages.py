"""The stages of a run of `migrate`: checks, backup, rehearsal, the statements, and the accounting at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from evolution import backups, runs
from evolution.accounting import Accounts
from evolution.archive.report import report_archive
from evolution.backups import engines
from evolution.backups.archive import in_words
from evolution.certificates import Certificate, baseline, certify, columns_to_count
from evolution.conf import MEGABYTE, configuration
from evolution.drift import drift, is_as_left
from evolution.findings import Finding
from evolution.lineage import Lineage
from evolution.models import Run
from evolution.new_database import has_any, has_rows, is_new
from evolution.online import algorithms_taken
from evolution.rehearsal import Rehearsal, RehearsalFailed, rehearse
from evolution.report import Report, counted, seconds
from evolution.rules import check_files, check_plan, same_as, source_checksum, walk
from evolution.rules.acceptance import accepted_by
from evolution.rules.report import written
from evolution.rules.step import Step
from evolution.scratch import ScratchRefused, in_place_of
from evolution.throttle import misconfigured

Plan = list[tuple[Migration, bool]]
FEWER_ROWS = "evolution.E801"
BYTES_A_SECOND = 5_000_000  # of data, for dumping, restoring and comparing: docs/decisions/0007-backups.md


class Refused(Exception):
    """The run ends before its first statement; nothing was changed."""


class RowsDiffer(Exception):
    """After the run not every row and value is where it was; everything is kept."""


@dataclass(frozen=True)
class Options:
    """What the operator asked for."""

    backup: bool = True
    rehearsal: bool | None = None  # None: unless the database is larger than REHEARSAL_LIMIT
    fake_initial: bool = False
    schema_check: bool = True
    leave_archive: bool = False
    expand: bool = False  # without contract steps


class Stages:
    """What happens before and after the statements of a plan, in one database."""

    def __init__(self, connection: BaseDatabaseWrapper, report: Report, options: Options) -> None:
        self.connection = connection
        self.report = report
        self.options = options
        self.findings: list[Finding] = []
        self.rehearsal: Rehearsal | None = None
        self.left: list[Migration] = []  # what a run that only expands leaves for later

    # --- Before

    def before(self, executor: MigrationExecutor, plan: Plan) -> Run:
        """Everything up to the first statement. Raises Refused."""
        applied = set(executor.loader.applied_migrations or {})
        run = runs.begin(self.connection, plan, applied)
        try:
            if is_new(self.connection):
                run.certificate = {"new": True}
            else:
                run.certificate = {"expand": self.options.expand}
                self._check_replicas()
                if self.options.schema_check and not self.options.fake_initial:
                    self._compare_schema()
                self._check(executor, plan)
                if has_rows(self.connection):
                    self._prepare(run, executor, plan)
        except Refused as refused:
            runs.end(run, Run.Outcome.REFUSED, str(refused))
            raise
        except BaseException as error:
            runs.end(run, Run.Outcome.INTERRUPTED, error)
            raise
        run.applying_since = timezone.now()
        run.save()
        return run

    def _check_replicas(self) -> None:
        """Of a replica that is none, a data step would never hear that it has caught up. Raises Refused."""
        if wrong := misconfigured(self.connection):
            raise Refused(f"{wrong} Nothing was changed.")

    def _compare_schema(self) -> None:
        """A plan has to begin with what it expects: the schema that the recorded migrations make. Raises Refused."""
        if is_as_left(self.connection):
            return
        with self._stage("Comparing the schema with the history"):
            try:
                differences = drift(self.connection)
            except ScratchRefused as refused:
                raise Refused(str(refused)) from refused
            except DatabaseError as error:
                raise Refused(
                    f"The recorded migrations do not run in an empty database, which they are compared in: {error}\n"
                    "Nothing was changed. A data step has to stand a database without rows: mend it, or leave the "
                    "comparison out by --no-schema-check"
                ) from error
            if differences:
                lines = "\n".join(f"  - {line}" for line in differences)
                raise Refused(
                    f"The schema is not what the recorded migrations make:\n{lines}\n"
                    "Nothing was changed. Bring the schema there by hand, on a copy first; manage.py checkschema tells "
                    "whether it is. To go on all the same: --no-schema-check"
                )

    def _check(self, executor: MigrationExecutor, plan: Plan) -> None:
        with self._stage("Checking the plan") as say:
            self.findings = check_plan(self.connection, plan, executor=executor) + self._changed_files(
                executor
            )
            errors = [finding for finding in self.findings if finding.is_error]
            if errors:
                raise Refused(self._written(errors))
            if self.findings:
                say(counted(len(self.findings), "warning"))
        if self.findings:
            self.report.note(self._written(self.findings))

    def _written(self, findings: list[Finding]) -> str:
        return written(findings, len({finding.migration for finding in findings}), self.report.style)

    def _changed_files(self, executor: MigrationExecutor) -> list[Finding]:
        recorded = runs.checksums(self.connection)
        files = executor.loader.disk_migrations
        applied = recorded.keys() & (executor.loader.applied_migrations or {}).keys() & files.keys()
        present = {
            node: recorded[node] if recorded[node] in same_as(files[node]) else source_checksum(files[node])
            for node in applied
        }
        return check_files(recorded, present)

    def _prepare(self, run: Run, executor: MigrationExecutor, plan: Plan) -> None:
        rehearsal = self._is_rehearsed()
        if self.options.backup or rehearsal:
            self._back_up(run, plan, rehearsal=rehearsal)
        tables = columns_to_count(self.connection)
        lineage = self._lineage(executor, plan, tables)
        with self._stage("Counting rows") as say:
            before = baseline(self.connection, lineage)
            say(counted(sum(one.rows for one in before.tables.values()), "row"))
        run.certificate |= {
            "before": before.as_dict(),
            "columns": tables,
            "rewritten": sorted(lineage.rewritten),
            "empty": [
                table
                for table in tables
                if table not in before.tables and not has_any(self.connection, table)
            ],
        }

    def _is_rehearsed(self) -> bool:
        if self.options.rehearsal is not None:
            return self.options.rehearsal
        size = int(engines.of(self.connection).size(self.connection))
        if size > configuration().rehearsal_limit * MEGABYTE:
            raise Refused(
                f"The database holds {in_words(size)}: a backup and a rehearsal take as much room again on the server "
                f"and about {seconds(4 * size / BYTES_A_SECOND)}. Ask for them by --rehearsal, or leave the rehearsal "
                "out by --no-rehearsal."
            )
        return True

    def _back_up(self, run: Run, plan: Plan, *, rehearsal: bool) -> None:
        """Back up, prove it by a restored copy, and rehearse on that copy."""
        try:
            backup = self._backup(run)
            with self._proved_copy(backup) as copy:
                if rehearsal:
                    self._rehearse(run, copy, plan)
            self._keep(backup)
        except (backups.BackupError, ScratchRefused, RehearsalFailed) as error:
            raise Refused(str(error)) from error

    def _backup(self, run: Run) -> backups.Backup:
        size = int(engines.of(self.connection).size(self.connection))
        with self._stage(f"Backing up {in_words(size)} of data") as say:
            backup = backups.make(self.connection)
            say(f"{counted(backup.manifest.rows, 'row')} in {in_words(backup.manifest.size)}: {backup.name}")
        if self.options.backup:
            run.backup = backup.name
            run.save()
        return backup

    @contextmanager
    def _proved_copy(self, backup: backups.Backup) -> Iterator[BaseDatabaseWrapper]:
        with self._stage("Restoring the backup into a scratch database, and comparing"):
            context = backups.restored_copy(self.connection, backup)
            copy = context.__enter__()
            backups.mark_proved(backup)
        try:
            yield copy
        except BaseException as error:
            context.__exit__(type(error), error, error.__traceback__)
            raise
        context.__exit__(None, None, None)

    def _keep(self, backup: backups.Backup) -> None:
        if self.options.backup:
            for name in backups.retain(backup):
                self.report.note(f"Removed the old backup {name}.")
        else:
            backups.remove(backup)

    def _rehearse(self, run: Run, copy: BaseDatabaseWrapper, plan: Plan) -> None:
        title = "Rehearsing there, back and there again on the copy"
        with self._stage(title) as say, in_place_of(self.connection, copy):
            found = rehearse(
                copy,
                plan,
                fewer_accepted=_accepts_fewer_rows(plan),
                fake_initial=self.options.fake_initial,
                leave_archive=self.options.leave_archive,
                expands=self.options.expand,
            )
            say(
                f"{counted(len(found.statements), 'statement')}; the real run will take about {seconds(found.seconds)}"
            )
        for sentence in found.warnings:
            self.report.warn(sentence)
        run.rehearsal = found.as_dict()
        run.save()
        self.rehearsal = found

    # --- After

    def after(self, executor: MigrationExecutor, run: Run) -> None:
        """Count again, compare, and write down that the run has ended. Raises RowsDiffer."""
        if "before" in run.certificate:
            self._account(executor, run)
        runs.end(run)
        if self.connection.vendor == "mysql" and (taken := algorithms_taken(runs.schema_changes(run))):
            self.report.note(f"Tables were changed by: {taken}")
        report_archive(self.connection, self.report, run)

    def _account(self, executor: MigrationExecutor, run: Run) -> None:
        with self._stage("Counting again, and comparing") as say:
            certificate = self._certify(executor, run)
            run.certificate |= certificate.as_dict()
            if certificate.differences:
                told = "\n".join(certificate.differences)
                runs.end(run, Run.Outcome.FAILED, told)
                raise RowsDiffer(self._what_differs(run, certificate))
            say(f"{counted(certificate.rows, 'row')} accounted for")
        self.report.note("\n".join(certificate.lines()))
        for sentence in certificate.changed:
            self.report.note(f"By a data step of the plan: {sentence}")
        for sentence in certificate.by_others:
            self.report.note(sentence)

    def _certify(self, executor: MigrationExecutor, run: Run) -> Certificate:
        before = Accounts.from_dict(run.certificate["before"])
        plan = plan_of(executor, run)
        names = {table: list(one.columns) for table, one in before.tables.items()}
        lineage = self._lineage(executor, plan, names, before=runs.nodes_of(run.state_before))
        others_write = runs.others_write(run)
        certificate = certify(
            self.connection,
            before,
            lineage,
            fewer_accepted=_accepts_fewer_rows(plan),
            others_write=others_write,
        )
        return self._as_rehearsed(certificate, others_write=others_write)

    def _as_rehearsed(self, certificate: Certificate, *, others_write: bool) -> Certificate:
        """Where the rehearsal began with the same rows, a data step has to leave what it left there."""
        rehearsal = self.rehearsal
        if rehearsal is None or rehearsal.before != certificate.before:
            return certificate
        others = {
            name: f"Table {name} is not what the rehearsal on a copy made of it."
            for name, one in rehearsal.predicted.items()
            if certificate.after.tables.get(name) != one
        }
        if others_write:
            return replace(certificate, written={**others, **certificate.written})
        return replace(certificate, differences=[*certificate.differences, *others.values()])

    def _what_differs(self, run: Run, certificate: Certificate) -> str:
        kept = f" What was there before is in the backup {run.backup}." if run.backup else ""
        return "\n".join(
            [
                "All statements were carried out, but not every row is accounted for:",
                *certificate.differences,
                f"Everything was kept as it is.{kept} If an application was writing meanwhile, that is the reason.",
                *certificate.lines(),
            ]
        )

    def settle(self, executor: MigrationExecutor, run: Run) -> None:
        """Bring the account of a run to its end that was cut short between two migrations. Raises RowsDiffer."""
        applied = set(executor.loader.applied_migrations or {})
        carried_out = runs.done(run, applied)
        complete = len(carried_out) == len(run.plan)
        run.plan = [
            entry for entry, node in zip(run.plan, runs.nodes(run), strict=True) if node in carried_out
        ]
        if "before" in run.certificate:
            self._account(executor, run)
        run.certificate["settled"] = True
        runs.end(run, Run.Outcome.FINISHED if complete else Run.Outcome.INTERRUPTED)
        report_archive(self.connection, self.report, run)

    # --- Both

    def _lineage(
        self,
        executor: MigrationExecutor,
        plan: Plan,
        tables: dict[str, list[str]],
        before: set[runs.Node] | None = None,
    ) -> Lineage:
        applied = set(executor.loader.applied_migrations or {}) if before is None else before
        return Lineage.of(tables, steps_of(executor, plan, self.connection.alias, applied))

    def _stage(self, title: str) -> Any:
        return self.report.stage(title)


def plan_of(executor: MigrationExecutor, run: Run) -> Plan:
    """The plan of a run, as the migrations that there are now; a file that is gone is left out."""
    found = executor.loader.graph.nodes
    return [(found[node], backwards) for node, backwards in runs.nodes(run) if node in found]


def steps_of(executor: MigrationExecutor, plan: Plan, alias: str, applied: set[runs.Node]) -> list[Step]:
    """All steps of a plan that begins where `applied` are applied."""
    return [step for _migration, steps in walk(executor, plan, alias, applied) for step in steps]


def _accepts_fewer_rows(plan: Plan) -> bool:
    """Whether a data step may remove rows: back over one that has added some, or where a file says so."""
    if all(backwards for _migration, backwards in plan):
        return True
    return any(FEWER_ROWS in accepted_by(migration) for migration, _backwards in plan)
