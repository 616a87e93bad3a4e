"""Every group without an owner gets the user `default` as its owner, who is made only if there is such a group.

Where the database can, all groups get it at once as the default with which the column is made; elsewhere batch by batch
in the order of the ids, so that neither memory nor a transaction grows with the table, and a run that was cut short
goes on with the groups that are left. Groups that programs of the release before add meanwhile, and until 0010, have the
same owner, as the column's default in MySQL and MariaDB. Reversed, the groups of `default` are ownerless again; the user stays, so that
going up once more gives them the same owner.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from evolution.operations import Backfill, SetDatabaseDefault


def default_user(apps: StateApps, database: str) -> int | None:
    users = apps.get_model("users", "User").objects.using(database)
    return users.filter(nickname="default").order_by("pk").values_list("pk", flat=True).first()


def make_default_user(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    ownerless = apps.get_model("groups", "Group").objects.using(database).filter(user=None)
    if ownerless.exists() and default_user(apps, database) is None:
        apps.get_model("users", "User").objects.using(database).create(nickname="default")


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0002_owner_column"),
    ]

    same_as = {
        "76e287c4458c8665d79fff44be005db75547a7027dcbfd6f09b64dc4536c69b1": "gave the owner in batches on every database",
        "4200cbbe7c302dfb9c42c1dcc9ccb6c78b00efcbf062bdb3f1f56d76628b1e38": "gave it to the groups of that moment alone",
    }

    operations = [
        migrations.RunPython(make_default_user, migrations.RunPython.noop),
        SetDatabaseDefault("group", "user", value=default_user),
        Backfill("group", "user", value=default_user, checkpoint="owner"),
    ]
