"""Takes away what was left for programs of releases before: the view of the old table, and defaults in the database.

A contract step: the Flask application finds no groups any more, and a release before 0009 can add none. On SQLite there
is nothing of the kind. Reversed, all of it is back.
"""

from importlib import import_module

from django.db import migrations

from evolution.operations import DropDatabaseDefault, DropTableView

default_user = import_module("groups.migrations.0003_default_owner").default_user


class Migration(migrations.Migration):
    contract = True

    dependencies = [
        ("groups", "0009_deck"),
    ]

    operations = [
        DropTableView("group", "group", columns=["id", "name"]),
        DropDatabaseDefault("group", "user", value=default_user),
        DropDatabaseDefault("group", "invite_generation"),
        DropDatabaseDefault("group", "deck"),
        DropDatabaseDefault("historicalgroup", "deck"),
    ]
