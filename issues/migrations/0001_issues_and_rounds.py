"""Issues, and the rounds in which a group votes on them: a row for each vote, one for each step of a round."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("groups", "0009_deck"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="presence",
                        serialize=False,
                        to="groups.membership",
                    ),
                ),
                ("seen_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "presence",
                "verbose_name_plural": "presences",
            },
        ),
        migrations.CreateModel(
            name="Issue",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        db_column="issue_key",
                        help_text="Its name elsewhere: PAY-12.",
                        max_length=32,
                        verbose_name="key",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "url",
                    models.URLField(
                        blank=True,
                        max_length=500,
                        validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
                        verbose_name="link",
                    ),
                ),
                ("description", models.TextField(blank=True, max_length=20000, verbose_name="description")),
                ("sprint", models.CharField(blank=True, max_length=32, verbose_name="sprint")),
                ("position", models.IntegerField(editable=False, verbose_name="position")),
                (
                    "estimate",
                    models.CharField(blank=True, editable=False, max_length=8, verbose_name="estimate"),
                ),
                (
                    "estimate_value",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        editable=False,
                        max_digits=8,
                        null=True,
                        verbose_name="estimate as a number",
                    ),
                ),
                (
                    "estimated_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="estimated"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "archived_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived"),
                ),
                (
                    "estimated_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="estimated by",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="issues",
                        to="groups.group",
                        verbose_name="group",
                    ),
                ),
            ],
            options={
                "verbose_name": "issue",
                "verbose_name_plural": "issues",
            },
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("revealed", "revealed"),
                            ("settled", "settled"),
                            ("cancelled", "cancelled"),
                        ],
                        default="open",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("deck", models.CharField(max_length=700, verbose_name="deck")),
                ("reveals_by_itself", models.BooleanField(default=False, verbose_name="reveals by itself")),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="opened")),
                ("deadline", models.DateTimeField(blank=True, null=True, verbose_name="deadline")),
                ("timer_ends_at", models.DateTimeField(blank=True, null=True, verbose_name="timer ends")),
                ("estimate", models.CharField(blank=True, max_length=8, verbose_name="estimate")),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="groups.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="issues.issue",
                        verbose_name="issue",
                    ),
                ),
            ],
            options={
                "verbose_name": "round",
                "verbose_name_plural": "rounds",
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="room",
                        serialize=False,
                        to="groups.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "version",
                    models.PositiveBigIntegerField(default=0, editable=False, verbose_name="version"),
                ),
                (
                    "reveals_by_itself",
                    models.BooleanField(
                        default=False,
                        help_text="As soon as everyone at the table has voted.",
                        verbose_name="reveals by itself",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="issues.round",
                    ),
                ),
            ],
            options={
                "verbose_name": "room",
                "verbose_name_plural": "rooms",
            },
        ),
        migrations.CreateModel(
            name="Transition",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("revealed", "revealed"),
                            ("settled", "settled"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("name", models.CharField(blank=True, max_length=32, verbose_name="by")),
                ("votes", models.PositiveIntegerField(verbose_name="votes")),
                (
                    "voters",
                    models.PositiveIntegerField(
                        help_text="Who was at the table and could vote.", verbose_name="voters"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="issues.round",
                        verbose_name="round",
                    ),
                ),
            ],
            options={
                "verbose_name": "transition",
                "verbose_name_plural": "transitions",
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=32, verbose_name="nickname")),
                ("card", models.CharField(max_length=8, verbose_name="card")),
                ("reason", models.CharField(blank=True, max_length=140, verbose_name="reason")),
                ("cast_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="voted")),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to="issues.round",
                        verbose_name="round",
                    ),
                ),
                (
                    "voter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="voter",
                    ),
                ),
            ],
            options={
                "verbose_name": "vote",
                "verbose_name_plural": "votes",
            },
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(fields=["group", "position"], name="issue_in_order"),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "revealed", "settled", "cancelled"])),
                name="round_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="transition",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "revealed", "settled", "cancelled"])),
                name="transition_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="transition",
            constraint=models.UniqueConstraint(fields=("round", "state"), name="transition_once"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(fields=("round", "voter"), name="vote_once_a_round"),
        ),
    ]
