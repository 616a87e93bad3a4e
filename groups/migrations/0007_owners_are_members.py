"""Every owner but the placeholder `default` sits in the groups that are theirs, as facilitator.

Reversed, there is nothing to undo: the table goes with 0006.
"""

import hashlib
import unicodedata

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 1000  # rows


def _key(nickname):
    """The key of a nickname as it was reckoned when this was written."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", nickname.strip()).casefold())
    return hashlib.sha256(folded.encode()).hexdigest()


def seat_owners(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    groups = apps.get_model("groups", "Group").objects.using(database)
    membership = apps.get_model("groups", "Membership")
    # Those who are seated drop out of the search, so that a run that was cut short goes on where it stopped.
    unseated = groups.exclude(user__nickname="default", user__is_active=False).filter(memberships=None)
    remaining = unseated
    while batch := list(remaining.order_by("pk").values_list("pk", "user", "user__nickname")[:BATCH]):
        membership.objects.using(database).bulk_create(
            membership(
                group_id=group,
                user_id=user,
                nickname=nickname,
                nickname_key=_key(nickname),
                role="facilitator",
            )
            for group, user, nickname in batch
        )
        remaining = unseated.filter(pk__gt=batch[-1][0])


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0006_membership"),
    ]

    operations = [
        # Not atomic: where the database commits each schema change by itself, each batch commits too.
        migrations.RunPython(seat_owners, migrations.RunPython.noop, atomic=False),
    ]
