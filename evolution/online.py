"""Schema changes by the cheapest algorithm that the server grants, so that those who write need not wait.

MySQL and MariaDB know three: INSTANT changes the definition alone, INPLACE keeps the rows where they are or builds
them anew beside the old ones, and COPY copies them while writers are shut out. Left to itself the server takes the
cheapest, and falls back to a copy without a word. So each is asked for by name, and the copy last: the server refuses
what it can't do before it touches anything.

A foreign key is checked row by row, under a copy. It is made in place, with the checks off for this one statement, and
rows that point to nothing are looked for once it stands: then none can be added. Where there are any it goes again.

Sources: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html,
https://mariadb.com/kb/en/innodb-online-ddl-overview/, and trials on both servers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum

from django.db import DatabaseError, IntegrityError, NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.conf import MEGABYTE, configuration
from evolution.fingerprints import Fingerprint, fingerprint
from evolution.foreign_keys import Key, keys
from evolution.literals import literal
from evolution.statements import ALTER_TABLE, NAME, plain, unquoted

Run = Callable[[str], None]

NOT_GRANTED = (
    1845,  # not for this operation
    1846,  # not for this operation, for a reason that is told
    4092,  # the table was changed by INSTANT too often
)
NO_SUCH_COLUMN = 1054
SYNTAX = 1064  # here: the statement is of a form that takes no algorithm
VIOLATED = 1452  # the code by which the servers refuse a foreign key that rows do not keep
LISTED = 10  # rows that point to nothing

_CREATE_INDEX = re.compile(rf"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+{NAME}\s+ON\s+({NAME})", re.IGNORECASE)
_DROP_INDEX = re.compile(rf"\s*DROP\s+INDEX\s+({NAME})\s+ON\s+({NAME})\s*;?\s*$", re.IGNORECASE)
_CHOSEN = re.compile(r"\b(?:ALGORITHM|LOCK)\s*=", re.IGNORECASE)
_ASKED = re.compile(r"\bALGORITHM=(INSTANT|INPLACE)(?:, LOCK=NONE)?\s*$")
_NEW_KEY = re.compile(rf"\bFOREIGN\s+KEY\b.*?\bREFERENCES\s+((?:{NAME}\.)?{NAME})", re.IGNORECASE | re.DOTALL)
_MORE_THAN_ADDED = re.compile(r"\b(?:DROP|MODIFY|CHANGE|RENAME|ALTER|CONVERT|ORDER)\b", re.IGNORECASE)
# Lines of SHOW CREATE TABLE.
_PRIMARY = re.compile(r"^  PRIMARY KEY \((.*?)\)", re.MULTILINE)
_PART = re.compile(r"^  (?:(?P<kind>CONSTRAINT|(?:UNIQUE )?KEY) )?(?P<name>`[^`]+`)", re.MULTILINE)
_KINDS = {None: "COLUMN", "CONSTRAINT": "CONSTRAINT", "KEY": "KEY", "UNIQUE KEY": "KEY"}


class Algorithm(Enum):
    """How the server changes a table; the value is what it is asked for."""

    INSTANT = ("ALGORITHM=INSTANT",)
    INPLACE = ("ALGORITHM=INPLACE", "LOCK=NONE")

    def asked_in(self, sql: str) -> str:
        """The statement, which asks for this algorithm."""
        if match := _DROP_INDEX.match(sql):  # On MariaDB it takes no algorithm in this form.
            sql = f"ALTER TABLE {match[2]} DROP INDEX {match[1]}"
        separator = ", " if ALTER_TABLE.match(sql) else " "
        return separator.join([sql.rstrip("; \n"), *self.value])


class TooLargeToCopy(NotSupportedError):
    """The server can only copy a table, which is larger than those that are copied unasked."""

    def __init__(self, table: str, megabytes: float, sql: str) -> None:
        super().__init__(
            NOT_GRANTED[0],
            f"For the statement below the server has to copy the table {table}, and nobody can write to it meanwhile. "
            f"It has {megabytes:,.0f} MB, and more than {configuration().copy_limit:g} are not copied unasked. The "
            "statement was not carried out. Choose an hour when the wait does no harm, and run migrate again with "
            f"EVOLUTION_COPY_ALLOWED={table} in the environment.\n{sql}",
        )

    def __str__(self) -> str:
        return str(self.args[1])


def table_altered(sql: str) -> str | None:
    """The table whose definition the statement changes, where it can be told by which algorithm; else None."""
    return None if _CHOSEN.search(unquoted(sql)) else _table_of(sql)


def _table_of(sql: str) -> str | None:
    for form, group in ((ALTER_TABLE, 1), (_CREATE_INDEX, 1), (_DROP_INDEX, 2)):
        if match := form.match(sql):
            return plain(match[group])
    return None


def is_quick(connection: BaseDatabaseWrapper, sql: str) -> bool:
    """Whether little work is lost where the server begins a schema change and finds others in the way at its end."""
    table = _table_of(sql)
    if table is None or Algorithm.INSTANT.value[0] in sql:
        return True
    return size_of(connection, table) <= configuration().copy_limit * MEGABYTE


def algorithms_taken(statements: Iterable[str]) -> str:
    """By which algorithms the servers carried statements out, as the journal has them: "3 INSTANT, 1 COPY of book".

    Empty where none of them changes a table that there was.
    """
    taken: Counter[str] = Counter()
    copied: set[str] = set()
    for sql in statements:
        if match := _ASKED.search(sql):
            taken[match[1]] += 1
        elif table := table_altered(sql):
            taken["COPY"] += 1
            copied.add(table)
    counted = [f"{taken[name]} {name}" for name in ("INSTANT", "INPLACE", "COPY") if taken[name]]
    return ", ".join(counted) + (f" of {', '.join(sorted(copied))}" if copied else "")


def alter(connection: BaseDatabaseWrapper, run: Run, copy: Run, sql: str) -> str:
    """Carry out a schema change by the cheapest algorithm; the statement as it was sent.

    `run` sends a statement; `copy` sends one for which the server may copy its table. Foreign keys that are added in
    place are left unchecked, for `check_new_keys`. Raises DatabaseError with what the server refuses; nothing is
    changed then.
    """
    if (table := table_altered(sql)) is None:
        copy(sql)
        return sql
    with _unchecked(connection) if _may_be_unchecked(connection, sql) else nullcontext():
        for algorithm in Algorithm:
            asked = algorithm.asked_in(sql)
            try:
                _run_finding_columns(connection, run, table, asked)
            except DatabaseError as error:
                if error.args[0] == SYNTAX:
                    break
                if error.args[0] not in NOT_GRANTED:
                    raise
            else:
                return asked
    copy(sql)
    return sql


def _run_finding_columns(connection: BaseDatabaseWrapper, run: Run, table: str, sql: str) -> None:
    """Run a statement, and once more where MariaDB does not find a column that is there.

    A check of the column names the table as the query that was the first to open it did: after `FROM book AS b` it
    finds no column `book.price` any more when that is to be renamed (seen with 10.11.18). Setting the table's comment
    to what it is makes the server read the definition again.
    """
    try:
        run(sql)
    except DatabaseError as error:
        if error.args[0] != NO_SUCH_COLUMN or not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
            raise
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_comment FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                [table],
            )
            found = cursor.fetchone()
        if found is None:
            raise
        run(f"ALTER TABLE {connection.ops.quote_name(table)} COMMENT = {literal(connection, found[0])}")
        run(sql)


def refuse_large(connection: BaseDatabaseWrapper, sql: str) -> None:
    """Before a statement that copies its table: raises TooLargeToCopy.

    A statement that says itself by which algorithm is carried out as its author wants it.
    """
    table = table_altered(sql)
    if table is None or table in configuration().copy_allowed:
        return
    megabytes = size_of(connection, table) / MEGABYTE
    if megabytes > configuration().copy_limit:
        raise TooLargeToCopy(table, megabytes, sql)


def check_new_keys(connection: BaseDatabaseWrapper, run: Run, sql: str, before: Fingerprint) -> None:
    """Look for rows that point to nothing by the foreign keys that the statement has added to the tables `before`.

    Where there are any, all that it has added goes again. Raises IntegrityError, as the server would, with the rows.
    """
    if not _only_adds_keys(sql):
        return
    now = fingerprint(connection, list(before))
    old = keys(connection, before)
    for key in keys(connection, now):
        if key not in old and (rows := _orphans(connection, key, now[plain(key.table)] or "")):
            run(_removal(key.table, before[plain(key.table)] or "", now[plain(key.table)] or ""))
            raise IntegrityError(VIOLATED, _sentence(key, rows))


def _may_be_unchecked(connection: BaseDatabaseWrapper, sql: str) -> bool:
    """Whether the statement adds foreign keys, to tables that exist: without checks the server would not ask."""
    targets = [plain(target) for target in _NEW_KEY.findall(sql)]
    return _only_adds_keys(sql) and None not in fingerprint(connection, targets).values()


@contextmanager
def _unchecked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    connection.disable_constraint_checking()
    try:
        yield
    finally:
        if connection.connection is not None and connection.is_usable():
            connection.enable_constraint_checking()


def _only_adds_keys(sql: str) -> bool:
    """Whether the statement adds a foreign key to a table, and takes nothing away that would have to come back."""
    match = ALTER_TABLE.match(sql)
    return bool(match and _NEW_KEY.search(sql) and not _MORE_THAN_ADDED.search(unquoted(sql[match.end() :])))


def size_of(connection: BaseDatabaseWrapper, table: str) -> int:
    """How many bytes a table and its indexes take, as the server reckons."""
    with connection.cursor() as cursor:
        if not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
            cursor.execute("SET SESSION information_schema_stats_expiry = 0")  # else up to a day old
        cursor.execute(
            "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s",
            [table],
        )
        return int(cursor.fetchone()[0])


def _orphans(connection: BaseDatabaseWrapper, key: Key, definition: str) -> list[tuple[str, str]]:
    """Rows that point to nothing: where they are, and to what they point."""
    primary = _PRIMARY.search(definition)
    names = re.findall(r"`[^`]+`", primary[1]) if primary else list(key.columns)
    with connection.cursor() as cursor:
        cursor.execute(key.orphans([*names, *key.columns], LISTED), None)
        return [
            (", ".join(map(str, row[: len(names)])), ", ".join(map(str, row[len(names) :])))
            for row in cursor.fetchall()
        ]


def _sentence(key: Key, rows: list[tuple[str, str]]) -> str:
    shown = "; ".join(f"row {where}: {value}" for where, value in rows)
    more = ", and maybe more" if len(rows) == LISTED else ""
    return (
        f"The foreign key {plain(key.name)} does not hold: {', '.join(map(plain, key.columns))} of table "
        f"{plain(key.table)} points to no row of {plain(key.target)} ({shown}{more}). "
        "Correct or delete such rows, then run migrate again."
    )


def _removal(table: str, before: str, now: str) -> str:
    """The statement that takes away what the definition of a table has now and had not before."""
    old = {(match["kind"], match["name"]) for match in _PART.finditer(before)}
    clauses = [
        f"DROP {_KINDS[match['kind']]} {match['name']}"
        for match in _PART.finditer(now)
        if (match["kind"], match["name"]) not in old
    ]
    return f"ALTER TABLE {table} {', '.join(clauses)}"
