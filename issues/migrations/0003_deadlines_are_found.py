"""An index over state and deadline: rounds whose time is over are looked for every few seconds, in all groups."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0002_nudge_and_missing"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["state", "deadline"], name="round_past_deadline"),
        ),
    ]
