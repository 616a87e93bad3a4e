"""Statements that bring back what the archive has kept, handed to a migration's schema editor.

Brought back is what still has its place: a value whose row is there and, of a narrowed one, holds what the migration
has left in it; a row or a foreign key whose target is there. The rest stays in the archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.utils import timezone

from evolution.archive.columns import definitions, quoted, same_key, same_value, slices
from evolution.archive.keeping import LEFT
from evolution.backends.sqlite3.sequence import count_on_from
from evolution.models import ArchiveEntry


def restore_column(editor: Any, entry: ArchiveEntry, model: type[Model], field: Any) -> None:
    """Give the rows of a column that was made anew the values that they had."""
    _restore_values(editor, entry, model, field, list(_targets(editor, model, [field])))


def restore_values(editor: Any, entry: ArchiveEntry, model: type[Model], field: Any) -> None:
    """Give the rows of a column that holds more again the values that they had, where nobody has written since."""
    connection = editor.connection
    name, left = quoted(connection, field.column), connection.ops.quote_name(LEFT)
    types = definitions(connection, entry.archive_table)
    unchanged = same_value(connection, f"t.{name}", f"a.{left}", types[entry.column_name], types[LEFT])
    _restore_values(editor, entry, model, field, [unchanged])


def restore_table(editor: Any, entry: ArchiveEntry, model: type[Model]) -> None:
    """Give a table that was made anew the rows that it had."""
    connection, table = editor.connection, model._meta.db_table
    kept = definitions(connection, entry.archive_table)
    fields = [
        field
        for field in model._meta.local_concrete_fields
        if field.column in kept and not getattr(field, "generated", False)
    ]
    names = ", ".join(quoted(connection, field.column) for field in fields)
    conditions = " AND ".join(_targets(editor, model, fields, "t")) or "1 = 1"
    for part, parameters in slices(connection, entry.archive_table, entry.key_columns):
        editor.execute(
            f"INSERT INTO {quoted(connection, table)} ({names}) SELECT {names}"
            f" FROM {quoted(connection, entry.archive_table)} t WHERE {conditions} AND {part}",
            parameters,
        )
    _take_out(editor, entry, table, "1 = 1")
    if entry.next_id and connection.vendor == "sqlite":
        count_on_from(connection, table, entry.next_id - 1)
    elif entry.next_id:
        editor.execute(
            f"ALTER TABLE {connection.ops.quote_name(table)} AUTO_INCREMENT = {entry.next_id}", None
        )


def _restore_values(
    editor: Any, entry: ArchiveEntry, model: type[Model], field: Any, conditions: list[str]
) -> None:
    connection, table = editor.connection, model._meta.db_table
    archive, name = quoted(connection, entry.archive_table), quoted(connection, field.column)
    old = quoted(connection, entry.column_name)
    where = " AND ".join([same_key(connection, entry.key_columns, "a", "t"), *conditions])
    for part, parameters in slices(connection, table, entry.key_columns):
        update = (
            f"UPDATE {quoted(connection, table)} AS t SET {name} = a.{old} FROM {archive} a WHERE {where} AND {part}"
            if connection.vendor == "sqlite"
            else f"UPDATE {quoted(connection, table)} t, {archive} a SET t.{name} = a.{old} WHERE {where} AND {part}"
        )
        editor.execute(update, parameters)
    kind = definitions(connection, entry.archive_table)[entry.column_name]
    same = same_value(connection, f"t.{name}", f"{archive}.{old}", kind, kind)
    _take_out(editor, entry, table, same)


def _take_out(editor: Any, entry: ArchiveEntry, table: str, condition: str) -> None:
    """Take out of an entry what stands in the table again, and write down how much that was."""
    connection = editor.connection
    archive = quoted(connection, entry.archive_table)
    there = f"{same_key(connection, entry.key_columns, archive, 't')} AND {condition}"
    editor.execute(
        f"DELETE FROM {archive} WHERE EXISTS (SELECT 1 FROM {quoted(connection, table)} t WHERE {there})",
        [],
    )
    moment = connection.ops.adapt_datetimefield_value(timezone.now())
    editor.execute(
        f"UPDATE {entry._meta.db_table} SET restored_at = %s,"
        f" restored_count = row_count - (SELECT COUNT(*) FROM {archive}) WHERE number = %s",
        [moment, entry.number],
    )


def _targets(editor: Any, model: type[Model], fields: list[Any], alias: str = "a") -> Iterator[str]:
    """A condition for each foreign key: that what it points to is there. A table's own rows all come together."""
    connection = editor.connection
    for field in fields:
        target = field.remote_field.model if field.remote_field else None
        if target is None or not field.db_constraint or target._meta.db_table == model._meta.db_table:
            continue
        name = f"{alias}.{quoted(connection, field.column)}"
        other = quoted(connection, field.target_field.column)
        yield (
            f"({name} IS NULL OR EXISTS (SELECT 1 FROM {quoted(connection, target._meta.db_table)} target"
            f" WHERE target.{other} = {name}))"
        )
