"""Which states of the schema a release of the code works with.

It needs all its migrations but the contract steps, which may be missing. What later releases have added does no harm,
up to the first contract step of theirs, of which it only knows what that release's `migrate` wrote down.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from evolution import runs
from evolution.contract import is_contract, left_by_expanding
from evolution.runs import Node


def recorded(connection: BaseDatabaseWrapper) -> tuple[Node, ...]:
    """The migrations that a database has, in the order in which they were applied."""
    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        return ()
    rows = recorder.migration_qs.order_by("pk")
    return tuple(rows.values_list("app", "name"))


def reason_against(connection: BaseDatabaseWrapper) -> str:
    """Why this code can't work with the schema as it is, and what to do, in a sentence; empty where it can."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    needed = [migration for migration, _backwards in plan if not is_contract(migration)]
    if needed:
        left = left_by_expanding(plan, executor.loader.graph)
        command = "migrate" if any(one in left for one in needed) else "migrate --expand"
        return _about_behind([f"{one.app_label}.{one.name}" for one in needed], command)
    beyond = _contracted(connection, set(executor.loader.disk_migrations))
    return _about_ahead(beyond) if beyond else ""


def _contracted(connection: BaseDatabaseWrapper, known: set[Node]) -> list[str]:
    """Contract steps of later releases that have been carried out.

    What an application had before its latest migration that is known here was squashed, or belongs to an earlier
    release in another way; and an application of which nothing is known is not installed here.
    """
    steps = runs.contract_steps(connection)
    beyond: dict[str, list[str]] = {}
    for app, name in recorded(connection):
        if (app, name) in known:
            beyond[app] = []
        elif app in beyond and (app, name) in steps:
            beyond[app].append(f"{app}.{name}")
    return [step for of_app in beyond.values() for step in of_app]


def _about_behind(missing: list[str], command: str) -> str:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"The database lacks {missing[0]}{more}, which this release needs: run manage.py {command}"


def _about_ahead(beyond: list[str]) -> str:
    return (
        f"The contract step {', '.join(beyond)} of a later release has been carried out in the database, and this one "
        "can't live with it: start the later release, or take the step back with its manage.py migrate"
    )
