"""Groups can be archived, have a date of creation and an invite link that can be renewed.

The date of groups that came from the Flask version stays empty, since nobody knows it. The link needs no column
but a counter: its token is signed, not stored.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0004_owner_required"),
        ("users", "0005_default_never_active"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="group", options={"verbose_name": "group", "verbose_name_plural": "groups"}
        ),
        migrations.AlterField(
            model_name="group",
            name="name",
            field=models.CharField(max_length=32, null=True, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="group",
            name="user",
            field=models.ForeignKey(
                db_column="user",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estimation_groups",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="archived_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived"),
        ),
        # First without a default, so that existing rows stay empty.
        migrations.AddField(
            model_name="group",
            name="created_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="group",
            name="created_at",
            field=models.DateTimeField(
                blank=True,
                default=django.utils.timezone.now,
                editable=False,
                null=True,
                verbose_name="created",
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="invite_generation",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="Counts how often the invite link was renewed.",
                verbose_name="invite generation",
            ),
        ),
    ]
