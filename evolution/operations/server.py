"""What operations have in common that change nothing but a MySQL or MariaDB database."""

from typing import Any

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps


class ServerOperation(Operation):
    """A change that the models know nothing of, and that SQLite is left without.

    `forwards` and `backwards` get the schema editor, the historical applications and the model `model_name`.
    """

    reduces_to_sql = True
    reversible = True
    model_name: str

    def forwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        raise NotImplementedError

    def backwards(self, schema_editor: Any, apps: StateApps, model: Any) -> None:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models know nothing of it."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if concerns(schema_editor, app_label, self.model_name):
            self.forwards(schema_editor, to_state.apps, to_state.apps.get_model(app_label, self.model_name))

    def database_backwards(
        self, app_label: str, schema_editor: Any, _from: Any, to_state: ProjectState
    ) -> None:
        if concerns(schema_editor, app_label, self.model_name):
            self.backwards(schema_editor, to_state.apps, to_state.apps.get_model(app_label, self.model_name))


def concerns(schema_editor: BaseDatabaseSchemaEditor, app_label: str, model_name: str) -> bool:
    """Whether the editor's database is one of these servers, and has the model's table."""
    connection = schema_editor.connection
    return connection.vendor == "mysql" and router.allow_migrate(
        connection.alias, app_label, model_name=model_name.lower()
    )
