"""Statements that keep what a migration is about to drop or narrow, handed to its schema editor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Model
from django.utils import timezone

from evolution.archive.columns import (
    Condition,
    definitions,
    primary_key,
    quoted,
    same_key,
    same_value,
    slices,
)
from evolution.backends.sqlite3.sequence import highest_id
from evolution.models import ArchiveEntry
from evolution.narrowing import narrowing

Kind = ArchiveEntry.Kind
LEFT = "evolution_left"  # of a narrowed value: what the migration has left in its place

_NEXT_ID = re.compile(r" AUTO_INCREMENT=(\d+)")
# A line of SHOW CREATE TABLE. Names of these are the database's, and not the table's.
_NAMED = re.compile(r"^  CONSTRAINT (`(?:[^`]|``)+`) (FOREIGN KEY|CHECK)", re.MULTILINE)


def keep_column(editor: Any, model: type[Model], field: Any) -> None:
    """Keep the values of a column that is dropped, but for those that it would come back with by itself."""
    condition = _unlike_default(editor, field)
    if _is_kept(editor, model, field.column, condition):
        entry = _begin(editor, model, Kind.COLUMN, field.column)
        _copy(editor, entry, condition)


@contextmanager
def kept_values(editor: Any, model: type[Model], old: Any, new: Any) -> Iterator[None]:
    """Keep the values that a column no longer holds when the block has altered it, and what it has in their place."""
    condition = _lost(editor, old, new)
    if not (condition and _is_kept(editor, model, old.column, condition)):
        yield
        return
    entry = _begin(editor, model, Kind.VALUES, old.column, left=new.db_parameters(editor.connection)["type"])
    _copy(editor, entry, condition)
    if nearest := _nearest(editor, old, new):
        table = quoted(editor.connection, entry.table_name)
        name = quoted(editor.connection, old.column)
        editor.execute(f"UPDATE {table} AS t SET {name} = {nearest} WHERE {condition[0]}", condition[1])
    yield
    _note_what_is_left(editor, entry, model, new)


@contextmanager
def kept_table(editor: Any, model: type[Model]) -> Iterator[None]:
    """Keep the rows of a table that the block drops.

    MySQL and MariaDB give it another name instead, which takes no time; what it has that its successor, or a change
    of another table, could come across is taken off it. SQLite can't take a foreign key off a table, and copies.
    """
    connection, table = editor.connection, model._meta.db_table
    # A new name would take along the keys of other tables. They have to go first, as the server says of the drop.
    is_free = connection.vendor == "sqlite" or not _is_referred_to(editor, model)
    if not (is_free and _is_kept(editor, model, primary_key(model)[0], ("1 = 1", []))):
        with _dropping(editor, ""):
            yield
        return
    if connection.vendor == "sqlite":
        entry = _begin(editor, model, Kind.TABLE)
        highest = highest_id(connection, table)
        entry.next_id = highest + 1 if highest else None
        _copy(editor, entry, ("1 = 1", []))
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE {connection.ops.quote_name(table)}")
        definition = cursor.fetchone()[1]
    entry = _entry(editor, Kind.TABLE, model)
    next_id = _NEXT_ID.search(definition)
    entry.next_id = int(next_id[1]) if next_id else None
    _write(editor, entry, table)
    check = "CONSTRAINT" if connection.mysql_is_mariadb else "CHECK"
    drops = [
        f"DROP {'FOREIGN KEY' if kind == 'FOREIGN KEY' else check} {name}"
        for name, kind in _NAMED.findall(definition)
    ]
    if drops:
        editor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} {', '.join(drops)}", None)
    with _dropping(editor, entry.archive_table):
        yield


def _is_referred_to(editor: Any, model: type[Model]) -> bool:
    """Whether another table will have a foreign key to this one when the editor comes to drop it. MySQL and MariaDB."""
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT constraint_name, table_name FROM information_schema.referential_constraints"
            " WHERE constraint_schema = DATABASE() AND referenced_table_name = %s AND table_name <> %s",
            [model._meta.db_table, model._meta.db_table],
        )
        found = cursor.fetchall()
    # Those of many-to-many fields go before, and what the operation has handed over so far is carried out before.
    throughs = [link.remote_field.through._meta for link in model._meta.local_many_to_many]  # type: ignore[union-attr]
    going = {through.db_table for through in throughs if through.auto_created}
    written = getattr(editor, "captured", [])
    return any(
        other not in going and not any(_takes_off(sql, other, key) for sql in written) for key, other in found
    )


def _takes_off(sql: str, table: str, key: str) -> bool:
    """Whether a statement takes a table's foreign key away, or the table."""
    if sql.startswith(f"DROP TABLE `{table}`"):
        return True
    return sql.startswith(f"ALTER TABLE `{table}`") and f"DROP FOREIGN KEY `{key}`" in sql


# --- What is kept


def _unlike_default(editor: Any, field: Any) -> Condition:
    """The rows in which a column would have another value if it were made anew."""
    connection = editor.connection
    name = f"t.{quoted(connection, field.column)}"
    is_now = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    if is_now or field.has_db_default() or (field.has_default() and callable(field.default)):
        return "1 = 1", []
    default = editor.effective_default(field)
    if default is None:
        return f"{name} IS NOT NULL", []
    kind = field.db_parameters(connection)["type"]
    return f"NOT ({same_value(connection, name, '%s', kind, kind)})", [default]


def _lost(editor: Any, old: Any, new: Any) -> Condition | None:
    """The rows whose value a column no longer holds; None where it holds all of them, or none can be told."""
    if old.primary_key or new.primary_key or old.generated or new.generated:
        return None
    name = f"t.{quoted(editor.connection, old.column)}"
    conditions = []
    if found := narrowing(old, new):
        conditions.append(found.misfits_in(editor.connection.vendor, name) or f"{name} IS NOT NULL")
    if old.null and not new.null and editor.effective_default(new) is not None:
        conditions.append(f"{name} IS NULL")
    return (" OR ".join(conditions), []) if conditions else None


