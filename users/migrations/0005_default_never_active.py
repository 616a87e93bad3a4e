"""The database itself sees to it that `default` can never be opened again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0004_default_signs_in_nowhere"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=~models.Q(nickname="default", is_active=True),
                name="user_default_never_active",
                violation_error_message="“default” stands for groups without an owner and can never sign in.",
            ),
        ),
    ]
