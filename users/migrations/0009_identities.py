"""People may come by OpenID Connect, known by issuer and subject. Back, and nobody does; forwards again, and all do."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0008_session_generation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("issuer", models.CharField(editable=False, max_length=255, verbose_name="provider")),
                (
                    "subject",
                    models.CharField(editable=False, max_length=255, verbose_name="name at the provider"),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "linked_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="linked"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "identity",
                "verbose_name_plural": "identities",
                "db_table": "estimation_identity",
            },
        ),
    ]
