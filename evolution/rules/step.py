"""What a rule gets to see: one operation of the plan, and the database as far as it may be asked."""

from dataclasses import dataclass
from typing import Any

from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution.findings import Level
from evolution.rules.changes import Change
from evolution.rules.live import Live
from evolution.statements import statements_in, writes_rows


@dataclass(frozen=True)
class Step:
    """One operation in the direction in which the plan takes it.

    `changes` are in the order in which they happen. `live` is None in a check without a database. `data_step`
    names a step before this one in the plan that may change rows, or is empty: what the rows look like today
    then proves nothing.
    """

    migration: Migration
    operation: Operation
    from_state: ProjectState
    to_state: ProjectState
    backwards: bool
    changes: tuple[Change, ...]
    live: Live | None
    data_step: str = ""
    big: int = 100_000  # rows from which a copy of a table is worth a warning
    made: frozenset[str] = frozenset()  # tables that this migration itself has made before this step

    @property
    def name(self) -> str:
        """The migration's."""
        return f"{self.migration.app_label}.{self.migration.name}"

    @property
    def description(self) -> str:
        """What Django says of the operation, or the function that it calls."""
        text = self.operation.describe()
        if type(self.operation) is ops.RunPython:  # one that is derived from it says itself what it does
            text = f"RunPython({getattr(self.operation.code, '__name__', '…')})"
        return f"Undo: {text}" if self.backwards else text

    def unknown(self, table: str) -> bool:
        """Whether the table may have rows and nobody can be asked; what the migration itself has made has none."""
        return self.live is None and table not in self.made

    @property
    def hope(self) -> str:
        """The end of a sentence about rows that do not fit: what may still put them right."""
        return f" (now, before {self.data_step})" if self.data_step else ""

    @property
    def about_rows(self) -> Level:
        """How bad rows are that do not fit today: a data step before may put them right, and the rehearsal tells."""
        return Level.WARNING if self.data_step else Level.ERROR


def leaves(operation: Operation) -> list[Operation]:
    """The operations on the database that `operation` stands for: itself, or those inside it."""
    if isinstance(operation, ops.SeparateDatabaseAndState):
        return [leaf for inner in operation.database_operations for leaf in leaves(inner)]
    return [operation]


def sql_of(operation: Operation, *, backwards: bool) -> list[str]:
    """The statements that are written out in an operation."""
    found: list[str] = []
    for leaf in leaves(operation):
        if isinstance(leaf, ops.RunSQL):
            found += statements_in(leaf.reverse_sql if backwards else leaf.sql)
    return found


def changes_rows(operation: Operation, *, backwards: bool) -> bool:
    """Whether the operation runs code or a statement of its own that may change rows."""
    python: list[Any] = [
        leaf.reverse_code if backwards else leaf.code
        for leaf in leaves(operation)
        if isinstance(leaf, ops.RunPython)
    ]
    if any(code not in (None, ops.RunPython.noop) for code in python):
        return True
    return any(writes_rows(statement) for statement in sql_of(operation, backwards=backwards))
