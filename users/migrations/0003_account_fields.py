"""What an account needs: e-mail, password, flags, dates, permissions.

Whoever comes from the Flask version becomes a guest: no e-mail, a password that matches nothing, and no date of
joining, since nobody knows it. Reversed, all of this goes, and nicknames stay.
"""

import django.utils.timezone
from django.db import migrations, models

import users.validators

UNUSABLE_PASSWORD = "!"  # noqa: S105 - what Django takes for "no password matches" # nosec B105


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("users", "0002_estimation_user"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user", options={"verbose_name": "user", "verbose_name_plural": "users"}
        ),
        migrations.AddField(
            model_name="user",
            name="email",
            field=models.EmailField(
                blank=True,
                error_messages={"unique": "There is an account with this e-mail already."},
                help_text="The name to sign in with. Empty for a guest.",
                max_length=254,
                null=True,
                unique=True,
                verbose_name="e-mail",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="password",
            field=models.CharField(default=UNUSABLE_PASSWORD, max_length=128, verbose_name="password"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="user",
            name="last_login",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last login"),
        ),
        migrations.AddField(
            model_name="user",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="May sign in. Take this away instead of deleting an account.",
                verbose_name="active",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="is_staff",
            field=models.BooleanField(
                default=False, help_text="May sign in to the admin.", verbose_name="staff"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="is_superuser",
            field=models.BooleanField(
                default=False,
                help_text="Designates that this user has all permissions without explicitly assigning them.",
                verbose_name="superuser status",
            ),
        ),
        # First without a default, so that existing rows stay empty.
        migrations.AddField(
            model_name="user",
            name="date_joined",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="joined"),
        ),
        migrations.AlterField(
            model_name="user",
            name="date_joined",
            field=models.DateTimeField(
                blank=True,
                default=django.utils.timezone.now,
                editable=False,
                null=True,
                verbose_name="joined",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="nickname",
            field=models.CharField(
                help_text="What the others in your groups see. 32 characters at most.",
                max_length=32,
                validators=[users.validators.validate_nickname],
                verbose_name="nickname",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="groups",
            field=models.ManyToManyField(
                blank=True,
                help_text=(
                    "The groups this user belongs to. A user will get all permissions granted to each of their groups."
                ),
                related_name="user_set",
                related_query_name="user",
                to="auth.group",
                verbose_name="groups",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="user_permissions",
            field=models.ManyToManyField(
                blank=True,
                help_text="Specific permissions for this user.",
                related_name="user_set",
                related_query_name="user",
                to="auth.permission",
                verbose_name="user permissions",
            ),
        ),
    ]
