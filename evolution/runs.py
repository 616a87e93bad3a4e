"""Runs of `migrate`: begun and ended, with who, where and what of the code."""

import getpass
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.utils import timezone

from evolution.contract import is_contract
from evolution.digests import schema_digest
from evolution.models import Run, Statement
from evolution.rules.sources import is_own, source_checksum
from evolution.tables import ensure_tables

Node = tuple[str, str]  # application, migration
Plan = Sequence[tuple[Migration, bool]]  # each with True for backwards
Outcome = Run.Outcome

_CUT_SHORT = (Outcome.RUNNING, Outcome.INTERRUPTED, Outcome.FAILED)


def begin(connection: BaseDatabaseWrapper, plan: Plan = (), applied: Iterable[Node] = ()) -> Run:
    """Write down that a run begins: its plan, and the migrations that are applied before it."""
    ensure_tables(connection)
    return Run.objects.using(connection.alias).create(
        user=_user(),
        host=socket.gethostname(),
        revision=_revision(),
        plan=[_entry(migration, backwards=backwards) for migration, backwards in plan],
        state_before=sorted(f"{app}.{name}" for app, name in applied),
    )


def end(run: Run, outcome: str = Outcome.FINISHED, error: BaseException | str = "") -> None:
    """Write down how the run ended, and what schema it left where that is known to be its own."""
    run.finished_at = timezone.now()
    run.outcome = outcome
    if outcome in (Outcome.FINISHED, Outcome.ABORTED) or run.certificate.get("settled"):
        run.schema = schema_digest(connections[run._state.db or DEFAULT_DB_ALIAS])
    run.error = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
    run.save()


def schema_changes(run: Run) -> list[str]:
    """The schema changes that a run has carried out so far, in order and as they were sent."""
    lines = Statement.objects.using(run._state.db or DEFAULT_DB_ALIAS).filter(
        run_id=run.pk, kind=Statement.Kind.SCHEMA, state=Statement.State.DONE
    )
    return list(lines.order_by("pk").values_list("sql", flat=True))


def latest(connection: BaseDatabaseWrapper) -> Run | None:
    """The run that began last, if there was one."""
    if not has_tables(connection):
        return None
    return Run.objects.using(connection.alias).order_by("-pk").first()


def cut_short(connection: BaseDatabaseWrapper) -> Run | None:
    """The latest run, if it had begun to change the database, and its account has not been brought to an end.

    To be called by the holder of the lock: then nobody is at it any more.
    """
    run = latest(connection)
    if run is None or run.applying_since is None or run.outcome not in _CUT_SHORT:
        return None
    return None if {"after", "settled"} & run.certificate.keys() else run


def can_be_aborted(connection: BaseDatabaseWrapper) -> Run | None:
    """The latest run, if it had begun to change the database and did not end well."""
    run = latest(connection)
    return run if run and run.applying_since and run.outcome in _CUT_SHORT else None


def close_dead(connection: BaseDatabaseWrapper) -> None:
    """Note that runs are over which died before they changed anything. To be called by the holder of the lock."""
    if has_tables(connection):
        dead = Run.objects.using(connection.alias).filter(outcome=Outcome.RUNNING, applying_since=None)
        dead.update(outcome=Outcome.INTERRUPTED)


def halfway(connection: BaseDatabaseWrapper) -> tuple[Node, bool] | None:
    """The migration that the journal has open lines of, and whether it was going backwards."""
    if not has_tables(connection):
        return None
    line = Statement.objects.using(connection.alias).filter(closed=False).first()
    return ((line.app, line.migration), line.backwards) if line else None


def has_tables(connection: BaseDatabaseWrapper) -> bool:
    """Whether a run was ever written down in this database."""
    return {Run._meta.db_table, Statement._meta.db_table} <= set(connection.introspection.table_names())


def others_write(run: Run) -> bool:
    """Whether programs of an earlier release may write under it: asked for, once a rehearsal has counted every row."""
    return bool(run.certificate.get("expand") and run.rehearsal)


def done(run: Run, applied: Iterable[Node]) -> list[tuple[Node, bool]]:
    """What of a run's plan has been carried out, as its nodes with True for backwards, in the order of the plan."""
    present = set(applied)
    return [(node, backwards) for node, backwards in nodes(run) if (node in present) is not backwards]


def nodes(run: Run) -> list[tuple[Node, bool]]:
    """The plan of a run: its nodes with True for backwards."""
    return [((entry["app"], entry["name"]), entry["backwards"]) for entry in run.plan]


def checksums(connection: BaseDatabaseWrapper) -> Mapping[Node, str]:
    """What the files of the migrations said when they were applied, as far as that was written down."""
    if not has_tables(connection):
        return {}
    plans = Run.objects.using(connection.alias).exclude(applying_since=None).order_by("pk")
    return {
        (entry["app"], entry["name"]): entry["checksum"]
        for plan in plans.values_list("plan", flat=True)
        for entry in plan
        if entry.get("checksum") and not entry["backwards"]
    }


def contract_steps(connection: BaseDatabaseWrapper) -> set[Node]:
    """The contract steps that are known from the plans of runs, carried out or not."""
    if not has_tables(connection):
        return set()
    plans = Run.objects.using(connection.alias).exclude(applying_since=None).values_list("plan", flat=True)
    return {(entry["app"], entry["name"]) for plan in plans for entry in plan if entry.get("contract")}


def as_dict(run: Run) -> dict[str, Any]:
    """Everything that is known of a run, for JSON."""
    return {field.attname: getattr(run, field.attname) for field in run._meta.concrete_fields}


def nodes_of(names: Iterable[str]) -> set[Node]:
    """ "app.name" as a node."""
    return {(app, name) for app, _dot, name in (full.partition(".") for full in names)}


def _entry(migration: Migration, *, backwards: bool) -> dict[str, object]:
    own = not backwards and is_own(migration)
    return {
        "app": migration.app_label,
        "name": migration.name,
        "backwards": backwards,
        "checksum": source_checksum(migration) if own else "",
        "contract": is_contract(migration),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return ""


def _revision() -> str:
    """The commit of the code, where it runs from a git checkout."""
    folder = getattr(settings, "BASE_DIR", None)
    if folder is None:
        return ""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
