"""What an operation does to tables and columns. Pure: it looks at states, never at a database."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import router
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.utils import resolve_relation  # type: ignore[attr-defined]  # the stubs leave it out
from django.db.models import CheckConstraint, ForeignKey, ForeignObject, IntegerField, UniqueConstraint

from evolution.rules.changes import (
    AnyField,
    Change,
    CheckAdded,
    ColumnAdded,
    ColumnAltered,
    ForeignKeyAdded,
    TableCreated,
    TableRenamed,
    UniqueAdded,
)


def changes_of(
    operation: Operation, app_label: str, before: ProjectState, after: ProjectState, alias: str
) -> list[Change]:
    """The changes that `operation` makes forwards in the database `alias`, in their order.

    `before` and `after` are the states around it. Nothing for operations that change only the state, and for
    models without a table there (unmanaged, proxy, swapped, kept out by a router).
    """
    return list(_Reader(app_label, before, after, alias).read(operation))


def table_of(model: ModelState) -> str:
    """The table of a model."""
    return str(model.options.get("db_table") or f"{model.app_label}_{model.name_lower}")


def column_of(name: str, field: AnyField) -> str | None:
    """The column of a field that is called `name`, or None for a field without one."""
    if field.many_to_many or (isinstance(field, ForeignObject) and not isinstance(field, ForeignKey)):
        return None
    bound: Any = field
    bound = bound.clone()
    bound.set_attributes_from_name(name)
    return str(bound.column) if bound.column else None


def is_unique(field: AnyField) -> bool:
    """Whether each value may stand once only."""
    return bool(field.primary_key or field.unique)


def has_constraint(field: Any) -> bool:
    """Whether the database itself sees to it that the field points to a row."""
    return isinstance(field, ForeignKey) and bool(getattr(field, "db_constraint", True))


class _Reader:
    """Reads one operation."""

    def __init__(self, app_label: str, before: ProjectState, after: ProjectState, alias: str) -> None:
        self.app_label = app_label
        self.before = before
        self.after = after
        self.alias = alias

    def read(self, operation: Any) -> Iterator[Change]:
        for kind, reader in _READERS.items():
            if isinstance(operation, kind):
                yield from reader(self, operation)

    def create_model(self, operation: ops.CreateModel) -> Iterator[Change]:
        yield from self.table(self.after, operation.name)

    def delete_model(self, operation: ops.DeleteModel) -> Iterator[Change]:
        yield from (change.inverse() for change in self.table(self.before, operation.name))

    def rename_model(self, operation: ops.RenameModel) -> Iterator[Change]:
        yield from self.renamed(operation.old_name, operation.new_name)
        yield from self.link_columns(operation.old_name.lower(), operation.new_name.lower())

    def rename_table(self, operation: ops.AlterModelTable) -> Iterator[Change]:
        yield from self.renamed(operation.name, operation.name)

    def add_field(self, operation: ops.AddField) -> Iterator[Change]:
        yield from self.added(self.after, operation.model_name, operation.name, operation.field)

    def remove_field(self, operation: ops.RemoveField) -> Iterator[Change]:
        added = list(self.added(self.before, operation.model_name, operation.name))
        yield from (change.inverse() for change in reversed(added))

    def alter_field(self, operation: ops.AlterField) -> Iterator[Change]:
        yield from self.altered(operation.model_name, operation.name, operation.name, operation.field)

    def rename_field(self, operation: ops.RenameField) -> Iterator[Change]:
        yield from self.altered(operation.model_name, operation.old_name, operation.new_name)

    def order(self, operation: ops.AlterOrderWithRespectTo) -> Iterator[Change]:
        """The column that Django adds and removes with the option, filled with zeros."""
        before, after = (self.model(state, operation.name) for state in (self.before, self.after))
        if not (before and after):
            return
        had, has = (bool(model.options.get("order_with_respect_to")) for model in (before, after))
        if had != has:
            column = ColumnAdded(table_of(after), "_order", IntegerField(default=0))
            yield column if has else column.inverse()

    def add_constraint(self, operation: Any) -> Iterator[Change]:
        yield from self.constraint(self.after, operation.model_name, operation.constraint.name)

    def remove_constraint(self, operation: Any) -> Iterator[Change]:
        found = self.constraint(self.before, operation.model_name, operation.name)
        yield from (change.inverse() for change in found)

    def separate(self, operation: ops.SeparateDatabaseAndState) -> Iterator[Change]:
        state = self.before.clone()
        for inner in operation.database_operations:
            before = state.clone()
            inner.state_forwards(self.app_label, state)
            yield from changes_of(inner, self.app_label, before, state.clone(), self.alias)

    def model(self, state: ProjectState, name: str) -> ModelState | None:
        """The model, if it has a table in this database."""
        model = state.models.get((self.app_label, name.lower()))
        if model is None or not model.options.get("managed", True) or model.options.get("proxy"):
            return None
        swappable = model.options.get("swappable")
        if swappable and getattr(settings, swappable, "").lower() != f"{self.app_label}.{name}".lower():
            return None
        allowed = router.allow_migrate(self.alias, self.app_label, model_name=model.name_lower)
        return model if allowed else None

    def table(self, state: ProjectState, name: str) -> Iterator[TableCreated]:
        if model := self.model(state, name):
            columns = (column_of(name, field) for name, field in model.fields.items())
            yield TableCreated(table_of(model), tuple(column for column in columns if column))
            for field_name, field in model.fields.items():
                if link := _link_table(model, field_name, field):
                    yield TableCreated(link)

    def renamed(self, old_name: str, new_name: str) -> Iterator[Change]:
        old, new = self.model(self.before, old_name), self.model(self.after, new_name)
        if old and new and table_of(old) != table_of(new):
            yield TableRenamed(table_of(old), table_of(new))
            for name, field in old.fields.items():
                before, after = _link_table(old, name, field), _link_table(new, name, new.fields[name])
                if before and after and before != after:
                    yield TableRenamed(before, after)

    def link_columns(self, old_name: str, new_name: str) -> Iterator[Change]:
        """The columns of the tables between two models that are called after a model which is renamed."""
        renamed = (self.app_label, old_name)
        for (app, name), model in self.before.models.items():
            for field_name, field in model.fields.items():
                after = self.after.models.get((app, new_name if (app, name) == renamed else name))
                if not (field.many_to_many and after and _link_table(model, field_name, field)):
                    continue
                target = resolve_relation(field.remote_field.model, app, name)
                table = _link_table(after, field_name, after.fields[field_name]) or ""
                for prefix in _link_prefixes((app, name), target, renamed):
                    old, new = f"{prefix}{old_name}_id", f"{prefix}{new_name}_id"
                    yield ColumnAltered(table, old, new, field, field)

    def added(
        self, state: ProjectState, model_name: str, name: str, field: AnyField | None = None
    ) -> Iterator[Change]:
        if not (model := self.model(state, model_name)):
            return
        # The operation's own field has the default that the state does not keep (preserve_default=False).
        field = field or model.fields[name]
        if link := _link_table(model, name, field):
            yield TableCreated(link)
        elif column := column_of(name, field):
            yield ColumnAdded(table_of(model), column, field)
            yield from self.foreign_key(state, model, column, field)

    def altered(
        self, model_name: str, old_name: str, new_name: str, field: AnyField | None = None
    ) -> Iterator[Change]:
        before, after = self.model(self.before, model_name), self.model(self.after, model_name)
        if not (before and after):
            return
        old, new = before.fields[old_name], field or after.fields[new_name]
        links = _link_table(before, old_name, old), _link_table(after, new_name, new)
        if links[0] and links[1] and links[0] != links[1]:
            yield TableRenamed(links[0], links[1])
        old_column, new_column = column_of(old_name, old), column_of(new_name, new)
        if not (old_column and new_column):
            return
        table = table_of(before)
        yield from self.keys(after, table, old_column, old, new)
        yield ColumnAltered(table, old_column, new_column, old, new)

    def keys(
        self, model: ModelState, table: str, column: str, old: AnyField, new: AnyField
    ) -> Iterator[Change]:
        """Keys that an altered column gets or loses."""
        if is_unique(new) != is_unique(old):
            unique = UniqueAdded(table, (column,), getattr(new, "db_collation", None) or "")
            yield unique if is_unique(new) else unique.inverse()
        olds = list(self.foreign_key(self.before, model, column, old))
        news = list(self.foreign_key(self.after, model, column, new))
        if olds != news:
            yield from (key.inverse() for key in olds)
            yield from news

    def foreign_key(
        self, state: ProjectState, model: ModelState, column: str, field: AnyField
    ) -> Iterator[ForeignKeyAdded]:
        if not has_constraint(field):
            return
        remote: Any = field.remote_field
        label = resolve_relation(remote.model, model.app_label, model.name_lower)
        if not (target := state.models.get(label)):
            return
        named = remote.field_name
        for name, other in target.fields.items():
            meant = name == named if named else other.primary_key
            if meant and (target_column := column_of(name, other)):
                yield ForeignKeyAdded(table_of(model), column, table_of(target), target_column)

    def unique_together(self, operation: ops.AlterUniqueTogether) -> Iterator[Change]:
        before, after = (self.model(state, operation.name) for state in (self.before, self.after))
        if not (before and after):
            return
        old = {tuple(names) for names in before.options.get("unique_together") or ()}
        new = {tuple(names) for names in after.options.get("unique_together") or ()}
        for names in sorted(old - new):
            yield UniqueAdded(table_of(before), _columns(before, names)).inverse()
        for names in sorted(new - old):
            yield UniqueAdded(table_of(after), _columns(after, names))

    def constraint(
        self, state: ProjectState, model_name: str, name: str
    ) -> Iterator[UniqueAdded | CheckAdded]:
        if not (model := self.model(state, model_name)):
            return
        for constraint in model.options.get("constraints", ()):
            if constraint.name == name and isinstance(constraint, UniqueConstraint):
                key = (model.app_label, model.name_lower)
                yield UniqueAdded(table_of(model), _columns(model, constraint.fields), "", constraint, key)
            elif constraint.name == name and isinstance(constraint, CheckConstraint):
                yield CheckAdded(table_of(model), name)


def _columns(model: ModelState, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(column_of(name, model.fields[name]) or "" for name in names)


def _link_table(model: ModelState, name: str, field: AnyField) -> str | None:
    """The table that a many-to-many field without a model of its own has."""
    if not field.many_to_many or getattr(field.remote_field, "through", None):
        return None
    return str(getattr(field, "db_table", None) or f"{table_of(model)}_{name}")


def _link_prefixes(
    source: tuple[str, str], target: tuple[str, str], renamed: tuple[str, str]
) -> tuple[str, ...]:
    """What stands before the model's name in those columns of a table between two models that are called after it."""
    if source == target == renamed:
        return ("from_", "to_")
    return ("",) if renamed in (source, target) else ()


_READERS: dict[type[Operation], Callable[[_Reader, Any], Iterator[Change]]] = {
    ops.SeparateDatabaseAndState: _Reader.separate,
    ops.CreateModel: _Reader.create_model,
    ops.DeleteModel: _Reader.delete_model,
    ops.RenameModel: _Reader.rename_model,
    ops.AlterModelTable: _Reader.rename_table,
    ops.AddField: _Reader.add_field,
    ops.RemoveField: _Reader.remove_field,
    ops.AlterField: _Reader.alter_field,
    ops.RenameField: _Reader.rename_field,
    ops.AlterUniqueTogether: _Reader.unique_together,
    ops.AlterOrderWithRespectTo: _Reader.order,
    ops.AddConstraint: _Reader.add_constraint,
    ops.RemoveConstraint: _Reader.remove_constraint,
}
