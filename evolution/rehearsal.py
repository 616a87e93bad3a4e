"""The rehearsal of a plan on a copy of the database: there, back, and there again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from evolution.accounting import Account, Accounts, account
from evolution.archive.entries import entries
from evolution.capture import HiddenSchemaChange
from evolution.certificates import Certificate, baseline, certify, columns_to_count
from evolution.executor import JournaledExecutor
from evolution.lineage import Lineage
from evolution.online import NOT_GRANTED, TooLargeToCopy
from evolution.operations import NoValue
from evolution.rules import walk
from evolution.rules.found_out import rows_removed
from evolution.rules.step import Step
from evolution.statements import is_read

Plan = list[tuple[Migration, bool]]
LONGEST = 2000  # characters of a statement that are kept
IN_THE_WAY = "If what comes back from the archive is in the way of a data step, leave it there: migrate --leave-archive"


class RehearsalFailed(Exception):
    """The plan does not go through on a copy, or loses rows there; the message says which."""


@dataclass
class Rehearsal:
    """What the rehearsal found out."""

    seconds: float = 0.0  # of the way there
    statements: list[dict[str, Any]] = field(default_factory=list)  # migration, sql, seconds
    before: Accounts = field(default_factory=lambda: Accounts({}))
    # What data steps leave in the tables, where they left the same both times.
    predicted: dict[str, Account] = field(default_factory=dict)
    # Sentences about what the way back does not bring back.
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "seconds": round(self.seconds, 3),
            "statements": self.statements,
            "warnings": self.warnings,
        }


def rehearse(
    scratch: BaseDatabaseWrapper,
    plan: Plan,
    *,
    fewer_accepted: bool = False,
    fake_initial: bool = False,
    leave_archive: bool = False,
    expands: bool = False,
) -> Rehearsal:
    """Carry `plan` out in `scratch`, a copy of the database, and back, and once more.

    With `fake_initial` only the way there: back from it would drop tables that the plan has not made. With
    `leave_archive` nothing is brought back from the archive, and with `expands` data steps make what programs of
    an earlier release need, as in the run to come.
    Raises RehearsalFailed where a statement fails, or rows or values are missing that no data step may have removed.
    """
    result = Rehearsal()
    there = [steps for _migration, steps in _steps(scratch, plan)]
    tables = columns_to_count(scratch)
    forth = Lineage.of(tables, _flat(there))
    round_trip = Lineage.of(tables, [])  # what is dropped on one way comes back on the other
    result.before = baseline(scratch, forth)
    before_round_trip = baseline(scratch, round_trip)

    began = time.monotonic()
    carry_out = partial(_carry_out, scratch, plan, leave_archive=leave_archive, expands=expands)
    carry_out(result.statements, fake_initial=fake_initial)
    result.seconds = time.monotonic() - began
    first = _certified(scratch, result.before, forth, fewer_accepted=fewer_accepted)
    if fake_initial:
        return result
    if stuck := _irreversible(plan):
        result.warnings.append(f"There is no way back over {', '.join(stuck)}.")
        return result
    if not _goes_back(scratch, plan, before_round_trip, round_trip, result):
        return result
    try:
        carry_out([])
    except RehearsalFailed as failed:
        if not (forth.lost(tables) or entries(scratch)):
            raise
        # What was dropped on the way there, or comes back from the archive, may be in the way of a data step.
        result.warnings.append(f"After the way back: {failed}")
        return result
    again = account(scratch, {name: list(one.columns) for name, one in first.after.tables.items()})
    result.predicted = {name: one for name, one in first.after.tables.items() if again.tables[name] == one}
    return result


def _goes_back(
    scratch: BaseDatabaseWrapper, plan: Plan, before: Accounts, lineage: Lineage, result: Rehearsal
) -> bool:
    """Go back; what is not as it was becomes a warning. Whether the way back was open at all."""
    try:
        _carry_out(scratch, [(migration, not backwards) for migration, backwards in reversed(plan)], [])
    except RehearsalFailed as failed:
        result.warnings.append(f"The way back is closed. {failed}")
        return False
    certificate = certify(scratch, before, lineage)
    result.warnings += [
        f"After the way there and back: {sentence}"
        for sentence in certificate.differences + certificate.changed
    ]
    return True


def _certified(
    scratch: BaseDatabaseWrapper, before: Accounts, lineage: Lineage, *, fewer_accepted: bool
) -> Certificate:
    certificate = certify(scratch, before, lineage, fewer_accepted=fewer_accepted)
    if certificate.differences:
        (problem,) = rows_removed(certificate.differences)
        lines = [
            f"evolution.E801  {problem.message}",
            *(f"  - {line}" for line in problem.details),
            problem.hint,
        ]
        raise RehearsalFailed("\n".join(lines))
    return certificate


def _carry_out(
    scratch: BaseDatabaseWrapper,
    plan: Plan,
    statements: list[dict[str, Any]],
    *,
    fake_initial: bool = False,
    leave_archive: bool = False,
    expands: bool = False,
) -> None:
    current = ""

    def note(action: str, migration: Migration | None = None, _fake: bool = False) -> None:  # noqa: FBT001, FBT002
        nonlocal current
        current = f"{migration.app_label}.{migration.name}" if migration else ""

    executor = JournaledExecutor(scratch, note)
    executor.leaves_archive, executor.expands = leave_archive, expands
    nodes = executor.loader.graph.nodes
    own = [(nodes[migration.app_label, migration.name], backwards) for migration, backwards in plan]
    with _timed(scratch, statements, lambda: current):
        try:
            executor.migrate(None, plan=own, fake_initial=fake_initial)
        except (HiddenSchemaChange, NoValue, TooLargeToCopy) as error:
            raise RehearsalFailed(str(error)) from error
        except DatabaseError as error:
            last = statements[-1]["sql"] if statements else ""
            hint = f"\n{IN_THE_WAY}" if isinstance(error, IntegrityError) and entries(scratch) else ""
            raise RehearsalFailed(
                f"On a copy of the database {current} fails: {_words(error)}\n{last}{hint}"
            ) from error
        except Exception as error:  # whatever the code of a data step raises
            raise RehearsalFailed(
                f"On a copy of the database {current} fails: {type(error).__name__}: {_words(error)}\n"
                "Where it was raised: the same command with --traceback."
            ) from error


@contextmanager
def _timed(
    scratch: BaseDatabaseWrapper, statements: list[dict[str, Any]], migration: Callable[[], str]
) -> Iterator[None]:
    """Write down each statement that changes something, with its duration in seconds; not those of the journal."""

    def around(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        text = str(sql)
        if is_read(text) or "evolution_" in text:
            return execute(sql, params, many, context)
        entry = {"migration": migration(), "sql": text[:LONGEST], "seconds": 0.0}
        statements.append(entry)
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        except DatabaseError as error:
            if error.args[0] in NOT_GRANTED:  # asked for, to know whether it is
                statements.remove(entry)
            raise
        finally:
            entry["seconds"] = round(time.monotonic() - began, 4)

    with scratch.execute_wrapper(around):
        yield


def _steps(connection: BaseDatabaseWrapper, plan: Plan) -> list[tuple[Migration, list[Step]]]:
    executor = JournaledExecutor(connection)
    applied = set(executor.loader.applied_migrations or {})
    return list(walk(executor, plan, connection.alias, applied))


def _flat(lists: list[list[Step]]) -> list[Step]:
    return [step for steps in lists for step in steps]


def _irreversible(plan: Plan) -> list[str]:
    """The migrations that can't be undone."""
    return [
        f"{migration.app_label}.{migration.name}"
        for migration, backwards in plan
        if not backwards and not all(operation.reversible for operation in migration.operations)
    ]


def _words(error: BaseException) -> str:
    """What the database says, in one line."""
    return str(error.args[-1] if error.args else error).replace("\n", " ")
