"""Django's executor of migrations, which keeps a journal where the database cannot roll a schema change back."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution import runs
from evolution.archive import Archive, archiving
from evolution.capture import NotCapturable, capture, no_schema_changes
from evolution.column_defaults import new_columns
from evolution.deferred import Kept, kept, read_back
from evolution.foreign_keys import without_present
from evolution.journal import Journal
from evolution.merging import merged
from evolution.metadata_locks import TableInUse
from evolution.models import ArchiveEntry, Run
from evolution.operations import Backfill
from evolution.rules.acceptance import accepted_by
from evolution.rules.step import changes_rows
from evolution.tables import ensure_tables

Plan = list[tuple[Migration, bool]]  # each with True for backwards
HIDDEN_CHANGE = "evolution.E605"


@dataclass(frozen=True)
class Step:
    """One operation of a migration in one direction, with what Django would do about it."""

    number: int  # its place in the migration
    operation: Operation
    description: str
    run: Callable[[BaseDatabaseSchemaEditor], None]
    atomic: bool  # whether Django would run it in a transaction

    @property
    def is_opaque(self) -> bool:
        """Whether it runs code, so that its statements cannot be known beforehand."""
        return _runs_code(self.operation)


class JournaledExecutor(MigrationExecutor):
    """Applies migrations statement by statement, each one announced and ticked off in the journal.

    Only migrations that the database cannot roll back need it; the others are Django's business. `run` is the run
    that the journal's lines belong to, begun when it is needed where nobody has set it. `guard` is called before
    each statement, and stops the run by an exception; `say` hears for whom it waits.
    """

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        progress_callback: Any = None,
        *,
        run: Run | None = None,
        guard: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(connection, progress_callback)
        self.run = run
        self.guard = guard
        self.say = say
        # Off for the first run in a new database, which begins again when it is cut short.
        self.keeps_journal = True
        # Whether code may change the schema behind the journal's back: only where nothing can be lost.
        self.allows_hidden_changes = False
        self.copies_unasked = False  # as the journal's
        self.leaves_archive = False  # whether nothing is brought back from the archive
        self.expands = False  # whether programs of an earlier release are at work
        self._taken_back: list[Migration] = []  # what is going to be, or was, in order
        self._has_tables = False
        self._entries: list[ArchiveEntry] = []  # what could be brought back

    def _migrate_all_backwards(self, plan: Plan, full_plan: Plan, fake: bool) -> ProjectState:
        self._taken_back = [migration for migration, _backwards in plan]
        state: ProjectState = super()._migrate_all_backwards(plan, full_plan, fake)  # type: ignore[misc]
        return state

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        self.guard()
        if fake or self._is_djangos(migration):
            return super().apply_migration(state, migration, fake, fake_initial)
        if fake_initial:
            applied, state = self.detect_soft_applied(state, migration)
            if applied:
                return super().apply_migration(state, migration, fake=True)
        return self._carry_out(state, migration, backwards=False)

    def unapply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False
    ) -> ProjectState:
        self.guard()
        if fake or self._is_djangos(migration):
            return super().unapply_migration(state, migration, fake)
        return self._carry_out(state, migration, backwards=True)

    def _carry_out(self, state: ProjectState, migration: Migration, *, backwards: bool) -> ProjectState:
        """Apply the migration, or take it back, and record that together with the last of its work; the new state."""
        action = "unapply" if backwards else "apply"
        record = self._record_unapplied if backwards else self.record_migration
        self._report(f"{action}_start", migration)
        steps = (_backwards if backwards else _forwards)(migration, state)
        self._look_into_archive()
        if self._rolls_back(migration):
            with self._editor(atomic=migration.atomic) as editor:
                for step in steps:
                    editor.archive = self._archive(migration, step, backwards=backwards)
                    step.run(editor)
                _run_deferred(editor)
                record(migration)
        else:
            journal = self._journal(migration, backwards=backwards)
            self._work_through(journal, steps)
            with transaction.atomic(using=self.connection.alias):
                record(migration)
                journal.close()
        self._report(f"{action}_success", migration)
        return state

    def _record_unapplied(self, migration: Migration) -> None:
        for app, name in migration.replaces or []:
            self.recorder.record_unapplied(app, name)
        self.recorder.record_unapplied(migration.app_label, migration.name)

    def undo_halfway(self, migration: Migration, *, backwards: bool) -> None:
        """Undo what a run that was cut short has done of a migration, forwards or `backwards`.

        Operations are undone as Django undoes them; the one that the run was in the midst of is finished first, if
        it can be and a part of it was carried out. Killed at any point, it can be called again.
        """
        begun = self._journal(migration, backwards=backwards)
        undoing = self._journal(migration, backwards=not backwards)
        count = len(migration.operations)
        if not undoing.pages:
            self._finish_page(begun)
        self._look_into_archive()
        reached = min(begun.reached, count)
        state = self._state_without(migration)
        steps = _forwards(migration, state) if backwards else _backwards(migration, state)
        self._work_through(undoing, steps, first=count - reached)
        with transaction.atomic(using=self.connection.alias):
            begun.close()
            undoing.close()

    def _finish_page(self, journal: Journal) -> None:
        """Forget the last operation that was begun if none of it was carried out, else bring it to its end."""
        if not journal.pages:
            return
        number = max(journal.pages)
        page = journal.pages[number]
        if journal.is_untouched(page):
            journal.forget(number)
            return
        try:
            journal.carry_out(page)
        except (DatabaseError, TableInUse):
            if not page.has_begun:
                journal.forget(number)

    def _state_without(self, migration: Migration) -> ProjectState:
        """The state that the migration begins with, as far as others are applied."""
        state: ProjectState = self._create_project_state()  # type: ignore[attr-defined]  # the stubs leave it out
        applied = set(self.loader.applied_migrations or {}) - {(migration.app_label, migration.name)}
        for other, _ in self.migration_plan(self.loader.graph.leaf_nodes(), clean_start=True):
            if (other.app_label, other.name) in applied:
                other.mutate_state(state, preserve=False)
        return state

    def _journal(self, migration: Migration, *, backwards: bool) -> Journal:
        if self.run is None:
            self.run = runs.begin(self.connection)
        journal = Journal(
            self.connection, self.run, migration, backwards=backwards, guard=self.guard, say=self.say
        )
        journal.copies_unasked = self.copies_unasked
        return journal

    def _is_djangos(self, migration: Migration) -> bool:
        """Whether it is Django's business alone: it has its own way, or begins again when it is cut short."""
        own_way = (type(migration).apply, type(migration).unapply) != (Migration.apply, Migration.unapply)
        return own_way or not self.keeps_journal

    def _rolls_back(self, migration: Migration) -> bool:
        """Whether the database rolls it back whole, so that it needs no journal."""
        return self.connection.features.can_rollback_ddl and migration.atomic

    def _editor(self, archive: Archive | None = None, *, atomic: bool) -> Any:
        editor: Any = archiving(self.connection.SchemaEditorClass)(self.connection, atomic=atomic)
        editor.is_online = True
        editor.archive = archive
        editor.expands = self.expands
        return editor

    def _look_into_archive(self) -> None:
        if not self._has_tables:
            ensure_tables(self.connection)
            self._has_tables = True
        self._entries = list(ArchiveEntry.objects.using(self.connection.alias).filter(restored_at=None))

    def _archive(self, migration: Migration, step: Step, *, backwards: bool) -> Archive:
        return Archive(
            migration,
            step.number,
            backwards=backwards,
            run_id=self.run.pk if self.run else None,
            present=self._entries,
            left=self._left_in_archive(migration, backwards=backwards),
        )

    def _left_in_archive(self, migration: Migration, *, backwards: bool) -> Collection[str]:
        """What is not brought back: where a data step fills a table on the way back, it counts on finding it empty."""
        if self.leaves_archive:
            return ArchiveEntry.Kind.values
        if not backwards:
            return ()
        steps = [operation for other in self._from(migration) for operation in other.operations]
        fills = any(changes_rows(operation, backwards=True) for operation in steps)
        return {ArchiveEntry.Kind.TABLE} if fills else ()

    def _from(self, migration: Migration) -> list[Migration]:
        """The migration and those of its application that are taken after it."""
        plan = [other for other in self._taken_back if other.app_label == migration.app_label]
        return plan[plan.index(migration) :] if migration in plan else [migration]

    def _report(self, action: str, migration: Migration) -> None:
        if self.progress_callback:
            self.progress_callback(action, migration, False)  # noqa: FBT003

    def _work_through(self, journal: Journal, steps: Iterator[Step], first: int = 0) -> None:
        """Carry out the steps from number `first` on, as far as the journal does not say that they are done."""
        deferred: list[Kept] = []
        number = -1
        for number, step in enumerate(steps):
            if number < first:
                continue
            page = journal.pages.get(number)
            if page is None or page.is_code:
                deferred = self._begin(journal, number, step, deferred)
            else:  # begun by a run that was cut short
                journal.carry_out(page)
                deferred = page.deferred
        page = journal.pages.get(number + 1)
        if page is None and deferred:
            editor = self._editor(atomic=False)
            left = [str(read_back(statement, editor)) for statement in deferred]
            left = merged(without_present(self.connection, left))
            page = journal.write(number + 1, "statements left for the end", left, [])
        if page:
            journal.carry_out(page)

    def _begin(self, journal: Journal, number: int, step: Step, deferred: list[Kept]) -> list[Kept]:
        """Begin an operation of which the journal holds nothing yet; what it leaves for the end."""
        if self.connection.features.can_rollback_ddl:
            self._run_in_a_transaction(journal, number, step)
            return []
        archive = self._archive(journal.migration, step, backwards=journal.backwards)
        backfills = isinstance(step.operation, Backfill)
        # Code that has begun its work by itself has to end it so.
        if (backfills or not step.is_opaque) and number not in journal.pages:
            new = new_columns(runs.schema_changes(journal.run)) if backfills else frozenset()
            try:
                captured = capture(self.connection, deferred, step.run, new, archive)
            except NotCapturable:
                pass
            else:
                # An operation that changes nothing in the database needs no page: it changes nothing again.
                if captured.statements or captured.deferred != deferred:
                    page = journal.write(number, step.description, captured.statements, captured.deferred)
                    journal.carry_out(page)
                return captured.deferred
        editor = self._editor(archive, atomic=False)

        def work() -> list[Kept]:
            editor.deferred_sql = [read_back(left, editor) for left in deferred]
            with self._no_hidden_changes(journal.migration):
                step.run(editor)
            return [kept(left, editor) for left in editor.deferred_sql]

        journal.run_whole(number, step.description, work, atomic=step.atomic)
        return journal.pages[number].deferred

    def _no_hidden_changes(self, migration: Migration) -> AbstractContextManager[None]:
        if self.allows_hidden_changes or HIDDEN_CHANGE in accepted_by(migration):
            return nullcontext()
        return no_schema_changes(self.connection)

    def _run_in_a_transaction(self, journal: Journal, number: int, step: Step) -> None:
        """One operation of a migration that is not atomic, where the database can roll schema changes back."""
        # Entered before the transaction, since SQLite can't switch foreign keys off within one.
        archive = self._archive(journal.migration, step, backwards=journal.backwards)
        with self._editor(archive, atomic=False) as editor:

            def work() -> list[Kept]:
                step.run(editor)
                for sql in editor.deferred_sql:
                    editor.execute(sql, None)
                editor.deferred_sql = []
                return []

            atomic = step.atomic or not _is_written_by_hand(step.operation)
            journal.run_whole(number, step.description, work, atomic=atomic)


