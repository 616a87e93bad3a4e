"""Who sits in which group, under a nickname that stands once in it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import users.validators


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0005_archive_and_invite"),
    ]

    operations = [
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "nickname",
                    models.CharField(
                        max_length=32,
                        validators=[users.validators.validate_nickname],
                        verbose_name="nickname",
                    ),
                ),
                ("nickname_key", models.CharField(editable=False, max_length=64)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("facilitator", "facilitator"),
                            ("voter", "voter"),
                            ("observer", "observer"),
                        ],
                        default="voter",
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="joined"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="groups.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["group", "user"],
                        name="membership_one_per_user",
                        violation_error_message="This user is a member of the group already.",
                    ),
                    models.UniqueConstraint(
                        fields=["group", "nickname_key"], name="membership_nickname_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(role__in=["facilitator", "voter", "observer"]),
                        name="membership_known_role",
                    ),
                ],
            },
        ),
    ]
