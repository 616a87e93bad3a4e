"""Targets of `migrate`: by name, and counted from where the database is: `-1` is one migration back, `+2` two on."""

import re

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.loader import MigrationLoader

Target = tuple[str, str | None]  # application, migration; None stands before the first

_RELATIVE = re.compile(r"[+-]\d+")
_NO_APPLICATION = "{0} counts the migrations of one application. Say of which, as in: APPLICATION {0}"


class NoSuchTarget(Exception):
    """There is no such migration, or none so far back or on; the message says what there is."""


def is_relative(name: str | None) -> bool:
    """Whether a target counts from where the database is."""
    return bool(name and _RELATIVE.fullmatch(name))


def resolve(connection: BaseDatabaseWrapper, app_label: str | None, name: str | None) -> str | None:
    """The name of the migration that `migrate APP_LABEL NAME` means: `name` itself unless it is relative.

    Raises NoSuchTarget.
    """
    if is_relative(app_label):
        raise NoSuchTarget(
            f"{app_label} counts the migrations of one application. Say of which, as in: APPLICATION {app_label}"
        )
    if not (app_label and name and is_relative(name)):
        return name
    return relative(MigrationLoader(connection), app_label, int(name))


def targets(loader: MigrationLoader, app_label: str | None, name: str | None) -> list[Target]:
    """What `migrate APP_LABEL NAME` aims at: the last migrations of all applications or of one, or one by its name.

    A name may be cut short, be "zero", or be relative. Raises NoSuchTarget.
    """
    if is_relative(app_label):
        raise NoSuchTarget(
            f"{app_label} counts the migrations of one application. Say of which, as in: APPLICATION {app_label}"
        )
    if app_label and app_label not in loader.migrated_apps:
        raise NoSuchTarget(f"There is no application {app_label} with migrations.")
    if not (app_label and name):
        return list(loader.graph.leaf_nodes(app_label))
    if is_relative(name):
        name = relative(loader, app_label, int(name))
    return [(app_label, None) if name == "zero" else _by_name(loader, app_label, name)]


def _by_name(loader: MigrationLoader, app_label: str, name: str) -> Target:
    try:
        migration = loader.get_migration_by_prefix(app_label, name)
    except AmbiguityError:
        raise NoSuchTarget(
            f"{app_label} has several migrations that begin with {name}. Write more of it."
        ) from None
    except KeyError:
        raise NoSuchTarget(f"{app_label} has no migration {name}. See: manage.py showmigrations") from None
    target = (app_label, migration.name)
    # A squashed migration that is applied in part stands for the last of those that it replaces.
    if target not in loader.graph.nodes and target in loader.replacements:
        app_label, name = loader.replacements[target].replaces[-1]
        return (app_label, name)
    return target


def relative(loader: MigrationLoader, app_label: str, steps: int) -> str:
    """The migration of an application that is `steps` on (below 0: back) from its last one that is applied.

    "zero" stands before the first. An application counts by itself: what others depend on comes or goes with it, as
    with any target. Raises NoSuchTarget where there are not so many, or where the history has two branches.
    """
    names = _in_line(loader, app_label)
    applied = [name for name in names if (app_label, name) in (loader.applied_migrations or {})]
    if steps == 0:
        return applied[-1] if applied else "zero"
    if steps < 0:
        if len(applied) < -steps:
            raise NoSuchTarget(
                f"{app_label} can't go {_migrations(-steps)} back: {_of_them(applied, 'applied')}."
            )
        return "zero" if len(applied) == -steps else applied[steps - 1]
    left = [name for name in names if name not in applied]
    if len(left) < steps:
        raise NoSuchTarget(
            f"{app_label} can't go {_migrations(steps)} on: {_of_them(left, 'left to apply')}."
        )
    return left[steps - 1]


def _in_line(loader: MigrationLoader, app_label: str) -> list[str]:
    """The application's migrations in the order in which they are applied."""
    if app_label not in loader.migrated_apps:
        raise NoSuchTarget(f"There is no application {app_label} with migrations.")
    heads = sorted(loader.graph.leaf_nodes(app_label))
    if len(heads) > 1:
        raise NoSuchTarget(
            f"{app_label} has {len(heads)} heads ({', '.join(name for _app, name in heads)}), so it is not certain "
            "what comes next. Name the migration, or join them: manage.py makemigrations --merge"
        )
    return [name for head in heads for app, name in loader.graph.forwards_plan(head) if app == app_label]


def _migrations(number: int) -> str:
    return f"{number} migration{'' if number == 1 else 's'}"


def _of_them(names: list[str], what: str) -> str:
    if len(names) < 2:
        return f"only {names[0]} is {what}" if names else f"none is {what}"
    return f"only {len(names)} are {what}, from {names[0]} to {names[-1]}"
