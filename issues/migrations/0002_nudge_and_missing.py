"""When a round's voters were last nudged; and, with each step of a round, whose vote was missing then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0001_issues_and_rounds"),
    ]

    operations = [
        migrations.AddField(
            model_name="round",
            name="nudged_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="nudged"),
        ),
        migrations.AddField(
            model_name="transition",
            name="missing",
            field=models.JSONField(blank=True, default=list, verbose_name="without a vote"),
        ),
    ]
