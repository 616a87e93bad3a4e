"""Defaults in the database, for programs that do not know a column."""

from typing import Any

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution.column_defaults import drop_default, set_default
from evolution.operations.backfill import Value


class SetDatabaseDefault(Operation):
    """Gives a column a default in the database: rows of programs that do not know the column get it. Reversed, it goes.

    For a foreign key, above all, whose target is a row: what is known when the migration is written stands better in
    the field's `db_default`. `value` gets what that of `Backfill` gets, and returns as much; where there is nothing to
    give, the column is left as it is. Without a `value` it is the default of the field itself.

    SQLite, which would build the table anew for it, is left as it is.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, field_name: str, *, value: Value | None = None) -> None:
        self.model_name = model_name
        self.field_name = field_name
        self.value = value

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        given = {"model_name": self.model_name, "field_name": self.field_name}
        return type(self).__qualname__, [], given | ({"value": self.value} if self.value else {})

    def describe(self) -> str:
        return f"Give {self.field_name} of {self.model_name} a default in the database"

    @property
    def migration_name_fragment(self) -> str:
        return f"default_of_{self.model_name.lower()}_{self.field_name.lower()}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models know nothing of it."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._set(app_label, schema_editor, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._drop(app_label, schema_editor, to_state)

    def _set(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState) -> None:
        if not self._concerns(app_label, schema_editor):
            return
        model = state.apps.get_model(app_label, self.model_name)
        field: Any = model._meta.get_field(self.field_name)
        if self.value:
            value = self.value(state.apps, schema_editor.connection.alias)
        else:
            value = schema_editor.effective_default(field)
        if value is not None:
            set_default(schema_editor, model, field, value)

    def _drop(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState) -> None:
        if self._concerns(app_label, schema_editor):
            model = state.apps.get_model(app_label, self.model_name)
            drop_default(schema_editor, model, model._meta.get_field(self.field_name))

    def _concerns(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
        connection = schema_editor.connection
        return connection.vendor == "mysql" and router.allow_migrate(
            connection.alias, app_label, model_name=self.model_name.lower()
        )


class DropDatabaseDefault(SetDatabaseDefault):
    """The reverse of SetDatabaseDefault, for the contract step; also of a default that `migrate` has left by itself."""

    def describe(self) -> str:
        return f"Drop the default that {self.field_name} of {self.model_name} has in the database"

    @property
    def migration_name_fragment(self) -> str:
        return f"no_{super().migration_name_fragment}"

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._drop(app_label, schema_editor, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._set(app_label, schema_editor, to_state)
