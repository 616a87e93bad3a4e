"""The rules' opinion of migrations that are about to be written."""

from collections.abc import Iterator, Set
from graphlib import TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from evolution.findings import Finding
from evolution.rules import check_plan
from evolution.rules.acceptance import accepted_by

Changes = dict[str, list[Migration]]
Node = tuple[str, str]
# Names that a database reserves, and names that running code looks for: another name, or none at all, is safe.
NAMES = {101, 102, 401, 402}


def check(changes: Changes, replaced: Set[Node]) -> list[Finding]:
    """What the rules find in the migrations of `changes`, after all that are there but `replaced`.

    No database is asked: the one at hand is not the one that counts, and may have no rows.
    """
    executor = MigrationExecutor(None)
    history = [
        (migration, False)
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
        if (migration.app_label, migration.name) not in replaced
    ]
    new = list(in_order(changes))
    for migration in new:
        migration.__module__ = _home(migration.app_label)
    found = check_plan(None, [*history, *((migration, False) for migration in new)], executor=executor)
    names = {label(migration) for migration in new}
    return [finding for finding in found if finding.migration in names]


def is_open(finding: Finding) -> bool:
    """Whether the finding has to be answered before anything is written."""
    return finding.is_error or int(finding.code[-3:]) in NAMES


def accept(migration: Any, code: str, reason: str) -> None:
    """Put the reason why a finding does no harm into the migration."""
    migration.accepted = {**accepted_by(migration), code: reason}


def label(migration: Migration) -> str:
    """As findings name it."""
    return f"{migration.app_label}.{migration.name}"


def in_order(changes: Changes) -> Iterator[Migration]:
    """Each after those that it depends on."""
    new = {(m.app_label, m.name): m for migrations in changes.values() for m in migrations}
    first = {app: migrations[0] for app, migrations in changes.items() if migrations}
    sorter: TopologicalSorter[Node] = TopologicalSorter()
    for node, migration in new.items():
        sorter.add(node)
        for app, name in migration.dependencies:
            if name == "__first__" and app in first and first[app].initial:
                sorter.add(node, (app, first[app].name))
            elif (app, name) in new:
                sorter.add(node, (app, name))
    yield from (new[node] for node in sorter.static_order())


def _home(app_label: str) -> str:
    """The module that stands for a file that is not there yet: it tells whose the file will be."""
    package, _explicit = MigrationLoader.migrations_module(app_label)
    if package and find_spec(package) and import_module(package).__file__:
        return package
    return apps.get_app_config(app_label).name
