"""Takes a migration apart: the column may be empty, the rows are filled, the column is as it is to be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation

from evolution.rewriting.data_step import DataStep, Filling
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


def in_steps(migration: Migration, needs: Needs) -> list[Migration]:
    """The migrations that stand for `migration`, each depending on the one before; itself where it needs no filling.

    The last one keeps its name, so that what depends on it depends on all of them.
    """
    parts = list(_parts(migration, needs))
    if not any(part.fillings for part in parts):
        return [migration]
    label, name = migration.app_label, migration.name
    steps: list[Any] = []  # lists stand in an instance, whatever the stubs say
    for part in parts:
        if part.operations:
            steps.append(SchemaStep(f"{name}_{len(steps)}", label, part.operations))
        if part.fillings:
            steps.append(DataStep(f"{name}_{len(steps)}", label, part.fillings))
    steps[-1].name = name
    steps[0].dependencies = migration.dependencies
    for before, step in pairwise(steps):
        step.dependencies = [(label, before.name)]
    return steps


def _parts(migration: Migration, needs: Needs) -> Iterator[_Part]:
    part = _Part()
    for operation in migration.operations:
        if part.fillings and not _independent(operation, part.fillings):
            yield part
            part = _Part([last for filling in part.fillings for last in _completed(filling)])
        filling = needs(operation)
        if filling is None:
            part.operations.append(operation)
            continue
        part.fillings.append(filling)
        if isinstance(operation, ops.AddField):
            part.operations.append(ops.AddField(operation.model_name, operation.name, emptied(filling.field)))
    yield part
    if part.fillings:
        yield _Part([last for filling in part.fillings for last in _completed(filling)])


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
