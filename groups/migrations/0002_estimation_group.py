"""The table gets a name that is no reserved word.

On MySQL and MariaDB the Flask application goes on with its groups meanwhile, and until 0010, through a view of the old name.
"""

from django.db import migrations

from evolution.operations import AlterModelTableWithView


class Migration(migrations.Migration):
    # It added the owner's column, too, which comes with 0004 now.
    replaces = [("groups", "0002_owner_column")]

    dependencies = [
        ("groups", "0001_initial"),
    ]

    accepted = {
        "evolution.W401": "leaves the reserved name; on SQLite the Flask application is stopped by then",
    }

    operations = [
        AlterModelTableWithView(name="group", table="estimation_group"),
    ]
