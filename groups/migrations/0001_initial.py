"""Table `group(id, name)`: the Flask version's first schema (state A), reserved word and all.

It stands without the users on purpose, so that a database in state A matches it exactly.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    accepted = {
        "evolution.W101": "the table as the Flask version has it; 0002 renames it",
    }

    operations = [
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=32, null=True)),
            ],
            options={"db_table": "group"},
        ),
    ]
