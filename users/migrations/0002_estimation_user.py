"""The users' table gets a name that is no reserved word.

It follows the groups' state B on purpose: as two branches, going back to state A would reverse the groups
against a users' table of the wrong name.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0004_owner_required"),
        ("users", "0001_initial"),
    ]

    accepted = {
        "evolution.W401": "leaves the reserved name; the application is stopped by then",
    }

    operations = [
        migrations.AlterModelTable(name="user", table="estimation_user"),
    ]
