"""6xx: what a server can't do, or not at once."""

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.conf import configuration
from evolution.findings import Level
from evolution.rules.changes import (
    AnyField,
    CheckAdded,
    ColumnAltered,
    ForeignKeyAdded,
    TableCreated,
)
from evolution.rules.hazards import Problem, Scope, hazard
from evolution.rules.live import Live
from evolution.rules.step import Step, sql_of
from evolution.statements import names_several_tables

INPLACE_BYTES = 255  # up to here a length of text takes one byte: growing beyond it, MySQL copies the table
OLDEST = {"MySQL": (8, 0), "MariaDB": (10, 6)}


@hazard("W601", looks_at_rows=True)
def table_copied(step: Step) -> Iterator[Problem]:
    """MySQL and MariaDB copy the table for it, and nobody can write meanwhile."""
    if step.live is None or step.live.connection.vendor != "mysql":
        return
    for change in step.changes:
        match change:
            case ColumnAltered() if _copies(step.live.connection, change.old, change.new):
                reason = f"The new type of {change.column}"
            case CheckAdded():
                reason = f"The check {change.name}"
            case _:
                continue
        table = step.live.table(change.table)
        if table and step.live.at_least(change.table, step.big):
            rows = max(step.live.estimate(table), step.big)
            yield Problem(
                f"{reason} copies table {change.table} with its about {rows:,} rows: "
                "nobody can write to it meanwhile.",
                "Run it when nobody needs the table; the rehearsal says how long it takes. A table of more than "
                f"{configuration().copy_limit:g} MB is copied only where EVOLUTION_COPY_ALLOWED={change.table} is set.",
            )


def _copies(connection: BaseDatabaseWrapper, old: AnyField, new: AnyField) -> bool:
    if old.is_relation or new.is_relation:
        return False
    if old.db_type(connection) == new.db_type(connection):
        return False
    if old.get_internal_type() == new.get_internal_type() == "CharField":
        before, after = (int(field.max_length or 0) for field in (old, new))  # some write max_length="30"
        short, long = sorted([before, after])
        grows = after > before
        same_size = (short * 4 <= INPLACE_BYTES) == (long * 4 <= INPLACE_BYTES)
        wrapper: Any = connection
        return not (grows and (same_size or wrapper.mysql_is_mariadb))
    return True


@hazard("E602", "W602")
def several_tables_in_one_statement(step: Step) -> Iterator[Problem]:
    """On MySQL and MariaDB a statement on several tables may do half of its work and then fail."""
    if step.live is not None and step.live.connection.vendor != "mysql":
        return
    for statement in sql_of(step.operation, backwards=step.backwards):
        if names_several_tables(statement):
            yield Problem(
                "A statement names several tables: when it fails, some of them may be changed already.",
                "Write a statement for each table.",
                (statement,),
                Level.ERROR if step.live else Level.WARNING,
            )


@hazard("E603", looks_at_rows=True)
def no_transactions(step: Step) -> Iterator[Problem]:
    """A table of a storage engine that can be left half-written."""
    if step.live is None or step.live.connection.vendor != "mysql":
        return
    for table in dict.fromkeys(_touched(step)):
        today = step.live.table(table)
        if today and (engine := step.live.engine(today)) not in ("InnoDB", ""):
            yield Problem(
                f"Table {table} is kept by {engine}, which can be left half-written by a crash.",
                f"Change it first, on a copy and then here: ALTER TABLE {step.live.quoted(today)} ENGINE=InnoDB;",
                level=Level.ERROR,
            )
    if any(isinstance(change, TableCreated) for change in step.changes):
        engine = _default_engine(step.live)
        if engine != "InnoDB":
            yield Problem(
                f"The server would keep the new table by {engine}, which can be left half-written by a crash.",
                "Set default_storage_engine=InnoDB on the server or in the connection's init_command.",
                level=Level.ERROR,
            )


def _default_engine(live: Live) -> str:
    return str(live.rows("SELECT @@default_storage_engine")[0][0])


def _touched(step: Step) -> Iterator[str]:
    for change in step.changes:
        yield change.table
        if isinstance(change, ForeignKeyAdded):
            yield change.target


@hazard("E604", scope=Scope.OTHER)
def too_old(vendor: str, version: tuple[int, ...]) -> Iterator[Problem]:
    """A server whose schema changes are not atomic. `vendor` is "MySQL" or "MariaDB"."""
    oldest = OLDEST[vendor]
    if version < oldest:
        yield Problem(
            f"{vendor} {'.'.join(map(str, version))} may leave a statement half-done when it crashes.",
            f"Upgrade the server to {vendor} {'.'.join(map(str, oldest))} or newer first.",
            level=Level.ERROR,
        )


def server_of(connection: BaseDatabaseWrapper) -> tuple[str, tuple[int, ...]] | None:
    """Name and version of a MySQL or MariaDB server, None for another database."""
    if connection.vendor != "mysql":
        return None
    wrapper: Any = connection
    return ("MariaDB" if wrapper.mysql_is_mariadb else "MySQL"), tuple(wrapper.mysql_version)
