"""Statements that Django leaves for the end of a migration, as the journal keeps them.

What is kept is Django's own template with its parts, not the text alone: where a run that was cut short goes on, an
operation may rename a table or a column yet, and the generated names of indexes and keys have to follow.
"""

from functools import partial
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Columns, ForeignKeyName, IndexName, Statement, Table

# A text, or {"template": …, "parts": {…}}.
Kept = str | dict[str, Any]
PARTS: dict[str, Any] = {"table": Table, "columns": Columns, "index": IndexName, "key": ForeignKeyName}


def kept(statement: Statement | str, editor: BaseDatabaseSchemaEditor) -> Kept:
    """The statement in a form that JSON can hold, which `read_back` reads."""
    if type(statement) is Statement:
        parts = {name: _kept_part(part, editor) for name, part in statement.parts.items()}
        if None not in parts.values():
            return {"template": statement.template, "parts": parts}
    return str(statement)


def read_back(kept: Kept, editor: BaseDatabaseSchemaEditor) -> Statement:
    """The statement as `editor` would have left it."""
    if isinstance(kept, str):
        return TextStatement(kept)
    parts = {name: _read_part(part, editor) for name, part in kept["parts"].items()}
    return Statement(kept["template"], **parts)


def _kept_part(part: Any, editor: Any) -> Any:
    """None for a part of another class, such as an index's expressions."""
    if isinstance(part, str):
        return part
    if type(part) is Table:
        return ["table", part.table]
    if type(part) is Columns:
        return ["columns", part.table, list(part.columns), list(part.col_suffixes)]
    if type(part) is IndexName:
        # One that a developer has chosen stays; Django keeps a generated one, too, once it was asked for.
        generated = str(_generated_name(editor, part.table, part.columns, part.suffix))
        return ["index", part.table, list(part.columns), part.suffix] if str(part) == generated else str(part)
    if type(part) is ForeignKeyName:
        to = part.to_reference
        return ["key", part.table, list(part.columns), to.table, list(to.columns), part.suffix_template]
    return None


def _read_part(part: Any, editor: Any) -> Any:
    if isinstance(part, str):
        return part
    kind, *values = part
    made: Any = PARTS[kind]
    if kind == "table":
        return made(*values, editor.quote_name)
    if kind == "columns":
        return made(*values[:2], editor.quote_name, *values[2:])
    return made(*values, partial(_generated_name, editor))


def _generated_name(editor: Any, table: str, columns: list[str], suffix: str) -> str:
    name: str = editor.quote_name(editor._create_index_name(table, columns, suffix))
    return name


class TextStatement(Statement):
    """A statement of which only the text is known: later operations rename what it names in backticks."""

    def __init__(self, sql: str) -> None:
        super().__init__(sql.replace("%", "%%"))
        self.sql = sql

    def __str__(self) -> str:
        return self.sql

    def references_table(self, table: str) -> bool:
        return f"`{table}`" in self.sql

    def references_column(self, table: str, column: str) -> bool:
        return self.references_table(table) and f"`{column}`" in self.sql

    def references_index(self, table: str, index: str) -> bool:
        return self.references_column(table, index)

    def rename_table_references(self, old_table: str, new_table: str) -> None:
        self.sql = self.sql.replace(f"`{old_table}`", f"`{new_table}`")

    def rename_column_references(self, table: str, old_column: str, new_column: str) -> None:
        if self.references_table(table):
            self.sql = self.sql.replace(f"`{old_column}`", f"`{new_column}`")
