"""The user `default` is made, if there are groups that have no owner in the archive: in 0004 they get it as theirs.

It is made in any case where the Flask application may add groups meanwhile, by `migrate --expand`.
Reversed, the user stays, so that going up once more gives the groups the same owner.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from evolution.operations import needs_value


def default_user(apps: StateApps, database: str) -> int | None:
    users = apps.get_model("users", "User").objects.using(database)
    return users.filter(nickname="default").order_by("pk").values_list("pk", flat=True).first()


def make_default_user(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    group, user = apps.get_model("groups", "Group"), apps.get_model("users", "User")
    is_needed = needs_value(schema_editor, group, "user", to=user._meta.pk)
    if is_needed and default_user(apps, database) is None:
        user.objects.using(database).create(nickname="default")


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_initial"),
        ("groups", "0002_estimation_group"),
    ]

    same_as = {
        "76e287c4458c8665d79fff44be005db75547a7027dcbfd6f09b64dc4536c69b1": "gave the owner in batches on every database",
        "4200cbbe7c302dfb9c42c1dcc9ccb6c78b00efcbf062bdb3f1f56d76628b1e38": "gave it to the groups of that moment alone",
        "3e9202932c7173be38be32989642b66dc0a28f78171d39c04d79d708b6278b0c": "gave it here, to a column that was there",
    }

    operations = [
        migrations.RunPython(make_default_user, migrations.RunPython.noop),
    ]
