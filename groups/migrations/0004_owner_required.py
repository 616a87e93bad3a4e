"""Each group has an owner: the Flask version's second schema (state B).

Groups that are there get the user of 0003, as the default with which the column comes, so that no row is touched however
many there are. On MySQL and MariaDB the default stays until 0010, for the groups that programs of the release before add.
Reversed, the column goes, and `migrate` keeps in its archive who owned which group.
"""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from evolution.operations import AddRequiredField

default_user = import_module("groups.migrations.0003_default_owner").default_user


class Migration(migrations.Migration):
    dependencies = [
        ("groups", "0003_default_owner"),
    ]

    # An earlier form of it added the column.
    archive_of = [("groups", "0002_owner_column")]

    accepted = {
        "evolution.W102": "the column as the Flask version has it",
    }

    same_as = {
        "e8dc7963104ec31645a9ed06da5a55a62107b5a30cf6437841fd4b0f49bb296c": "took NULL away from a column that 0002 had added",
    }

    operations = [
        AddRequiredField(
            model_name="group",
            name="user",
            field=models.ForeignKey(
                db_column="user",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estimation_groups",
                to=settings.AUTH_USER_MODEL,
            ),
            value=default_user,
        ),
    ]
