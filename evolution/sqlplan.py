"""The statements of a plan, as they would run on one database: found by running it on a copy without rows.

`sqlmigrate` asks the live database for names that do not exist yet, and fails on "rename the table, then alter a
field". On a copy every operation finds what the one before has made.
"""

from copy import copy
from functools import partial
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import IntegerField

from evolution.copies import copy_tables
from evolution.literals import literal
from evolution.operations import AddRequiredField
from evolution.operations.backfill import name_of
from evolution.scratch import in_place_of, scratch_database
from evolution.states import History
from evolution.targets import Target


class PlanFails(Exception):
    """The plan does not work on a copy; the message is what ran, and at last what went wrong."""


def statements_of(connection: BaseDatabaseWrapper, targets: list[Target]) -> list[str]:
    """The plan to `targets` as SQL, a statement or comment each; empty where there is nothing to do.

    Code (RunPython) is not run, and stands there as a comment: what it does depends on the rows. Raises PlanFails
    where the plan does not work, and ScratchRefused where no scratch database can be made.
    """
    history = History(connection)
    lines: list[str] = []
    plan = _Executor(connection, history, lines).migration_plan(targets)
    if not plan:
        return []
    with scratch_database(connection) as scratch:
        copy_tables(connection, scratch)
        scratch.SchemaEditorClass = _recording(scratch, lines)
        try:
            with in_place_of(connection, scratch):
                _Executor(scratch, history, lines).migrate(None, plan)
        except (DatabaseError, IrreversibleError, ValueError) as error:
            raise PlanFails("\n".join([*lines, f"-- {error}"])) from error
    return lines


def _recording(scratch: BaseDatabaseWrapper, lines: list[str]) -> Any:
    """The engine's schema editor, which also writes down what it runs."""

    class RecordingEditor(scratch.SchemaEditorClass):  # type: ignore[misc,name-defined]
        is_online = True

        def execute(self, sql: Any, params: Any = ()) -> None:
            text = str(sql)
            if params:
                text %= tuple(_quoted(scratch, self, value) for value in params)
            elif params is not None:
                text = text.replace("%%", "%")
            lines.append(f"{text.rstrip().rstrip(';')};")
            super().execute(sql, params)

    return RecordingEditor


def _quoted(scratch: BaseDatabaseWrapper, editor: Any, value: Any) -> str:
    """A parameter as it stands in a statement."""
    return str(editor.quote_value(value)) if scratch.vendor == "sqlite" else literal(scratch, value)


class _Executor(MigrationExecutor):
    """Runs all but code, and writes down which statement is whose."""

    def __init__(self, scratch: BaseDatabaseWrapper, history: History, lines: list[str]) -> None:
        super().__init__(scratch)
        self.loader = history.loader
        self.lines = lines

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        return self._framed(
            migration,
            "",
            lambda told: super(_Executor, self).apply_migration(state, told, fake, fake_initial),
        )

    def unapply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False
    ) -> ProjectState:
        return self._framed(
            migration, ", undone", lambda told: super(_Executor, self).unapply_migration(state, told, fake)
        )

    def _framed(self, migration: Migration, direction: str, work: Any) -> ProjectState:
        told: Any = copy(migration)
        told.operations = [_told(operation, self.lines) for operation in migration.operations]
        transaction = migration.atomic and self.connection.features.can_rollback_ddl
        self.lines.append(f"-- {migration}{direction}")
        self.lines += ["BEGIN;"] * transaction
        state: ProjectState = work(told)
        self.lines += ["COMMIT;"] * transaction
        return state


def _told(operation: Operation, lines: list[str]) -> Operation:
    """The same operation, which says what it is before it runs; code is only told of."""
    same = copy(operation)
    if isinstance(same, SeparateDatabaseAndState):
        same.database_operations = [_told(inner, lines) for inner in same.database_operations]
        return same

    def run(app_label: str, editor: Any, before: Any, after: Any, *, backwards: bool) -> None:
        lines.append(f"-- {'reverse: ' * backwards}{operation.describe()}")
        if not operation.reduces_to_sql:
            lines.extend(_of_code(operation, backwards=backwards))
        elif backwards:
            operation.database_backwards(app_label, editor, before, after)
        elif isinstance(operation, AddRequiredField):
            _with_value(operation, lines, app_label, after).database_forwards(
                app_label, editor, before, after
            )
        else:
            operation.database_forwards(app_label, editor, before, after)

    same.database_forwards = partial(run, backwards=False)  # type: ignore[method-assign]
    same.database_backwards = partial(run, backwards=True)  # type: ignore[method-assign]
    return same


def _of_code(operation: Any, *, backwards: bool) -> list[str]:
    """What to say of an operation that runs code; nothing where the code does nothing."""
    code = getattr(operation, "reverse_code" if backwards else "code", None)
    if code is RunPython.noop:
        return []
    return [f"-- {name_of(code)} runs here: what it does depends on the rows"]


def _with_value(
    operation: AddRequiredField, lines: list[str], app_label: str, after: ProjectState
) -> AddRequiredField:
    """The same with 1 for the value that a copy without rows does not tell, where that is a number."""
    field: Any = after.apps.get_model(app_label, operation.model_name)._meta.get_field(operation.name)
    lines.append(f"-- {name_of(operation.value)} runs here: what it finds is the default")
    if not isinstance(field.target_field if field.remote_field else field, IntegerField):
        return operation
    lines.append("-- (1 stands for it)")
    same = copy(operation)
    same.value = lambda _apps, _database: 1
    return same
