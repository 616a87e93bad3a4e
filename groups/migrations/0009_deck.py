"""The deck of a group, as one line of text. Groups that are there begin with the Fibonacci numbers."""

from django.db import migrations, models

import groups.validators


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0008_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="group",
            name="deck",
            field=models.CharField(
                default="0 1 2 3 5 8 13 21 34 55 89 ? ☕",
                help_text="The cards, such as 1 2 3 5 8 ? or S=1 M=3 L=8.",
                max_length=700,
                validators=[groups.validators.validate_deck],
                verbose_name="deck",
            ),
        ),
        migrations.AddField(
            model_name="historicalgroup",
            name="deck",
            field=models.CharField(
                default="0 1 2 3 5 8 13 21 34 55 89 ? ☕",
                help_text="The cards, such as 1 2 3 5 8 ? or S=1 M=3 L=8.",
                max_length=700,
                validators=[groups.validators.validate_deck],
                verbose_name="deck",
            ),
        ),
    ]
