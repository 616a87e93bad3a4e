"""Table `user(id, nickname)`, as the Flask version's second schema (state B) has it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    accepted = {
        "evolution.W101": "the table as the Flask version has it; 0002 renames it",
    }

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("nickname", models.CharField(max_length=32)),
            ],
            options={"db_table": "user"},
        ),
    ]
