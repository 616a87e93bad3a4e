"""Takes a migration apart: the column may be empty, the rows are filled, the column is as it is to be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution.rewriting.data_step import DataStep, Filling
from evolution.rewriting.drops import deferrable_drops
from evolution.rules.changes import AnyField

# What has to be filled for an operation, or None.
Needs = Callable[[Operation], Filling | None]


class SchemaStep(Migration):
    """Changes tables."""

    def __init__(self, name: str, app_label: str, operations: list[Operation]) -> None:
        super().__init__(name, app_label)
        step: Any = self
        step.operations = operations

    def suggest_name(self) -> str:
        """Django's, which names a column once that is altered twice."""
        different = {operation.migration_name_fragment: operation for operation in self.operations}
        named: Any = Migration(self.name, self.app_label)
        named.operations = list(different.values())
        return str(named.suggest_name())


@dataclass
class _Part:
    """Changes of tables, and what is to be filled after them."""

    operations: list[Operation] = field(default_factory=list)
    fillings: list[Filling] = field(default_factory=list)


def in_steps(migration: Migration, needs: Needs, before: ProjectState) -> list[Migration]:
    """The migrations that stand for `migration`, found in the state `before`; itself where it needs no filling.

    Each depends on the one before, and the last keeps the name, so that what depends on it depends on all of them.
    What is dropped is dropped last, so that the rows can be filled from it.
    """
    label, name = migration.app_label, migration.name
    found = [(operation, needs(operation)) for operation in migration.operations]
    if not any(filling for _operation, filling in found):
        return [migration]
    drops = deferrable_drops(label, migration.operations, before)
    parts = [*_parts([pair for pair in found if pair[0] not in drops]), _Part(drops)]
    steps: list[Any] = []  # lists stand in an instance, whatever the stubs say
    for part in parts:
        if part.operations:
            steps.append(SchemaStep(f"{name}_{len(steps)}", label, part.operations))
        if part.fillings:
            steps.append(DataStep(f"{name}_{len(steps)}", label, part.fillings))
    steps[-1].name = name
    steps[0].dependencies = migration.dependencies
    for earlier, step in pairwise(steps):
        step.dependencies = [(label, earlier.name)]
    return steps


def _parts(found: Sequence[tuple[Operation, Filling | None]]) -> Iterator[_Part]:
    part = _Part()
    for operation, filling in found:
        if part.fillings and not _independent(operation, part.fillings):
            yield part
            part = _Part([last for filled in part.fillings for last in _completed(filled)])
        if filling is None:
            part.operations.append(operation)
            continue
        part.fillings.append(filling)
        if isinstance(operation, ops.AddField):
            part.operations.append(ops.AddField(operation.model_name, operation.name, emptied(filling.field)))
    yield part
    yield _Part([last for filled in part.fillings for last in _completed(filled)])


def _independent(operation: Operation, fillings: Sequence[Filling]) -> bool:
    """Whether the operation may come before the columns are filled."""
    if isinstance(operation, ops.AlterModelTable | ops.AlterModelOptions | ops.AlterModelManagers):
        return True
    return isinstance(operation, ops.AddField | ops.AlterField | ops.CreateModel) and not any(
        operation.references_field(filling.model, filling.name, filling.app_label) for filling in fillings
    )


def _completed(filling: Filling) -> Iterator[Operation]:
    """The column as it is to be. A callable default comes last, so that it never fills a row."""
    model, final = filling.model.lower(), filling.field
    if not final.null and final.has_default() and callable(final.default):
        yield ops.AlterField(model, filling.name, without_default(final))
    yield ops.AlterField(model, filling.name, final)


def emptied(final: AnyField) -> AnyField:
    """The field as it is while its rows are filled: NULL is allowed, and nothing gives it a value."""
    bare: Any = without_default(final)
    bare.null = True
    for clock in ("auto_now", "auto_now_add"):
        if getattr(bare, clock, False):
            setattr(bare, clock, False)
    if not isinstance(bare, models.OneToOneField):
        bare._unique = False
    return bare  # type: ignore[no-any-return]


def without_default(final: AnyField) -> AnyField:
    """The field without its default."""
    field: Any = final
    bare = field.clone()
    bare.default = models.NOT_PROVIDED
    return bare  # type: ignore[no-any-return]
