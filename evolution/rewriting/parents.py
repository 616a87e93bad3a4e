"""Which command is extended: of several applications that have one of the same name, the first one wins."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.core.management import find_commands
from django.core.management.base import BaseCommand


def next_command(name: str, after: str, stock: type[BaseCommand]) -> type[BaseCommand]:
    """The class of the command `name` that would win if the application `after` had none; `stock` is Django's."""
    configs = list(apps.get_app_configs())
    names = [config.name for config in configs]
    for config in configs[names.index(after) + 1 :] if after in names else configs:
        if name in find_commands(str(Path(config.path) / "management")):
            command: type[BaseCommand] = import_module(f"{config.name}.management.commands.{name}").Command
            return command
    return stock
