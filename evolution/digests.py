"""A schema in 64 characters, to tell whether it is still the same."""

import hashlib
from dataclasses import fields
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.introspection import definitions, read_schema
from evolution.schema import Table
from evolution.states import NOT_OF_THE_HISTORY
from evolution.tables import without_own


def schema_digest(connection: BaseDatabaseWrapper) -> str:
    """A digest of the schema, 64 characters: the same as long as nobody has changed it.

    Without the tables of this application and `django_migrations`; with those of other programs. It takes as many
    queries for a thousand tables as for one. On SQLite it is one of the definitions, as they were written.
    """
    if connection.vendor == "sqlite":
        rows = definitions(connection)
        counted = without_own(row[0] for row in rows) - NOT_OF_THE_HISTORY
        return _digest([row for row in rows if row[0] in counted])
    schema = read_schema(connection)
    schema = schema.only(without_own(schema.tables) - NOT_OF_THE_HISTORY)
    tables = [(name, _in_order(table)) for name, table in sorted(schema.tables.items())]
    return _digest((schema.character_set, tables))


def _digest(what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()


def _in_order(table: Table) -> list[Any]:
    parts = [getattr(table, field.name) for field in fields(table)]
    return [
        sorted(part.items())
        if isinstance(part, dict)
        else sorted(part)
        if isinstance(part, frozenset)
        else part
        for part in parts
    ]
