"""The columns of tables as a database has them, and the pieces of SQL that the archive's statements are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

BATCH = 10_000  # rows that one statement writes on MySQL and MariaDB

Condition = tuple[str, list[Any]]  # SQL and its parameters
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")


def definitions(connection: BaseDatabaseWrapper, table: str) -> dict[str, str]:
    """The type of each column of a table by its name; empty where there is no such table."""
    if connection.vendor == "sqlite":
        query = "SELECT name, type FROM pragma_table_xinfo(%s) WHERE hidden <> 1"
    else:
        query = (
            "SELECT column_name, CONCAT_WS(' ', column_type, CONCAT('CHARACTER SET ', character_set_name),"
            " CONCAT('COLLATE ', collation_name)) FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position"
        )
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        return {str(name): str(kind) for name, kind in cursor.fetchall()}


def primary_key(model: type[Model]) -> list[str]:
    """The columns of a model's primary key."""
    return [str(field.column) for field in model._meta.pk_fields]


def quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    """A name, also for statements with parameters, in which a percent sign has to stand twice."""
    return connection.ops.quote_name(name).replace("%", "%%")


def same_key(connection: BaseDatabaseWrapper, key: Iterable[str], one: str, other: str) -> str:
    """The condition that two tables, under these names, have the same key."""
    names = [quoted(connection, column) for column in key]
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)


def same_value(connection: BaseDatabaseWrapper, one: str, other: str, *kinds: str) -> str:
    """The condition that two values of columns of these types are the same, NULL and NULL included.

    Of texts each character counts, whatever the collation takes for equal.
    """
    if connection.vendor == "sqlite":
        return f"{one} IS {other}"
    if all(kind.lower().startswith(_TEXTS) for kind in kinds):
        one, other = (f"CAST(CONVERT({side} USING utf8mb4) AS BINARY)" for side in (one, other))
    return f"{one} <=> {other}"


def slices(connection: BaseDatabaseWrapper, table: str, key: Sequence[str]) -> Iterator[Condition]:
    """Conditions on `t`, each on so many rows of a table that one statement may write them, together on all.

    One for all on SQLite, where everything is one transaction, and where the key has several columns.
    """
    everything: Condition = ("1 = 1", [])
    if connection.vendor == "sqlite" or len(key) > 1:
        yield everything
        return
    name = quoted(connection, key[0])
    below: Condition = everything
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.{name} FROM {quoted(connection, table)} t WHERE {below[0]}"
                f" ORDER BY t.{name} LIMIT 1 OFFSET {BATCH - 1}",
                below[1],
            )
            row = cursor.fetchone()
        if row is None:
            yield below
            return
        yield f"{below[0]} AND t.{name} <= %s", [*below[1], row[0]]
        below = (f"t.{name} > %s", [row[0]])
