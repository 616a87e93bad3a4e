"""Defaults in the database, for programs that do not know a column."""

from typing import Any

from django.db.migrations.state import StateApps

from evolution.column_defaults import drop_default, set_default
from evolution.operations.backfill import Value
from evolution.operations.server import ServerOperation


class SetDatabaseDefault(ServerOperation):
    """Gives a column a default in the database: rows of programs that do not know the column get it. Reversed, it goes.

    For a foreign key, above all, whose target is a row: what is known when the migration is written stands better in
    the field's `db_default`. `value` gets what that of `Backfill` gets, and returns as much; where there is nothing to
    give, the column is left as it is. Without a `value` it is the default of the field itself.

    The column has no default before: reversed, it has none.

    SQLite, which would build the table anew for it, is left as it is.
    """

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

    def forwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        field = model._meta.get_field(self.field_name)
        if self.value:
            value = self.value(apps, schema_editor.connection.alias)
        else:
            value = schema_editor.effective_default(field)
        if value is not None:
            set_default(schema_editor, model, field, value)

    def backwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        drop_default(schema_editor, model, model._meta.get_field(self.field_name))


class DropDatabaseDefault(SetDatabaseDefault):
    """The reverse of SetDatabaseDefault, for the contract step; also of a default that `migrate` has left by itself."""

    forwards = SetDatabaseDefault.backwards
    backwards = SetDatabaseDefault.forwards

    def describe(self) -> str:
        return f"Drop the default that {self.field_name} of {self.model_name} has in the database"

    @property
    def migration_name_fragment(self) -> str:
        return f"no_{super().migration_name_fragment}"
