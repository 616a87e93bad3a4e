"""A value for all rows of a column at once: as the default with which the column is made. MySQL and MariaDB."""

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
    connection = schema_editor.connection
    default = schema_editor._column_default_sql(field) % literal(
        connection, field.get_db_prep_save(value, connection)
    )
    yield f"ALTER TABLE {table} ADD COLUMN {column} {definition} DEFAULT {default}"
    if standing.adds:
        yield f"ALTER TABLE {table} {', '.join(standing.adds)}"
