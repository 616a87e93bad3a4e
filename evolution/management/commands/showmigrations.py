"""`manage.py showmigrations`: Django's own, which also shows where the database is and where the history ends."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import showmigrations
from django.db import connections
from django.db.migrations.loader import MigrationLoader


class Command(showmigrations.Command):
    help = f"{showmigrations.Command.help}, where the database is, or where their history ends"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        for name, text in {
            "current": "Shows the last migration of each application that is applied, and how many are not.",
            "heads": "Shows the last migration of each application; several where its history has branches.",
        }.items():
            parser.add_argument(f"--{name}", action="store_const", dest="format", const=name, help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["format"] not in {"current", "heads"}:
            super().handle(*args, **options)
            return
        loader = MigrationLoader(connections[options["database"]], ignore_no_migrations=True)
        if options["app_label"]:
            self._validate_app_names(loader, options["app_label"])  # type: ignore[attr-defined]
        show = _current if options["format"] == "current" else _heads
        for app_label in options["app_label"] or sorted(loader.migrated_apps):
            self.stdout.write(show(loader, app_label))


def _current(loader: MigrationLoader, app_label: str) -> str:
    nodes = dict.fromkeys(
        node for head in loader.graph.leaf_nodes(app_label) for node in loader.graph.forwards_plan(head)
    )
    own = [node for node in nodes if node[0] == app_label]
    applied = [name for app, name in own if (app, name) in (loader.applied_migrations or {})]
    left = len(own) - len(applied)
    return f"{app_label} {applied[-1] if applied else 'zero'} ({f'{left} not applied' if left else 'head'})"


def _heads(loader: MigrationLoader, app_label: str) -> str:
    heads = sorted(name for _app, name in loader.graph.leaf_nodes(app_label))
    joined = " (join them: manage.py makemigrations --merge)" if len(heads) > 1 else ""
    return f"{app_label} {', '.join(heads) or 'no migrations'}{joined}"
