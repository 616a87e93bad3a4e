"""Keeps the foreign keys, and the rows, of a table that MariaDB copies: a server that is killed meanwhile does not.

An ALTER TABLE that copies a table leaves its foreign keys with the old one until that is renamed. A server that was
killed in between drops the old table when it starts, and all those keys with it. Where other tables refer to the old
one it may not drop it: then the new definition stands over the old rows, which nobody can read so.

So a table that is copied has nobody referring to it for that time, and keys that are gone afterwards are put back.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.fingerprints import Fingerprint, fingerprint
from evolution.statements import ALTER_TABLE, plain

_NAME = "`[^`]+`"  # The server does not double a quote in a foreign key, and Django none at all.
_NAMES = rf"{_NAME}(?:, ?{_NAME})*"
_KEY = re.compile(
    rf"  (CONSTRAINT ({_NAME}) FOREIGN KEY \(({_NAMES})\) REFERENCES ((?:{_NAME}\.)?{_NAME}) \(({_NAMES})\).*?),?$"
)

# As Django adds one.
_ADDED = re.compile(
    rf"ALTER TABLE ({_NAME}) ADD CONSTRAINT {_NAME} FOREIGN KEY \(({_NAMES})\) REFERENCES ({_NAME}) \(({_NAMES})\)"
)

Run = Callable[[str], None]


class CannotPutBack(Exception):
    """Rows point to nothing, so that a foreign key can't be made again; the message names one of them."""


@dataclass(frozen=True)
class Key:
    """A foreign key as SHOW CREATE TABLE has it, its names quoted."""

    table: str
    definition: str
    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]

    def orphans(self, columns: Iterable[str], limit: int) -> str:
        """A query for these columns of so many rows that point to nothing; with a NULL in the key they may."""
        pairs = zip(self.columns, self.target_columns, strict=True)
        same = " AND ".join(f"parent.{target} = child.{column}" for column, target in pairs)
        full = " AND ".join(f"child.{column} IS NOT NULL" for column in self.columns)
        wanted = ", ".join(f"child.{column}" for column in columns)
        return (
            f"SELECT {wanted} FROM {self.table} child LEFT JOIN {self.target} parent ON {same}"  # noqa: S608
            f" WHERE {full} AND parent.{self.target_columns[0]} IS NULL LIMIT {limit}"
        )


def keys(connection: BaseDatabaseWrapper, tables: Fingerprint) -> list[Key]:
    """The foreign keys in the definitions of tables."""
    return [
        Key(
            connection.ops.quote_name(table),
            match[1],
            match[2],
            tuple(re.findall(_NAME, match[3])),
            match[4],
            tuple(re.findall(_NAME, match[5])),
        )
        for table, definition in tables.items()
        for line in (definition or "").splitlines()
        if (match := _KEY.match(line))
    ]


def without_present(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> list[str]:
    """The statements without those that add a foreign key which is there already, under whatever name.

    A key that was left for the end of a migration is made before, where a later operation alters what it points to.
    """
    added = [(sql, _ADDED.match(sql)) for sql in statements]
    tables = {plain(match[1]) for _sql, match in added if match}
    there = {
        (key.table, key.columns, key.target, key.target_columns)
        for key in keys(connection, fingerprint(connection, sorted(tables)))
    }
    return [sql for sql, match in added if not (match and _in_parts(match) in there)]


def _in_parts(match: re.Match[str]) -> tuple[str, tuple[str, ...], str, tuple[str, ...]]:
    columns, targets = (tuple(re.findall(_NAME, match[number])) for number in (2, 4))
    return match[1], columns, match[3], targets


def lost(
    connection: BaseDatabaseWrapper, before: Fingerprint, after: Fingerprint, now: Fingerprint
) -> list[Key]:
    """The keys that were there before a statement, have to be there after it, and are not there now. MariaDB."""
    if not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        return []
    old, present = ({(key.table, key.name) for key in keys(connection, tables)} for tables in (before, now))
    return [
        key
        for key in keys(connection, after)
        if (key.table, key.name) in old - present and now[plain(key.table)] is not None
    ]


def with_keys(tables: Fingerprint, missing: list[Key]) -> Fingerprint:
    """The definitions with these keys added."""
    whole = dict(tables)
    for key in missing:
        table = plain(key.table)
        body, end = (whole[table] or "").rsplit("\n)", 1)
        whole[table] = f"{body},\n  {key.definition}\n){end}"
    return whole


def referring(connection: BaseDatabaseWrapper, sql: str) -> list[str]:
    """The other tables that refer to the one that the statement alters, if it alters one. MariaDB."""
    match = ALTER_TABLE.match(sql)
    if not match or not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        return []
    table = plain(match[1])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.referential_constraints"
            " WHERE constraint_schema = DATABASE() AND referenced_table_name = %s AND table_name <> %s",
            [table, table],
        )
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def taken_off(connection: BaseDatabaseWrapper, run: Run, tables: Fingerprint, sql: str) -> Iterator[None]:
    """Have nobody refer to the table that the statement alters, of those `tables`; then again. Raises CannotPutBack."""
    match = ALTER_TABLE.match(sql)
    table = match and connection.ops.quote_name(match[1])
    off = [key for key in keys(connection, tables) if key.target == table != key.table]
    for key in off:
        _refuse_orphans(connection, key)
    try:
        for key in off:
            run(f"ALTER TABLE {key.table} DROP FOREIGN KEY {key.name}")
        yield
    finally:
        if connection.connection is not None and connection.is_usable():
            put_back(connection, run, _still_off(connection, off))


def _still_off(connection: BaseDatabaseWrapper, off: list[Key]) -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT constraint_name FROM information_schema.referential_constraints"
            " WHERE constraint_schema = DATABASE()"
        )
        present = {name for (name,) in cursor.fetchall()}
    return [key for key in off if plain(key.name) not in present]


def put_back(connection: BaseDatabaseWrapper, run: Run, missing: list[Key]) -> None:
    """Make foreign keys again, each at once and without a copy of its table. Raises CannotPutBack.

    The server checks no rows then, so they are checked here: before, and for those that came in between once more.
    """
    for key in missing:
        _refuse_orphans(connection, key)
        with connection.constraint_checks_disabled():
            run(f"ALTER TABLE {key.table} ADD {key.definition}, ALGORITHM=INPLACE")
        try:
            _refuse_orphans(connection, key)
        except CannotPutBack:
            run(f"ALTER TABLE {key.table} DROP FOREIGN KEY {key.name}")
            raise


def _refuse_orphans(connection: BaseDatabaseWrapper, key: Key) -> None:
    with connection.cursor() as cursor:
        cursor.execute(key.orphans(key.columns, 1), None)
        if row := cursor.fetchone():
            names = ", ".join(map(plain, key.columns))
            raise CannotPutBack(
                f"The foreign key {plain(key.name)} of table {plain(key.table)} does not hold: a row whose {names} "
                f"is {', '.join(map(str, row))} points to no row of {plain(key.target)}. "
                "Correct or delete such rows, then run migrate again."
            )
