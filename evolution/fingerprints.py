"""What tables look like, to tell whether a statement has been carried out. MySQL and MariaDB."""

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ProgrammingError

from evolution.introspection import stored_names, table_names, views
from evolution.scratch import scratch_database

Fingerprint = dict[str, str | None]  # its definition by table, or view; None where there is none of that name

NO_SUCH_TABLE = 1146

# A line each of SHOW CREATE TABLE, with the columns.
_KEY = re.compile(r" FOREIGN KEY (\(.*?\)) REFERENCES ")
_INDEX = re.compile(r"  KEY `(?:[^`]|``)+` (\(.*\))$")
_NEXT_ID = re.compile(r" AUTO_INCREMENT=\d+")
_WORD = re.compile(r"`((?:[^`]|``)+)`|([A-Za-z0-9_$]+)")
_NEW_NAME = re.compile(
    r"\b(?:CREATE\s+(?:TABLE(?:\s+IF\s+NOT\s+EXISTS)?|(?:OR\s+REPLACE\s+)?VIEW)|RENAME\s+(?:TO|AS)|\bTO)"
    r"\s+(?:`((?:[^`]|``)+)`|([A-Za-z0-9_$]+))",
    re.IGNORECASE,
)
_NEW_VIEW = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+`((?:[^`]|``)+)`", re.IGNORECASE)


class TablesConcerned:
    """Tells which tables a statement names, without asking for the names of all tables each time."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.forget()

    def forget(self) -> None:
        """Ask again: code that nobody looked into may have made tables."""
        self._known: set[str] | None = None

    def by(self, sql: str) -> list[str]:
        """The tables that a statement names, those that it makes included, and those that are gone again.

        A column that is called like a table brings that table along, which does no harm.
        """
        if self._known is None:
            self._views = views(self.connection)
            self._known = table_names(self.connection) | self._views.keys()
            self._stored = stored_names(self.connection)
        words, new = (
            {self._stored(quoted.replace("``", "`") or plain) for quoted, plain in names.findall(sql)}
            for names in (_WORD, _NEW_NAME)
        )
        self._known |= new
        if match := _NEW_VIEW.match(sql):
            self._views[match[1].replace("``", "`")] = sql
        found = words & self._known
        # A view can't be made without what it shows.
        shown = {name for view in found & self._views.keys() for name in _quoted(self._views[view])}
        return sorted(found | (shown & self._known))


def fingerprint(connection: BaseDatabaseWrapper, tables: list[str]) -> Fingerprint:
    """What these tables look like now, without the next id, which rows change."""
    with connection.cursor() as cursor:
        return {table: _definition(connection, cursor, table) for table in tables}


def _definition(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> str | None:
    try:
        cursor.execute(f"SHOW CREATE TABLE {connection.ops.quote_name(table)}")
    except ProgrammingError as error:
        if error.args[0] != NO_SUCH_TABLE:
            raise
        return None
    return _NEXT_ID.sub("", cursor.fetchone()[1])


def predicted(connection: BaseDatabaseWrapper, before: Fingerprint, sql: str) -> Fingerprint:
    """What the tables look like after the statement, found by carrying it out on empty copies of them.

    In the form that `as_made_anew` gives. Raises ScratchRefused where no scratch database can be made.
    """
    with scratch_database(connection) as scratch:
        _make(scratch, before)
        with scratch.cursor() as cursor:
            cursor.execute(sql, None)
        after = fingerprint(scratch, list(before))
    return as_made_anew(connection, after)


def as_made_anew(connection: BaseDatabaseWrapper, found: Fingerprint) -> Fingerprint:
    """The same tables as the server shows them when they are made from their definition.

    MySQL shows a table that was altered and one that was made as it is now in different words, such as a column's
    character set that goes without saying. Indexes that a foreign key needs are left out: the server makes them by
    itself, and gives up its own for a newer one, but not where a definition has named it.
    """
    with scratch_database(connection) as scratch:
        _make(scratch, found)
        made = fingerprint(scratch, list(found))
    return {table: definition and _without_indexes_of_keys(definition) for table, definition in made.items()}


def alike(connection: BaseDatabaseWrapper, one: Fingerprint, other: Fingerprint) -> bool:
    """Whether these are the same tables, however the server has come to them. Raises ScratchRefused."""
    return as_made_anew(connection, one) == as_made_anew(connection, other)


def _without_indexes_of_keys(definition: str) -> str:
    lines = [line.removesuffix(",") for line in definition.splitlines()]
    needed = {match[1] for line in lines if (match := _KEY.search(line))}
    return "\n".join(line for line in lines if not ((match := _INDEX.match(line)) and match[1] in needed))


def _make(scratch: BaseDatabaseWrapper, tables: Fingerprint) -> None:
    there = [definition for definition in tables.values() if definition is not None]
    there.sort(key=lambda definition: not definition.startswith("CREATE TABLE"))  # the views last
    with scratch.cursor() as cursor:
        cursor.execute("SET SESSION foreign_key_checks = 0")
        for definition in there:
            cursor.execute(definition, None)


def _quoted(definition: str) -> list[str]:
    return [name.replace("``", "`") for name in re.findall(r"`((?:[^`]|``)+)`", definition)]