def _nearest(editor: Any, old: Any, new: Any) -> str:
    found = narrowing(old, new)
    name = quoted(editor.connection, old.column)
    return found.nearest_in(editor.connection.vendor, name) if found else ""


def _is_kept(editor: Any, model: type[Model], column: str, condition: Condition) -> bool:
    """Whether there are such rows now. Of a column that an earlier statement has yet to make there are none."""
    connection, table = editor.connection, model._meta.db_table
    there = definitions(connection, table)
    if column not in there or not there.keys() >= set(primary_key(model)):
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {quoted(connection, table)} t WHERE {condition[0]} LIMIT 1", condition[1]
        )
        return cursor.fetchone() is not None


# --- Where it is kept


def _entry(editor: Any, kind: str, model: type[Model], column: str = "") -> ArchiveEntry:
    archive = editor.archive
    return ArchiveEntry(
        number=archive.next_number(editor.connection),
        kind=kind,
        app=archive.migration.app_label,
        migration=archive.migration.name,
        operation=archive.operation,
        backwards=archive.backwards,
        run_id=archive.run_id,
        table_name=model._meta.db_table,
        column_name=column,
        key_columns=primary_key(model),
        kept_at=timezone.now(),
    )


def _begin(editor: Any, model: type[Model], kind: str, column: str = "", left: str = "") -> ArchiveEntry:
    """Make the table for an entry: with the key and the column, or with all columns of the model's table."""
    connection = editor.connection
    entry = _entry(editor, kind, model, column)
    types = definitions(connection, entry.table_name)
    names = [*entry.key_columns, column] if column else list(types)
    lines = [f"{connection.ops.quote_name(name)} {types[name]} {_null(name, entry)}" for name in names]
    if left:
        lines.append(f"{connection.ops.quote_name(LEFT)} {left} NULL")
    key = ", ".join(map(connection.ops.quote_name, entry.key_columns))
    lines.append(f"PRIMARY KEY ({key})")
    editor.execute(
        f"CREATE TABLE {connection.ops.quote_name(entry.archive_table)} ({', '.join(lines)})", None
    )
    return entry


def _null(name: str, entry: ArchiveEntry) -> str:
    return "NOT NULL" if name in entry.key_columns else "NULL"


def _copy(editor: Any, entry: ArchiveEntry, condition: Condition) -> None:
    """Copy the rows of an entry that meet a condition, and write the entry down."""
    connection = editor.connection
    archive, table = quoted(connection, entry.archive_table), quoted(connection, entry.table_name)
    column = entry.column_name
    columns = [*entry.key_columns, column] if column else list(definitions(connection, entry.table_name))
    names = [quoted(connection, name) for name in columns]
    into = f"INTO {archive} ({', '.join(names)}) SELECT {', '.join(f't.{name}' for name in names)} FROM {table} t"
    for part, parameters in slices(connection, entry.table_name, entry.key_columns):
        editor.execute(f"INSERT {into} WHERE ({condition[0]}) AND {part}", [*condition[1], *parameters])
    if connection.vendor == "mysql":
        # What others have written since, as each of these statements is a transaction of its own.
        there = same_key(connection, entry.key_columns, "a", "t")
        kind = definitions(connection, entry.table_name)[column]
        name = quoted(connection, column)
        same = same_value(connection, f"a.{name}", f"t.{name}", kind, kind)
        editor.execute(
            f"REPLACE {into} WHERE ({condition[0]})"
            f" AND NOT EXISTS (SELECT 1 FROM {archive} a WHERE {there} AND {same})",
            condition[1],
        )
    _write(editor, entry, entry.archive_table)


def _write(editor: Any, entry: ArchiveEntry, counted: str) -> None:
    """Write an entry down, with the number of rows that a table has when that is done."""
    connection = editor.connection
    values = {
        field.column: field.get_db_prep_save(getattr(entry, field.attname), connection)
        for field in entry._meta.local_fields
        if field.name not in ("key_columns", "row_count")
    }
    values["key_columns"] = json.dumps(entry.key_columns)
    names = ", ".join(map(connection.ops.quote_name, [*values, "row_count"]))
    places = ", ".join(["%s"] * len(values))
    editor.execute(
        f"INSERT INTO {entry._meta.db_table} ({names}) SELECT {places}, COUNT(*) FROM {quoted(connection, counted)}",
        list(values.values()),
    )


def _note_what_is_left(editor: Any, entry: ArchiveEntry, model: type[Model], new: Any) -> None:
    connection = editor.connection
    archive, table = quoted(connection, entry.archive_table), quoted(connection, model._meta.db_table)
    joined = same_key(connection, entry.key_columns, archive, "t")
    name = f"t.{quoted(connection, new.column)}"
    editor.execute(
        f"UPDATE {archive} SET {connection.ops.quote_name(LEFT)} = (SELECT {name} FROM {table} t WHERE {joined})",
        [],
    )


@contextmanager
def _dropping(editor: Any, archive_table: str) -> Iterator[None]:
    """Within the block the editor gives a table that it drops this name instead, if there is one."""
    before = vars(editor).get("sql_delete_table")
    editor.sql_delete_table = (
        f"RENAME TABLE %(table)s TO {quoted(editor.connection, archive_table)}"
        if archive_table
        else type(editor).sql_delete_table
    )
    try:
        yield
    finally:
        if before is None:
            del editor.sql_delete_table
        else:
            editor.sql_delete_table = before
