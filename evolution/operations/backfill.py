"""`Backfill`: one value for all rows that have none."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps
from django.db.models import Model

from evolution.batches import for_each_batch
from evolution.column_defaults import filled_by_default

Value = Callable[[StateApps, str], Any]


def name_of(code: Any) -> str:
    """What to call a function that a migration file names: its module and name."""
    name = getattr(code, "__qualname__", "")
    return f"{code.__module__}.{name}" if name else repr(code)


class Backfill(RunPython):
    """Gives every row that has NULL in a field the same value; reversed, the rows with this value have NULL again.

    `value` gets the historical applications and the alias of the database, and returns what the column gets, of a
    foreign key the number of the other row; None where there is nothing to give. It may read, and must not write: a
    row to point to is made by an operation before. `checkpoint` is the name under which a run that was cut short
    knows how far it came.

    Where a large table's column is as new as the run, MySQL and MariaDB are asked to take it away and to make it again
    with the value as its default, which needs no row to be touched. Everywhere else it goes batch by batch.
    """

    def __init__(self, model_name: str, field_name: str, *, value: Value, checkpoint: str) -> None:
        self.model_name = model_name
        self.field_name = field_name
        self.value = value
        self.checkpoint = checkpoint
        # Not atomic: where the database commits each schema change by itself, each batch commits too.
        super().__init__(self.give, self.take, atomic=False, hints={"model_name": model_name.lower()})

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        names = ("model_name", "field_name", "value", "checkpoint")
        return type(self).__qualname__, [], {name: getattr(self, name) for name in names}

    def describe(self) -> str:
        return f"Fill {self.field_name} of {self.model_name}"

    def database_forwards(self, app_label: str, *arguments: Any) -> None:
        self._app_label = app_label
        super().database_forwards(app_label, *arguments)

    def database_backwards(self, app_label: str, *arguments: Any) -> None:
        self._app_label = app_label
        super().database_backwards(app_label, *arguments)

    def give(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        """Give the value to all rows that have none."""
        model, value = self._found(apps, schema_editor)
        if value is not None and not filled_by_default(schema_editor, model, self.field_name, value):
            self._update(schema_editor, model, before=None, after=value)

    def take(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        """Take it from all rows that have it."""
        model, value = self._found(apps, schema_editor)
        if value is not None:
            self._update(schema_editor, model, before=value, after=None)

    def _found(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> tuple[type[Model], Any]:
        value = self.value(apps, schema_editor.connection.alias)
        return apps.get_model(self._app_label, self.model_name), value

    def _update(
        self, schema_editor: BaseDatabaseSchemaEditor, model: type[Model], *, before: Any, after: Any
    ) -> None:
        # As the column has it: of a foreign key the number.
        field = model._meta.get_field(self.field_name).attname  # type: ignore[union-attr]
        rows = model._base_manager.using(schema_editor.connection.alias)
        found = (
            rows.filter(**{f"{field}__isnull": True}) if before is None else rows.filter(**{field: before})
        )
        for_each_batch(found, lambda batch: batch.update(**{field: after}), checkpoint=self.checkpoint)
