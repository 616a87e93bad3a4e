"""Walks through a plan of migrations, one operation after the other, and asks every rule."""

from collections.abc import Callable, Container, Iterator
from dataclasses import replace

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from evolution.findings import Finding
from evolution.introspection import stored_names
from evolution.rules.acceptance import accepted_by, without_accepted
from evolution.rules.changes import TableCreated, TableRenamed, inverted, with_names
from evolution.rules.hazards import HAZARDS, Scope
from evolution.rules.live import Live
from evolution.rules.operations import changes_of
from evolution.rules.servers import server_of, too_old
from evolution.rules.sources import is_own
from evolution.rules.step import Step, changes_rows

BIG = 100_000  # rows
Plan = list[tuple[Migration, bool]]
# Operations that change no model but their application's own, in the state too.
CONTAINED = (ops.CreateModel, ops.DeleteModel, ops.AddField, ops.RemoveField, ops.AlterField, ops.RunPython)


def check_plan(
    connection: BaseDatabaseWrapper | None,
    plan: Plan,
    *,
    executor: MigrationExecutor | None = None,
    big: int = BIG,
) -> list[Finding]:
    """Everything that the rules find in a plan, in its order.

    `plan` is what `MigrationExecutor.migration_plan` gives: migrations, each with True for backwards. With a
    `connection` the state before the plan is that of the migrations applied there, and rows are looked up; with
    None nothing is applied, and the rules say what can be said without rows. `executor` is one of the same
    connection, whose loader is used. From `big` rows on a copy of a table is worth a warning.

    Raises what the database raises when it can't be asked; what is not in it yet is no error.
    """
    if not plan:
        return []
    findings = _of_server(connection) if connection else []
    live = Live(connection) if connection else None
    data_step = ""
    executor = executor or MigrationExecutor(connection)
    applied = executor.loader.applied_migrations or {} if connection else {}
    alias = connection.alias if connection else DEFAULT_DB_ALIAS
    for migration, steps in walk(executor, plan, alias, applied):
        found: list[Finding] = []
        own = is_own(migration)
        made: set[str] = set()
        for bare in steps:
            step = replace(bare, live=live, data_step=data_step, big=big, made=frozenset(made))
            found += _of_operation(step, own=own)
            if changes_rows(step.operation, backwards=step.backwards):
                data_step = f"{step.name}, {step.description}"
            made = _made(made, step)
            if live:
                live.follow(step.changes)
        found += _of_migration(steps, own=own)
        possible = _possible(steps) if accepted_by(migration) else set()
        findings += without_accepted(migration, found, possible)
    return findings


def _made(tables: set[str], step: Step) -> set[str]:
    """The tables that a migration has made, one step later."""
    for change in step.changes:
        match change:
            case TableCreated():
                tables = tables | {change.table}
            case TableRenamed() if change.table in tables:
                tables = tables - {change.table} | {change.new}
    return tables


def _of_server(connection: BaseDatabaseWrapper) -> list[Finding]:
    server = server_of(connection)
    return [HAZARDS[604].finding(problem) for problem in too_old(*server)] if server else []


def _of_operation(step: Step, *, own: bool) -> list[Finding]:
    return [
        hazard.finding(problem, step.name, step.description)
        for hazard in HAZARDS.values()
        if hazard.scope is Scope.OPERATION
        for problem in hazard.found(step, own=own)
    ]


def _of_migration(steps: list[Step], *, own: bool) -> list[Finding]:
    return [
        hazard.finding(problem, steps[0].name)
        for hazard in HAZARDS.values()
        if hazard.scope is Scope.MIGRATION and steps
        for problem in hazard.found(steps, own=own)
    ]


def _possible(steps: list[Step]) -> set[str]:
    """The codes that are found in either direction without a database."""
    back = [_reversed(step) for step in reversed(steps)]
    found = [finding for step in steps + back for finding in _of_operation(step, own=True)]
    found += _of_migration(steps, own=True) + _of_migration(back, own=True)
    return {finding.code for finding in found}


def walk(
    executor: MigrationExecutor, plan: Plan, alias: str, applied: Container[tuple[str, str]]
) -> Iterator[tuple[Migration, list[Step]]]:
    """The migrations of the plan with their steps, in the order in which they are taken.

    `applied` are the migrations that are applied before the plan, in the database `alias`.
    """
    undone = {(migration.app_label, migration.name) for migration, backwards in plan if backwards}
    steps_back: dict[tuple[str, str], list[Step]] = {}
    stored = stored_names(executor.connection) if executor.connection else str
    state = ProjectState(real_apps=executor.loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True):
        node = (migration.app_label, migration.name)
        if node in undone:
            steps_back[node] = [_reversed(step) for step in reversed(_steps(migration, state, alias, stored))]
        elif node in applied:
            for operation in migration.operations:
                operation.state_forwards(migration.app_label, state)
    for migration, backwards in plan:
        node = (migration.app_label, migration.name)
        yield migration, steps_back.get(node, []) if backwards else _steps(migration, state, alias, stored)


def _steps(migration: Migration, state: ProjectState, alias: str, stored: Callable[[str], str]) -> list[Step]:
    """The steps forwards; `state` is the one before them, and becomes the one after."""
    steps = []
    before = _copy(state)
    for operation in migration.operations:
        operation.state_forwards(migration.app_label, state)
        after = _copy_after(operation, migration.app_label, before, state)
        found = changes_of(operation, migration.app_label, before, after, alias)
        changes = tuple(with_names(change, stored) for change in found)
        steps.append(Step(migration, operation, before, after, backwards=False, changes=changes, live=None))
        before = after
    return steps


def _reversed(step: Step) -> Step:
    return replace(
        step,
        from_state=step.to_state,
        to_state=step.from_state,
        backwards=not step.backwards,
        changes=tuple(inverted(list(step.changes))),
    )


def _copy(state: ProjectState) -> ProjectState:
    models = {key: model.clone() for key, model in state.models.items()}
    return ProjectState(models, state.real_apps)


def _copy_after(
    operation: Operation, app_label: str, before: ProjectState, state: ProjectState
) -> ProjectState:
    """A copy of `state`, which shares with `before` the models that the operation leaves alone."""
    if not isinstance(operation, CONTAINED):
        return _copy(state)
    models = {
        key: model.clone() if key[0] == app_label or key not in before.models else before.models[key]
        for key, model in state.models.items()
    }
    return ProjectState(models, state.real_apps)
