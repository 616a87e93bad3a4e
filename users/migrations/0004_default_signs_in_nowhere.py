"""The placeholder `default` is closed. Reversed, there is nothing to undo: the column goes with 0003."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def close(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    users = apps.get_model("users", "User").objects.using(schema_editor.connection.alias)
    users.filter(nickname="default").update(is_active=False)


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0003_account_fields"),
    ]

    operations = [
        migrations.RunPython(close, migrations.RunPython.noop),
    ]
