"""Every group without an owner gets the user `default` as its owner, who is made only if there is such a group.

Batch by batch in the order of the ids, so that neither memory nor a transaction grows with the table, and a
run that was cut short goes on with the groups that are left. Reversed, the groups of `default` are ownerless
again; the user stays, so that going up once more gives them the same owner.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 5000  # rows


def _set_owner(groups, owner_id):
    """Set the owner of all `groups` (a queryset), BATCH at a time."""
    remaining = groups
    while ids := list(remaining.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        groups.filter(pk__gte=ids[0], pk__lte=ids[-1]).update(user=owner_id)
        remaining = groups.filter(pk__gt=ids[-1])


def give_to_default(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    groups = apps.get_model("groups", "Group").objects.using(database)
    users = apps.get_model("users", "User").objects.using(database)
    ownerless = groups.filter(user=None)
    if not ownerless.exists():
        return
    defaults = users.filter(nickname="default").order_by("pk")
    if not defaults.exists():
        users.create(nickname="default")
    _set_owner(ownerless, defaults.values_list("pk", flat=True)[0])


def take_from_default(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    groups = apps.get_model("groups", "Group").objects.using(database)
    users = apps.get_model("users", "User").objects.using(database)
    default = users.filter(nickname="default").order_by("pk").first()
    if default is not None:
        _set_owner(groups.filter(user=default.pk), None)


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0002_owner_column"),
    ]

    operations = [
        # Not atomic: where the database commits each schema change by itself, each batch commits too.
        migrations.RunPython(give_to_default, take_from_default, atomic=False),
    ]
