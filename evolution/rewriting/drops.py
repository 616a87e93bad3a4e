"""Columns and tables that are dropped: whether that can wait until something was filled from them."""

from collections.abc import Iterator, Sequence

from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution.rules.changes import AnyField
from evolution.rules.operations import column_of, table_of


def deferrable_drops(
    app_label: str, operations: Sequence[Operation], before: ProjectState
) -> list[Operation]:
    """All operations that drop a column or a table, or none where a name of one is used again.

    `before` is the state in which the operations begin.
    """
    drops: list[Operation] = [one for one in operations if isinstance(one, ops.RemoveField | ops.DeleteModel)]
    given_up = {name.lower() for drop in drops for name in _names_given_up(app_label, drop, before)}
    taken = {name.lower() for operation in operations for name in _names_taken(app_label, operation)}
    return [] if given_up & taken else drops


def _names_given_up(app_label: str, drop: Operation, before: ProjectState) -> Iterator[str]:
    """The names of a dropped field and its column, or of a model and its table."""
    if isinstance(drop, ops.DeleteModel):
        yield drop.name
        if model := before.models.get((app_label, drop.name_lower)):
            yield table_of(model)
    elif isinstance(drop, ops.RemoveField):
        yield drop.name
        model = before.models.get((app_label, drop.model_name_lower))
        if model and drop.name in model.fields:
            yield column_of(drop.name, model.fields[drop.name]) or drop.name


def _names_taken(app_label: str, operation: Operation) -> Iterator[str]:
    """The names of what is there after the operation and may not have been before."""
    match operation:
        case ops.CreateModel():
            yield operation.name
            yield str(operation.options.get("db_table") or f"{app_label}_{operation.name_lower}")
            for name, field in operation.fields:
                yield from _names_of(name, field)
        case ops.AddField() | ops.AlterField():
            yield from _names_of(operation.name, operation.field)
        case ops.RenameField() | ops.RenameModel():
            yield operation.new_name
        case ops.AlterModelTable():
            yield operation.table or f"{app_label}_{operation.name_lower}"


def _names_of(name: str, field: AnyField) -> Iterator[str]:
    yield name
    yield column_of(name, field) or name
