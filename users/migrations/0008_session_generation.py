"""Counts how often somebody was signed out everywhere. Sessions that are open go on: nothing was counted yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0007_recovery_codes"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="session_generation",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Counts how often all browsers were signed out.",
                verbose_name="session generation",
            ),
        ),
    ]
