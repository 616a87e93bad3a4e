"""The schema: whether this release works with it, what is left to apply, and how the last `migrate` ended."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from estimation.doctor.findings import Finding, ok, problem, warning
from evolution import compatibility, runs
from evolution.digests import schema_digest
from evolution.models import Run

LONG = timedelta(hours=1)  # after which a run that goes on was more likely killed
SEE = "manage.py migrationhistory tells what happened."


def look() -> Iterator[Finding]:
    """What is recorded, and what is there."""
    yield _fits()
    yield _pending()
    last = runs.latest(connection)
    if last is None:
        return
    yield _ended(last)
    if last.schema:
        yield _is_as_left(last)


def _fits() -> Finding:
    reason = compatibility.reason_against(connection)
    if not reason:
        return ok("schema", "This release works with it.")
    message, _colon, remedy = reason.partition(": ")
    return problem("schema", f"{message}.", f"{remedy[:1].upper()}{remedy[1:]}.")


def _pending() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
    if not names:
        return ok("migrations", f"All {len(executor.loader.applied_migrations)} are applied.")
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return warning("migrations", f"Not applied: {names[0]}{more}.", "Run: manage.py migrate")


def _ended(run: Run) -> Finding:
    when = f"The {run.command} of {run.started_at:%Y-%m-%d %H:%M} UTC"
    if run.outcome == Run.Outcome.RUNNING:
        if timezone.now() - run.started_at < LONG:
            return warning("last run", f"{when} goes on, or was killed.", f"Wait for it. {SEE}")
        return problem(
            "last run", f"{when} has not ended.", "Was it killed? manage.py migrate goes on with it."
        )
    if run.outcome in (Run.Outcome.FINISHED, Run.Outcome.ABORTED):
        return ok("last run", f"{when}: {run.outcome}.")
    if runs.cut_short(connection):
        return problem(
            "last run",
            f"{when} had begun to change the database, and is {run.outcome}.",
            "manage.py migrate goes on with it, manage.py migrate --abort goes back.",
        )
    return warning("last run", f"{when} is {run.outcome}; it had not begun to change anything.", SEE)


def _is_as_left(run: Run) -> Finding:
    if schema_digest(connection) == run.schema:
        return ok("drift", "Nobody has changed the schema since the last migrate.")
    return warning(
        "drift",
        "Somebody has changed the schema since the last migrate.",
        "manage.py checkschema tells what.",
    )
