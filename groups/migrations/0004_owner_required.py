"""Each group has an owner: the Flask version's second schema (state B)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0003_default_owner"),
    ]

    operations = [
        migrations.AlterField(
            model_name="group",
            name="user",
            field=models.ForeignKey(
                db_column="user",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estimation_groups",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
