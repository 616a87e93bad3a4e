"""The arguments of commands that name a migration as `migrate` does."""

from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS, connections


def add_target(parser: CommandParser, database: str) -> None:
    """Add `app_label`, `migration_name` and `--database`, whose help is the sentence `database`."""
    parser.add_argument("app_label", nargs="?", help="The application; without one, all of them.")
    parser.add_argument(
        "migration_name",
        nargs="?",
        help='A migration, "zero", or a step such as -1 or +1; default: the last.',
    )
    parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help=database)
