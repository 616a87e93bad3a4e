"""Views that stand where a table was, for programs that know it by its old name alone. MySQL and MariaDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import truncate_name
from django.db.migrations.operations import AlterModelTable
from django.db.migrations.state import ProjectState, StateApps

from evolution.operations.server import ServerOperation, concerns


class AlterModelTableWithView(AlterModelTable):
    """AlterModelTable that leaves a view of the old name, with the columns that the table has then.

    Programs of the release before read and write through it, with the same ids, and notice nothing: the table and the
    view change their names in one statement. The view goes by `DropTableView`, in a contract step. Reversed, it gives
    its name back to the table.

    On SQLite, where a program is not told the id of a row that it adds through a view, the old name is gone.
    Raises ValueError for a model with many-to-many fields, whose tables would change their names too.
    """

    def describe(self) -> str:
        return f"{super().describe()}, with a view of the old name"

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        old, new = (state.apps.get_model(app_label, self.name) for state in (from_state, to_state))
        old_table, new_table = old._meta.db_table, new._meta.db_table
        if not concerns(schema_editor, app_label, self.name) or old_table == new_table:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if new._meta.local_many_to_many:
            raise ValueError(f"{self.name} has many-to-many fields, whose tables can't be given a view.")
        longest = schema_editor.connection.ops.max_name_length()
        view, empty = (truncate_name(f"evolution_{kind}_{new_table}", longest) for kind in ("view", "empty"))
        quoted = schema_editor.quote_name
        # A view can only be made of a table that there is: one like it has the new name until they are exchanged.
        schema_editor.execute(f"CREATE TABLE {quoted(new_table)} LIKE {quoted(old_table)}", None)
        columns = [field.column for field in old._meta.local_concrete_fields]
        schema_editor.execute(_creation(schema_editor, view, new_table, columns), None)
        exchange = (
            f"RENAME TABLE %(new_table)s TO {quoted(empty)}, %(old_table)s TO %(new_table)s,"
            f" {quoted(view)} TO %(old_table)s"
        )
        with _renaming_by(schema_editor, exchange):
            schema_editor.alter_db_table(new, old_table, new_table)
        schema_editor.execute(f"DROP TABLE {quoted(empty)}", None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if concerns(schema_editor, app_label, self.name):
            table = to_state.apps.get_model(app_label, self.name)._meta.db_table
            schema_editor.execute(f"DROP VIEW IF EXISTS {schema_editor.quote_name(table)}", None)
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class DropTableView(ServerOperation):
    """Drops the view that `AlterModelTableWithView` has left under a table's old name: a contract step.

    Reversed, it makes the view again, with these columns of the table that the model has now.
    """

    def __init__(self, model_name: str, view: str, *, columns: Sequence[str]) -> None:
        self.model_name = model_name
        self.view = view
        self.columns = list(columns)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        given = {"model_name": self.model_name, "view": self.view, "columns": self.columns}
        return type(self).__qualname__, [], given

    def describe(self) -> str:
        return f"Drop the view {self.view} of the table of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"no_view_{self.view.lower()}"

    def forwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        schema_editor.execute(f"DROP VIEW IF EXISTS {schema_editor.quote_name(self.view)}", None)

    def backwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        schema_editor.execute(_creation(schema_editor, self.view, model._meta.db_table, self.columns), None)


def _creation(schema_editor: BaseDatabaseSchemaEditor, view: str, table: str, columns: Sequence[str]) -> str:
    # OR REPLACE: after a crash it can be carried out again, whether it was or not.
    names = ", ".join(map(schema_editor.quote_name, columns))
    view, table = schema_editor.quote_name(view), schema_editor.quote_name(table)
    return f"CREATE OR REPLACE VIEW {view} AS SELECT {names} FROM {table}"  # noqa: S608


@contextmanager
def _renaming_by(schema_editor: Any, template: str) -> Iterator[None]:
    """Within the block the editor renames a table by another statement than its own."""
    own = schema_editor.sql_rename_table
    schema_editor.sql_rename_table = template
    try:
        yield
    finally:
        schema_editor.sql_rename_table = own
