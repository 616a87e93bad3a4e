"""The table gets a name that is no reserved word, and a column for the owner, empty so far.

On MySQL and MariaDB the Flask application goes on with its groups meanwhile, and until 0010, through a view of the old name.
Reversed, the column goes, and with it who owns which group.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from evolution.operations import AlterModelTableWithView


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_initial"),
        ("groups", "0001_initial"),
    ]

    accepted = {
        "evolution.W401": "leaves the reserved name; on SQLite the Flask application is stopped by then",
        "evolution.W102": "the column as the Flask version has it",
    }

    operations = [
        AlterModelTableWithView(name="group", table="estimation_group"),
        migrations.AddField(
            model_name="group",
            name="user",
            field=models.ForeignKey(
                db_column="user",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estimation_groups",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
