"""Defaults of columns in the database: read, set, dropped, and made use of to fill a column. MySQL and MariaDB."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Model

from evolution.fingerprints import fingerprint
from evolution.foreign_keys import keys
from evolution.literals import literal

LARGE = 10_000  # rows from which on a few schema changes cost less than to write them all

_ADDED = re.compile(r"ALTER TABLE `([^`]+)` ADD COLUMN `([^`]+)`", re.IGNORECASE)
_RENAMED = re.compile(
    r"(?:ALTER|RENAME) TABLE `([^`]+)` .*?\b(?:RENAME|CHANGE|TO)\b", re.IGNORECASE | re.DOTALL
)
# A line of SHOW CREATE TABLE: an index of one column.
_INDEX = re.compile(r"^  (KEY (`[^`]+`) \((`[^`]+`)\)),?$", re.MULTILINE)

# A line of SHOW CREATE TABLE: of a column with a default, which is a text, an expression, or one word.
_DEFAULT = re.compile(
    r"^  (?P<column>`[^`]+`) .*? DEFAULT (?P<default>'(?:[^']|'')*'|\(.*\)|[^\s,]+)", re.MULTILINE
)

NewColumns = frozenset[tuple[str, str]]  # table, column


def new_columns(statements: Iterable[str]) -> NewColumns:
    """The columns that these statements, carried out one after the other, have added, of tables that kept all names."""
    new: set[tuple[str, str]] = set()
    for sql in statements:
        if match := _RENAMED.match(sql):
            new = {column for column in new if column[0] != match[1]}
        if match := _ADDED.match(sql):
            new.add((match[1], match[2]))
    return frozenset(new)


def filled_by_default(
    schema_editor: BaseDatabaseSchemaEditor, model: type[Model], field_name: str, value: Any
) -> bool:
    """Have the editor make a column again, with `value` as its default; whether that can be done.

    It can where the journal has the editor write down what is to be done, and knows that the column is as new as the
    run, so that no other program writes to it; where all rows have NULL in it, and are many; and where nothing stands
    on the column but indexes and foreign keys of its own. The default stays.
    """
    field: Any = model._meta.get_field(field_name)
    table, connection = model._meta.db_table, schema_editor.connection
    if (table, field.column) not in getattr(schema_editor, "new_columns", frozenset()):
        return False
    rows = model._base_manager.using(connection.alias)
    if rows.filter(**{f"{field.attname}__isnull": False}).exists():
        return False
    if not rows.values_list("pk").order_by("pk")[LARGE - 1 : LARGE]:
        return False
    standing = _standing_on(connection, table, connection.ops.quote_name(field.column))
    if standing is None:
        return False
    for sql in _statements(schema_editor, model, field, value, standing):
        schema_editor.execute(sql, None)
    return True


@dataclasses.dataclass
class _Standing:
    """The indexes and foreign keys of a column alone, as clauses of an ALTER TABLE."""

    drops: list[str] = dataclasses.field(default_factory=list)
    adds: list[str] = dataclasses.field(default_factory=list)


def _standing_on(connection: BaseDatabaseWrapper, table: str, column: str) -> _Standing | None:
    """What stands on a column, which is quoted; None where something stands on others, too."""
    found = fingerprint(connection, [table])
    definition = found[table] or ""
    standing = _Standing()
    for key in keys(connection, found):
        if key.columns == (column,):
            standing.drops.append(f"DROP FOREIGN KEY {key.name}")
            standing.adds.append(f"ADD {key.definition}")
            definition = definition.replace(key.definition, "")
    for match in _INDEX.finditer(definition):
        if match[3] == column:
            standing.drops.append(f"DROP KEY {match[2]}")
            standing.adds.insert(0, f"ADD {match[1]}")
            definition = definition.replace(match[1], "")
    # Its own line is left, unless a longer key, a check, a generated column or a partition names it.
    own = [line for line in definition.splitlines() if column in line]
    return standing if len(own) == 1 and " CHECK " not in own[0] else None


def _statements(
    schema_editor: Any, model: type[Model], field: Any, value: Any, standing: _Standing
) -> Iterable[str]:
    table, column = (schema_editor.quote_name(name) for name in (model._meta.db_table, field.column))
    definition, _no_parameters = schema_editor.column_sql(model, field)
    if standing.drops:
        yield f"ALTER TABLE {table} {', '.join(standing.drops)}"
    yield f"ALTER TABLE {table} DROP COLUMN {column}"
    yield f"ALTER TABLE {table} ADD COLUMN {column} {definition} DEFAULT {_written(schema_editor, field, value)}"
    if standing.adds:
        yield f"ALTER TABLE {table} {', '.join(standing.adds)}"


def present_default(connection: BaseDatabaseWrapper, table: str, column: str) -> str:
    """The default that a column has, as SQL; empty where it has none, or NULL."""
    definition = fingerprint(connection, [table])[table] or ""
    for match in _DEFAULT.finditer(definition):
        if match["column"] == connection.ops.quote_name(column):
            return "" if match["default"].upper() == "NULL" else match["default"]
    return ""


def set_default(schema_editor: Any, model: type[Model], field: Any, value: Any) -> None:
    """Have the editor give the column of a field this default."""
    table, column = (schema_editor.quote_name(name) for name in (model._meta.db_table, field.column))
    default = _written(schema_editor, field, value)
    schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}", None)


def drop_default(schema_editor: Any, model: type[Model], field: Any) -> None:
    """Have the editor take the default away from the column of a field."""
    table, column = (schema_editor.quote_name(name) for name in (model._meta.db_table, field.column))
    change = "SET DEFAULT NULL" if field.null else "DROP DEFAULT"
    schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} {change}", None)


def _written(schema_editor: Any, field: Any, value: Any) -> str:
    """A default as SQL."""
    connection = schema_editor.connection
    saved = field.get_db_prep_save(value, connection)
    return str(schema_editor._column_default_sql(field) % literal(connection, saved))
