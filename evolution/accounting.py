"""Whether the rows survived: per table their number, and a checksum that does not depend on their order.

The checksum is the sum of a hash of each row, so that equal rows do not cancel out. It is the same for the same rows
on another server of the same engine, and says nothing across engines.
"""

import hashlib
import marshal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.introspection import table_names
from evolution.scratch import MARK

# Belongs to the running process, not to the data: never in a backup.
LOCK_TABLE = "evolution_lock"
# Tables that are never counted.
NO_DATA = frozenset({LOCK_TABLE, MARK})

Renames = Mapping[tuple[str, str], tuple[str, str]]  # (table, column) before → after


@dataclass(frozen=True)
class Account:
    """One table: over which columns, how many rows, and the sum of their hashes in hexadecimal."""

    columns: tuple[str, ...]
    rows: int
    checksum: str


@dataclass(frozen=True)
class Accounts:
    """The accounts of several tables, by name."""

    tables: dict[str, Account]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; `from_dict` reads it again."""
        return {name: asdict(account) for name, account in self.tables.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Accounts":
        return cls(
            {
                name: Account(tuple(one["columns"]), int(one["rows"]), str(one["checksum"]))
                for name, one in stored.items()
            }
        )

    def lines(self) -> list[str]:
        """A plain table: name, rows, checksum."""
        width = max([5, *map(len, self.tables)])
        head = [f"{'table':<{width}} {'rows':>12}  checksum"]
        return head + [
            f"{name:<{width}} {account.rows:>12}  {account.checksum}" for name, account in self.tables.items()
        ]


def account(connection: BaseDatabaseWrapper, tables: Mapping[str, list[str]] | None = None) -> Accounts:
    """Count the rows of each table, and sum them up over its columns in the order given.

    Without `tables`: all tables and all their columns, but the lock. One query a table; call it within `snapshot`
    for accounts that belong to one moment.
    """
    wanted = dict(tables) if tables is not None else all_columns(connection)
    engine = _Sqlite(connection) if connection.vendor == "sqlite" else _MySQL(connection)
    return Accounts({name: engine.account(name, columns) for name, columns in sorted(wanted.items())})


def all_columns(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """The columns of each table of the database but the lock, by name, so that their order does not matter."""
    # Not Django's introspection, which trips over a column without a type.
    query = (
        "SELECT m.name, p.name FROM sqlite_master m, pragma_table_xinfo(m.name) p"
        " WHERE m.type = 'table' AND p.hidden <> 1"
        if connection.vendor == "sqlite"
        else "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
    )
    columns: dict[str, list[str]] = {table: [] for table in sorted(table_names(connection) - NO_DATA)}
    with connection.cursor() as cursor:
        cursor.execute(query)
        for table, column in cursor.fetchall():
            if table in columns:
                columns[table].append(str(column))
    return {table: sorted(names) for table, names in columns.items()}


def renamed(tables: Mapping[str, list[str]], renames: Renames) -> dict[str, list[str]]:
    """What to ask `account` for after the renames, so that `compare` finds the columns in the same order."""
    after: dict[str, list[str]] = {}
    for table, columns in tables.items():
        names = [renames.get((table, column), (table, column)) for column in columns]
        after[_one_table(table, names)] = [column for _table, column in names]
    return after


def compare(before: Accounts, after: Accounts, renames: Renames | None = None) -> list[str]:
    """In what the accounts differ, a sentence each; none where every row and every value is there.

    Tables that are only in `after` are new, and no difference.
    """
    found: list[str] = []
    for table, old in before.tables.items():
        names = [(renames or {}).get((table, column), (table, column)) for column in old.columns]
        name = _one_table(table, names)
        new = after.tables.get(name)
        title = f"table {name}" if name == table else f"table {name} (before: {table})"
        if new is None:
            found.append(f"{title} is missing, which had {old.rows} rows.")
        elif new.columns != tuple(column for _table, column in names):
            found.append(f"{title} was not summed up over the same columns.")
        elif new.rows != old.rows:
            found.append(f"{title} has {new.rows} rows, not {old.rows}.")
        elif new.checksum != old.checksum:
            found.append(f"{title} has its {old.rows} rows, but not the same values in them.")
    return [line[0].upper() + line[1:] for line in found]


def _one_table(table: str, names: list[tuple[str, str]]) -> str:
    targets = {name for name, _column in names} or {table}
    if len(targets) > 1:
        raise ValueError(f"The columns of {table} were renamed into several tables: {sorted(targets)}.")
    return targets.pop()


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Everything read on `connection` belongs to one moment. Within a transaction it is that transaction's."""
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    begin = (
        # Reading makes it the moment: BEGIN alone waits for the first query.
        ["BEGIN DEFERRED", "SELECT 1 FROM sqlite_master"]
        if connection.vendor == "sqlite"
        else ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"]
    )
    with connection.cursor() as cursor:
        for statement in begin:
            cursor.execute(statement)
            cursor.fetchall()
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class _Sum:
    """An aggregate function for SQLite: the sum of the hashes of its rows, whatever their values' types."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, *values: Any) -> None:
        # This format tells NULL, '', numbers, text and blobs apart, and has lengths; version 2 has no references.
        # Measured at 100,000 rows: half the time of repr().
        self.total += int.from_bytes(hashlib.blake2b(marshal.dumps(values, 2)).digest()[:16], "big")

    def finalize(self) -> str:
        return _hexadecimal(self.total, 32)


class _Sqlite:
    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        connection.ensure_connection()
        connection.connection.create_aggregate("evolution_sum", -1, _Sum)

    def account(self, table: str, columns: list[str]) -> Account:
        quote = self.connection.ops.quote_name
        names = [quote(column) for column in columns]
        try:
            rows, checksum = self._sum(quote(table), names)
        except (sqlite3.Error, UnicodeDecodeError):
            # A text that is not UTF-8 does not reach Python. Its bytes do, with the type to tell it from a blob.
            parts = [f"typeof({name}), CAST({name} AS BLOB)" for name in names]
            rows, checksum = self._sum(quote(table), parts)
        return Account(tuple(columns), rows, checksum)

    def _sum(self, table: str, parts: list[str]) -> tuple[int, str]:
        # The raw connection: Django would log and convert, and there is nothing to convert.
        query = f"SELECT COUNT(*), evolution_sum({', '.join(parts)}) FROM {table}"  # noqa: S608
        rows, checksum = self.connection.connection.execute(query).fetchone()
        return int(rows), str(checksum)


# HEX of a very long one would outgrow max_allowed_packet and become NULL. What decides is the value, not its type,
# so that a text that moves from a VARCHAR to a TEXT has the same sum.
TEXT = "IF(CHAR_LENGTH({name}) > 1000, SHA2(CONVERT({name} USING utf8mb4), 256), HEX(CONVERT({name} USING utf8mb4)))"
BINARY = "IF(LENGTH({name}) > 1000, SHA2(CAST({name} AS BINARY), 256), HEX({name}))"
# How MySQL and MariaDB make a text of a value that is exact, by the type of the column.
TEXTS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year", "date"), "{name}"),
    # A FLOAT alone would be rounded to six digits.
    **dict.fromkeys(("float", "double"), "{name} + 0e0"),
    "decimal": "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {name}))",
    **dict.fromkeys(("datetime", "time"), "CONCAT({name}, '{fraction}')"),
    # The moment itself, whatever the session's time zone.
    "timestamp": "CONCAT(UNIX_TIMESTAMP({name}), '{fraction}')",
    **dict.fromkeys(("char", "varchar", "enum", "set", "tinytext", "uuid", "inet4", "inet6"), TEXT),
    **dict.fromkeys(("text", "mediumtext", "longtext", "json"), TEXT),
    "bit": "HEX({name})",
    "other": BINARY,
}


class _MySQL:
    """MySQL and MariaDB: each value becomes a text without a comma, and NULL an N, which no value is."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.types: dict[tuple[str, str], tuple[str, int, int]] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, data_type, COALESCE(numeric_scale, 0), COALESCE(datetime_precision, 0)"
                " FROM information_schema.columns WHERE table_schema = DATABASE()"
            )
            for table, column, kind, scale, precision in cursor.fetchall():
                self.types[table, column] = (str(kind).lower(), int(scale), int(precision))

    def account(self, table: str, columns: list[str]) -> Account:
        values = ", ".join(f"IFNULL({self.text(table, column)}, 'N')" for column in columns)
        row = f"SHA2(CONCAT_WS(',', {values or '0'}), 256)"
        query = (
            f"SELECT COUNT(*), COALESCE(SUM(CAST(CONV(LEFT({row}, 16), 16, 10) AS UNSIGNED)), 0)"  # noqa: S608
            f" FROM {self.connection.ops.quote_name(table)}"
        )
        with self.connection.cursor() as cursor:
            cursor.execute(query, None)
            rows, total = cursor.fetchone()
        return Account(tuple(columns), int(rows), _hexadecimal(int(total), 16))

    def text(self, table: str, column: str) -> str:
        """The SQL of a value's text. What a wider type of the same kind holds has the same text."""
        kind, scale, precision = self.types[table, column]
        if kind == "decimal" and not scale:
            kind = "int"
        return TEXTS.get(kind, TEXTS["other"]).format(
            name=self.connection.ops.quote_name(column),
            fraction=("" if precision else ".") + "0" * (6 - precision),
        )


def _hexadecimal(total: int, digits: int) -> str:
    return f"{total % 16**digits:0{digits}x}"
