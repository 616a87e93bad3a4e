"""`manage.py migrate` on the library, with what it takes to be quick."""

from functools import cache
from typing import Any

from evolution.tests.crash.moments import Moments

# What needs minutes and other programs, and has tests of its own.
SLOW = ("backup", "rehearsal")


@cache
def options_of_migrate() -> frozenset[str]:
    """The options that `migrate` knows."""
    from django.core.management import load_command_class

    parser = load_command_class("evolution", "migrate").create_parser("manage.py", "migrate")
    return frozenset(string for action in parser._actions for string in action.option_strings)


def quick_options() -> list[str]:
    """Those that leave out backup and rehearsal, as far as this `migrate` has them."""
    return [option for step in SLOW if (option := f"--no-{step}") in options_of_migrate()]


def migrate(target: str, last: int = 0, *, after: str = "", moments: Moments | None = None) -> int:
    """`manage.py migrate library TARGET`, killed at moment `last` or after a statement; how many moments there were."""
    return _call(moments or Moments(last, after), "library", target)


def abort(moments: Moments | None = None) -> int:
    """`manage.py migrate --abort`; how many moments there were."""
    return _call(moments or Moments(), "--abort")


def _call(moments: Moments, *arguments: Any) -> int:
    from django.core.management import call_command
    from django.db import connection

    with moments.of(connection):
        call_command("migrate", *arguments, *quick_options(), verbosity=0)
    return moments.count


def migrate_by_django(target: str) -> None:
    """Django's own, which nothing disturbs and no journal knows of."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    MigrationExecutor(connection).migrate([("library", target)])
    connection.close()
