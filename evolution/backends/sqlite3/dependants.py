"""What stands on SQLite's tables: indexes, triggers and views, as their SQL has them.

Which of them need a table or a column is asked of SQLite itself: it is renamed, SQLite rewrites all that mention it,
and the renaming is taken back. Nothing here parses SQL.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

_FIRST, _SECOND = "evolution_renamed_once", "evolution_renamed_twice"


@dataclass(frozen=True)
class Dependant:
    """A view, trigger or index; of a view the table is the view itself."""

    kind: str
    name: str
    table: str
    sql: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def belongs_to(self, table: str) -> bool:
        """Whether it goes when `table` is dropped."""
        return self.kind != "view" and self.table.casefold() == table.casefold()


class CannotLiveOn(OperationalError):
    """A view, trigger or index needs what a migration takes away; the message names it."""

    def __init__(self, dependants: Iterable[object], reason: str) -> None:
        names = ", ".join(f"the {dependant}" for dependant in dependants)
        super().__init__(
            f"{names[0].upper()}{names[1:]} could not live on: {reason}. The table was left as it was. "
            "Change or drop what is named in a migration before this one."
        )


def read_dependants(connection: BaseDatabaseWrapper) -> list[Dependant]:
    """All of them, in the order in which they were made; indexes that belong to a key or constraint left out."""
    with connection.cursor() as cursor:
        return _read(cursor)


def find_broken(connection: BaseDatabaseWrapper) -> dict[Dependant, str]:
    """Views and triggers that do not work, with the reason; SQLite renames nothing beside them."""
    if all(dependant.kind == "index" for dependant in read_dependants(connection)):
        return {}
    with _taken_back(connection) as cursor:
        return _drop_broken(cursor)


def users_of_column(connection: BaseDatabaseWrapper, table: str, column: str) -> list[Dependant]:
    """Those that name the column, or the first of those that need it without naming it."""
    quote = connection.ops.quote_name
    rename = f"ALTER TABLE {quote(table)} RENAME COLUMN {{}} TO {{}}"
    renames = [rename.format(quote(column), _FIRST), rename.format(_FIRST, _SECOND)]
    return _rewritten(connection, renames)


def users_of_table(connection: BaseDatabaseWrapper, table: str) -> list[Dependant]:
    """Views that read the table, and triggers of other tables and views that read it or write into it."""
    rename = "ALTER TABLE {} RENAME TO {}"
    renames = [rename.format(connection.ops.quote_name(table), _FIRST), rename.format(_FIRST, _SECOND)]
    return [found for found in _rewritten(connection, renames) if not found.belongs_to(_SECOND)]


def named_in(error: Exception, dependants: Iterable[Dependant]) -> tuple[Dependant, str] | None:
    """The one that SQLite's "error in view v after rename: no such column: a" is about, and the reason."""
    message = str(error)
    for dependant in sorted(dependants, key=lambda found: -len(found.name)):
        start = f"error in {dependant.kind} {dependant.name}"
        if message.startswith((f"{start}:", f"{start} after ")):
            return dependant, message[len(start) :].partition(": ")[2]
    return None


def _rewritten(connection: BaseDatabaseWrapper, renames: list[str]) -> list[Dependant]:
    with _taken_back(connection) as cursor:
        _drop_broken(cursor)
        try:
            # The first one also turns texts in double quotes into texts in single ones, everywhere.
            cursor.execute(renames[0], None)
            before = {(found.kind, found.name): found.sql for found in _read(cursor)}
            cursor.execute(renames[1], None)
        except OperationalError as error:
            if found := named_in(error, _read(cursor)):
                return [found[0]]
            raise
        # Read as they are after the second renaming; what they are called has not changed.
        return [found for found in _read(cursor) if before[found.kind, found.name] != found.sql]


def _drop_broken(cursor: Any) -> dict[Dependant, str]:
    found: dict[Dependant, str] = {}
    present = _read(cursor)
    if not any(dependant.kind != "index" for dependant in present):
        return found
    cursor.execute(f"CREATE TABLE {_FIRST} (a)")
    while True:
        try:
            cursor.execute(f"ALTER TABLE {_FIRST} RENAME TO {_SECOND}")
        except OperationalError as error:
            named = named_in(error, present)
            if named is None or named[0] in found:
                raise
            found[named[0]] = named[1]
            cursor.execute(f'DROP {named[0].kind} "{named[0].name.replace(chr(34), chr(34) * 2)}"', None)
            left = set(_read(cursor))
            # The triggers of a view go with it.
            found |= dict.fromkeys((gone for gone in present if gone not in left | found.keys()), named[1])
        else:
            cursor.execute(f"DROP TABLE {_SECOND}")
            return found


def _read(cursor: Any) -> list[Dependant]:
    cursor.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master"
        " WHERE type IN ('view', 'trigger', 'index') AND sql IS NOT NULL ORDER BY rowid"
    )
    return [Dependant(*row) for row in cursor.fetchall()]


@contextmanager
def _taken_back(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """A cursor of which nothing stays, in a transaction or outside of one."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT evolution_tried")
        try:
            yield cursor
        finally:
            cursor.execute("ROLLBACK TO evolution_tried")
            cursor.execute("RELEASE evolution_tried")
