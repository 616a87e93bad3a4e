"""Questions to the live database, by the names that tables and columns have at some point of the plan.

A plan may rename a table before it alters it: the questions follow it back to the name that it has today. What the
plan itself has made has no rows yet, and its name is None here. Every question stops at a limit.
"""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.rules.changes import (
    Change,
    ColumnAdded,
    ColumnAltered,
    ColumnDropped,
    TableCreated,
    TableDropped,
    TableRenamed,
)

LISTED = 10  # rows or groups of rows that are named
COUNTED = 10_000  # rows that are counted one by one


class Live:
    """A database while a plan for it is looked through; `follow` the changes once they have been looked at."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.tables: dict[str, str | None] = {name: name for name in connection.introspection.table_names()}
        self.columns: dict[str, dict[str, str | None]] = {}
        self._engines: dict[str, str] | None = None

    def follow(self, changes: Iterable[Change]) -> None:
        """Take note of changes that the plan makes."""
        for change in changes:
            self._follow(change)

    def _follow(self, change: Change) -> None:
        match change:
            case TableCreated() | TableDropped():
                self.tables[change.table] = None
            case TableRenamed():
                self._columns(change.table)
                self.tables[change.new] = self.tables.pop(change.table, None)
                self.columns[change.new] = self.columns.pop(change.table, {})
            case ColumnAdded() | ColumnDropped():
                self._columns(change.table)[change.column] = None
            case ColumnAltered() if change.column != change.new_column:
                columns = self._columns(change.table)
                columns[change.new_column] = columns.pop(change.column, None)

    def _columns(self, table: str) -> dict[str, str | None]:
        """What the columns of `table` (as named in the plan) are called today."""
        if table not in self.columns:
            today = self.tables.get(table)
            found: list[str] = []
            if today:
                with self.connection.cursor() as cursor:
                    found = [
                        c.name for c in self.connection.introspection.get_table_description(cursor, today)
                    ]
            self.columns[table] = {name: name for name in found}
        return self.columns[table]

    def table(self, table: str) -> str | None:
        """Today's name of the table, or None where it is not there yet."""
        return self.tables.get(table)

    def column(self, table: str, column: str) -> str | None:
        """Today's name of the column, or None where it is not there yet."""
        return self._columns(table).get(column) if self.table(table) else None

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            # Without parameters a percent sign in a name is only that.
            cursor.execute(sql, list(parameters) or None)
            return list(cursor.fetchall())

    def quoted(self, name: str) -> str:
        """A name as it stands in a statement."""
        return self.connection.ops.quote_name(name)

    def at_least(self, table: str, rows: int) -> bool:
        """Whether the table, as it is today, has so many rows; False for one that is not there."""
        today = self.table(table)
        if not today:
            return False
        # S608: names are quoted, numbers are ours.
        return bool(self.rows(f"SELECT 1 FROM {self.quoted(today)} LIMIT 1 OFFSET {rows - 1}"))  # noqa: S608

    def count(self, table: str, where: str = "") -> str:
        """How many rows of a table of today fulfil a condition: "0", "7", "more than 10,000"."""
        found = self.rows(
            f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM {self.quoted(table)}"  # noqa: S608
            f"{' WHERE ' + where if where else ''} LIMIT {COUNTED + 1}) AS some"
        )[0][0]
        return f"{found:,}" if found <= COUNTED else f"more than {COUNTED:,}"

    def estimate(self, table: str) -> int:
        """About how many rows a table of today has, from the server's statistics (MySQL and MariaDB)."""
        sql = (
            "SELECT table_rows FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s"
        )
        return int((self.rows(sql, [table]) or [(0,)])[0][0] or 0)

    def primary_key(self, table: str) -> str | None:
        """The primary key of a table of today, where it is one column."""
        with self.connection.cursor() as cursor:
            columns = self.connection.introspection.get_primary_key_columns(cursor, table)
        return columns[0] if columns and len(columns) == 1 else None

    def named(self, table: str, where: str, column: str) -> tuple[str, ...]:
        """The first rows of a table of today that fulfil a condition, each by its key and one value."""
        key = self.primary_key(table)
        if not key:
            return ()
        found = self.rows(
            f"SELECT {self.quoted(key)}, {self.quoted(column)} FROM {self.quoted(table)}"  # noqa: S608
            f" WHERE {where} ORDER BY {self.quoted(key)} LIMIT {LISTED + 1}"
        )
        return listed([f"{key} {value}: {column} = {other!r}" for value, other in found])

    def engine(self, table: str) -> str:
        """The storage engine of a table of today (MySQL and MariaDB)."""
        if self._engines is None:
            sql = (
                "SELECT table_name, engine FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
            )
            self._engines = {name: engine or "" for name, engine in self.rows(sql)}
        return self._engines.get(table, "")


def listed(lines: list[str]) -> tuple[str, ...]:
    """The first lines, and a last one that says when there are more."""
    return tuple(lines[:LISTED]) + (("… and more",) if len(lines) > LISTED else ())
