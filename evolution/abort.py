"""`migrate --abort`: from a run that was cut short back to the state before it, with every row.

What the run has done is undone operation by operation, as `migrate` goes back; rows written since stay, and what was
dropped comes back from the archive. Where that would not bring back every value, or there is no way back, the run's
backup takes the place of the database, after what is there has been saved.
"""

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from evolution import backups, runs
from evolution.accounting import Accounts, all_columns
from evolution.archive.entries import entries
from evolution.archive.report import report_archive
from evolution.certificates import certify
from evolution.executor import JournaledExecutor
from evolution.lineage import Lineage
from evolution.metadata_locks import TableInUse
from evolution.models import Run
from evolution.new_database import clear, is_first
from evolution.report import Report
from evolution.scratch import ScratchRefused
from evolution.staged_executor import node_of
from evolution.stages import Plan, RowsDiffer, plan_of, steps_of


class CannotAbort(Exception):
    """The state before the run can't be had back; nothing was changed unless the message says otherwise."""


class Abort:
    """The way back from `run`, which was cut short."""

    def __init__(
        self, connection: BaseDatabaseWrapper, executor: JournaledExecutor, run: Run, report: Report
    ) -> None:
        self.connection = connection
        self.executor = executor
        self.run = run
        self.report = report

    def carry_out(self) -> None:
        """Go back. Raises CannotAbort, or RowsDiffer where the rows are not those from before."""
        if is_first(self.run):
            clear(self.connection, self.report)
            runs.end(self.run, Run.Outcome.ABORTED)
            return
        self.executor.copies_unasked = True
        done = self._done()
        # Decided once: an abort that was cut short may have dropped by now what was found to need no keeping.
        if not (reason := "" if self._is_under_way() else self._why_not_undone(done)):
            self._note_under_way()
            try:
                self._undo(done)
            except (DatabaseError, TableInUse) as error:
                reason = f"undoing it failed ({error})"
        if reason:
            self._restore(reason)

    def _is_under_way(self) -> bool:
        """Whether an abort that was cut short has begun to undo the run, and no `migrate` has gone on with it since."""
        return bool(self.run.certificate.get("undone since") == self.run.resumed)

    def _note_under_way(self) -> None:
        self.run.certificate["undone since"] = self.run.resumed
        self.run.save()

    def _done(self) -> Plan:
        """What the run has carried out, the migration that it was in the midst of last."""
        finished = runs.done(self.run, self.executor.loader.applied_migrations or {})
        halfway = runs.halfway(self.connection)
        plan = plan_of(self.executor, self.run)
        return [
            step for step in plan if node_of(step) in finished or (halfway and node_of(step)[0] == halfway[0])
        ]

    def _why_not_undone(self, done: Plan) -> str:
        """Why undoing would not bring everything back; empty where it does."""
        if stuck := [
            _name(migration) for migration, backwards in done if not backwards and not _reversible(migration)
        ]:
            return f"there is no way back over {', '.join(stuck)}"
        if "before" not in self.run.certificate:
            return ""  # There was no row to lose.
        if self.run.certificate.get("differences"):
            return "not every row was there at its end"
        counted = self.run.certificate
        before = Accounts.from_dict(counted["before"])
        lineage = Lineage.of(
            counted["columns"],
            steps_of(self.executor, done, self.connection.alias, runs.nodes_of(self.run.state_before)),
        )
        had_null = {(table, column) for table, column in counted["rewritten"]}
        changed = lineage.rewritten | (lineage.filled & had_null)
        there = all_columns(self.connection)
        lost = [name for name in lineage.lost(counted["columns"]) if not _is_there(name, there)]
        gone = lost + [f"{table}.{column}" for table, column in sorted(changed)]
        kept = set()
        if not lineage.data_steps:  # which may have counted on what was dropped
            kept = {str(entry) for entry in entries(self.connection) if entry.run_id == self.run.pk}
        kept |= set(counted.get("empty", ()))
        with_rows = [name for name in gone if name not in kept and _rows(before, name.partition(".")[0]) != 0]
        return f"the run has dropped or rewritten {', '.join(with_rows)}" if with_rows else ""

    def _undo(self, done: Plan) -> None:
        halfway = runs.halfway(self.connection)
        for migration, backwards in reversed(done):
            title = f"{'Applying' if backwards else 'Undoing'} {_name(migration)}"
            with self.report.stage(title):
                if (
                    halfway
                    and halfway[0] == node_of((migration, backwards))[0]
                    and self._is_begun(migration, backwards)
                ):
                    self.executor.undo_halfway(migration, backwards=backwards)
                else:
                    self.executor.migrate(None, [(migration, not backwards)])
                self.executor.loader.build_graph()
        self._compare()
        runs.end(self.run, Run.Outcome.ABORTED)
        report_archive(self.connection, self.report, self.run)

    def _is_begun(self, migration: Migration, backwards: bool) -> bool:  # noqa: FBT001
        """Whether the run itself left the migration half-way, and not an abort that was cut short."""
        recorded = node_of((migration, backwards))[0] in (self.executor.loader.applied_migrations or {})
        return recorded is backwards

    def _compare(self) -> None:
        if "before" not in self.run.certificate:
            return
        with self.report.stage("Counting, and comparing with the state before the run"):
            before = Accounts.from_dict(self.run.certificate["before"])
            names = {table: list(one.columns) for table, one in before.tables.items()}
            certificate = certify(
                self.connection, before, Lineage.of(names, []), others_write=runs.others_write(self.run)
            )
            if certificate.differences:
                runs.end(self.run, Run.Outcome.ABORTED, "\n".join(certificate.differences))
                raise RowsDiffer(
                    "\n".join(
                        [
                            "Everything was undone, but the rows are not those from before the run:",
                            *certificate.differences,
                            self._way_out(),
                        ]
                    )
                )
        for sentence in certificate.by_others:
            self.report.note(sentence)

    def _restore(self, reason: str) -> None:
        if not self.run.backup:
            raise CannotAbort(
                f"The state before the run can't be had back: {reason}, and the run made no backup. "
                "To finish the run instead: manage.py migrate"
            )
        self.report.note(f"Restoring the backup {self.run.backup}, since {reason}.")
        try:
            backup = backups.find(self.run.backup)
            backups.restore(self.connection, backup, self.report.note)
        except (backups.BackupError, ScratchRefused) as error:
            raise CannotAbort(str(error)) from error
        runs.end(self.run, Run.Outcome.ABORTED)

    def _way_out(self) -> str:
        if not self.run.backup:
            return "Everything was kept as it is."
        return f"What was there before is in the backup: manage.py restore {self.run.backup}"


def _rows(before: Accounts, table: str) -> int | None:
    """How many rows the table had; None where it was not counted, as all of it was to be dropped."""
    return before.tables[table].rows if table in before.tables else None


def _is_there(name: str, columns: dict[str, list[str]]) -> bool:
    """Whether a table, or a "table.column", is among these columns by table."""
    table, _dot, column = name.partition(".")
    return table in columns and (not column or column in columns[table])


def _reversible(migration: Migration) -> bool:
    return all(operation.reversible for operation in migration.operations)


def _name(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"
