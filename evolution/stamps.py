"""Recording migrations as applied or not applied without running them, where the schema bears it out."""

from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from evolution import runs
from evolution.drift import differences_from, state_of
from evolution.models import Run
from evolution.rules.step import changes_rows
from evolution.states import History
from evolution.tables import ensure_tables
from evolution.targets import Target

Plan = list[tuple[Migration, bool]]  # migration, whether backwards


class Unfinished(Exception):
    """A run of `migrate` was cut short: what it has left to do would be forgotten."""

    def __init__(self) -> None:
        super().__init__(
            "A run of migrate was cut short, so nothing was recorded. Finish it: manage.py migrate. "
            "Or go back: manage.py migrate --abort"
        )


@dataclass(frozen=True)
class Stamp:
    """What would be recorded, and what speaks against it: `differences` is empty where the schema bears it out."""

    plan: Plan
    differences: list[str]
    data_steps: list[str]  # whether these were carried out does not show in a schema


def survey(connection: BaseDatabaseWrapper, targets: list[Target], *, checked: bool = True) -> Stamp:
    """What it takes to record that the database is at `targets`; unless `checked`, the schema is not looked at.

    Raises ScratchRefused where no scratch database can be made to compare with.
    """
    history = History(connection)
    executor = MigrationExecutor(connection)
    executor.loader = history.loader
    plan = executor.migration_plan(targets)
    data_steps = [
        str(migration)
        for migration, backwards in plan
        if any(changes_rows(operation, backwards=backwards) for operation in migration.operations)
    ]
    if not (plan and checked):
        return Stamp(plan, [], data_steps)
    nodes = set(history.loader.applied_migrations)
    for migration, backwards in plan:
        (nodes.discard if backwards else nodes.add)((migration.app_label, migration.name))
    return Stamp(plan, differences_from(connection, history, state_of(history, nodes)), data_steps)


def record(connection: BaseDatabaseWrapper, plan: Plan, *, command: str, reason: str = "") -> Run:
    """Record the plan's migrations, all of them or none, and the run of `command` that did it.

    To be called by the holder of the lock. A `reason` says that nobody knows whether it is true: the schema is then
    not left as one that needs no comparing. Raises Unfinished.
    """
    if runs.cut_short(connection) or runs.halfway(connection):
        raise Unfinished
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    ensure_tables(connection)
    executor = MigrationExecutor(connection)
    with transaction.atomic(using=connection.alias):
        run = runs.begin(connection, plan, recorder.applied_migrations())
        run.command, run.reason, run.applying_since = command, reason, run.started_at
        for migration, backwards in plan:
            if backwards:
                executor.unapply_migration(ProjectState(), migration, fake=True)
            else:
                executor.record_migration(migration)
        executor.check_replacements()
        runs.end(run)
        if reason:
            run.schema = ""
            run.save()
    return run
