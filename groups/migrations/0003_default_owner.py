"""Every group without an owner gets the user `default` as its owner, who is made only if there is such a group.

Batch by batch in the order of the ids, so that neither memory nor a transaction grows with the table, and a
run that was cut short goes on with the groups that are left. Reversed, the groups of `default` are ownerless
again; the user stays, so that going up once more gives them the same owner.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from evolution.batches import for_each_batch


def give_to_default(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    groups = apps.get_model("groups", "Group").objects.using(database)
    users = apps.get_model("users", "User").objects.using(database)
    defaults = users.filter(nickname="default").order_by("pk")

    def give(batch):
        batch.update(user=defaults.first() or users.create(nickname="default"))

    for_each_batch(groups.filter(user=None), give, checkpoint="owner")


def take_from_default(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    groups = apps.get_model("groups", "Group").objects.using(database)
    users = apps.get_model("users", "User").objects.using(database)
    default = users.filter(nickname="default").order_by("pk").first()
    owned = groups.filter(user=default) if default else groups.none()
    for_each_batch(owned, lambda batch: batch.update(user=None), checkpoint="owner")


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0002_owner_column"),
    ]

    operations = [
        # Not atomic: where the database commits each schema change by itself, each batch commits too.
        migrations.RunPython(give_to_default, take_from_default, atomic=False),
    ]
