"""`AddRequiredField`: a new field, and the value that it has for the rows that are there already."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddField
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field, Model

from evolution.archive.entries import Archive, holds_every_row
from evolution.models import ArchiveEntry
from evolution.operations.backfill import Value, name_of


class NoValue(Exception):
    """There are rows, and no value for their new field; the message names them and says what to do."""


class AddRequiredField(AddField):
    """AddField of a field that may not be NULL; the database is asked what the rows that are there have in it.

    For a foreign key, above all, to a row that an operation before has made: what is known when the migration is
    written stands better in AddField, as the field's default. `value` gets the historical applications and the alias
    of the database, and returns what all rows get, of a foreign key the number of the other row; None where there is
    nothing to give, which is right only where the table is empty. It may read, and must not write.

    The column comes with the value as its default, so that no row is touched, however many there are. On MySQL and
    MariaDB the default stays, for programs that do not know the column, until `DropDatabaseDefault` in a contract step.

    Raises NoValue, before anything is changed, where there is no value and a row needs one: where it gets none back
    from the archive. Without a value the column has no default.
    """

    def __init__(self, model_name: str, name: str, field: Any, *, value: Value) -> None:
        self.value = value
        super().__init__(model_name, name, field)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        name, arguments, options = super().deconstruct()
        return name, list(arguments), options | {"value": self.value}

    def reduce(self, operation: Any, app_label: str) -> Any:
        """Stands alone: merged with what follows, the value would be forgotten."""
        return False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        before, after = (state.apps.get_model(app_label, self.model_name) for state in (from_state, to_state))
        if not self.allow_migrate_model(schema_editor.connection.alias, after):
            return
        field: Any = after._meta.get_field(self.name)
        field.default = self._found(schema_editor, before, from_state, field)
        try:
            schema_editor.add_field(before, field)
        finally:
            field.default = NOT_PROVIDED

    def _found(
        self, schema_editor: BaseDatabaseSchemaEditor, model: type[Model], state: ProjectState, field: Any
    ) -> Any:
        """The value; NOT_PROVIDED where there is none and no row that needs one."""
        value = self.value(state.apps, schema_editor.connection.alias)
        if value is not None:
            return value
        archive, table = _archive(schema_editor), model._meta.db_table
        entry = (
            archive.kept_by_the_other_way(ArchiveEntry.Kind.COLUMN, table, field.column) if archive else None
        )
        target = field.target_field if field.remote_field and field.db_constraint else None
        if not holds_every_row(schema_editor.connection, entry, table, target):
            raise NoValue(
                f"{table} has rows that need a value for their {self.name}, and {name_of(self.value)} finds none. "
                "The column was not added. Make what it looks for, or go back to before the migration that makes it, "
                "then run migrate again."
            )
        return NOT_PROVIDED


def needs_value(
    schema_editor: BaseDatabaseSchemaEditor,
    model: type[Model],
    column: str,
    *,
    to: Field[Any, Any] | None = None,
) -> bool:
    """Whether a column that a later operation of the application adds needs a value.

    For code in a migration that makes what AddRequiredField looks for, which need not be made where no row is going to
    have it. A value is needed for a row that gets none back from the archive, and where other programs may add rows
    meanwhile, in `migrate --expand`. `to` is the field that the column points to, if it is a foreign key.
    """
    if getattr(schema_editor, "expands", False):
        return True
    archive, table = _archive(schema_editor), model._meta.db_table
    entry = archive.column_to_come(table, column) if archive else None
    return not holds_every_row(schema_editor.connection, entry, table, to)


def _archive(schema_editor: BaseDatabaseSchemaEditor) -> Archive | None:
    """What may bring values back; in a project without this application's migrate nothing does."""
    return getattr(schema_editor, "archive", None)