def _is_written_by_hand(operation: Operation) -> bool:
    """Whether it may hold what cannot run in a transaction, such as VACUUM."""
    nested = getattr(operation, "database_operations", [])
    return isinstance(operation, RunPython | RunSQL) or any(map(_is_written_by_hand, nested))


def _run_deferred(editor: BaseDatabaseSchemaEditor) -> None:
    """What is left for the end of a migration, so that its record can follow in the same transaction.

    Django records in another one what it undoes, and what leaves statements for the end: a process that dies between
    the two leaves a migration that was carried out, and would be carried out again.
    """
    while editor.deferred_sql:
        editor.execute(editor.deferred_sql.pop(0), None)


def _runs_code(operation: Operation) -> bool:
    nested = getattr(operation, "database_operations", [])
    return not operation.reduces_to_sql or any(_runs_code(inner) for inner in nested)


def _forwards(migration: Migration, state: ProjectState) -> Iterator[Step]:
    for number, operation in enumerate(migration.operations):
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        run = partial(_forwards_one, operation, migration.app_label, before, state)
        yield Step(number, operation, operation.describe(), run, _is_atomic(migration, operation))


def _forwards_one(
    operation: Operation,
    app: str,
    before: ProjectState,
    after: ProjectState,
    editor: BaseDatabaseSchemaEditor,
) -> None:
    operation.database_forwards(app, editor, before, after)


def _backwards(migration: Migration, state: ProjectState) -> Iterator[Step]:
    states = [state]
    for operation in migration.operations:
        if not operation.reversible:
            raise IrreversibleError(f"Operation {operation} in {migration} is not reversible")
        states.append(states[-1].clone())
        operation.state_forwards(migration.app_label, states[-1])
    for number in reversed(range(len(migration.operations))):
        operation = migration.operations[number]
        # A clone, as rendering one state must not touch the one before it.
        run = partial(
            _backwards_one, operation, migration.app_label, states[number + 1], states[number].clone()
        )
        yield Step(
            number, operation, f"reverse: {operation.describe()}", run, _is_atomic(migration, operation)
        )


def _backwards_one(
    operation: Operation,
    app: str,
    after: ProjectState,
    before: ProjectState,
    editor: BaseDatabaseSchemaEditor,
) -> None:
    operation.database_backwards(app, editor, after, before)


def _is_atomic(migration: Migration, operation: Operation) -> bool:
    return bool(operation.atomic or (migration.atomic and operation.atomic is not False))
