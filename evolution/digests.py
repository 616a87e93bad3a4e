"""A schema in 64 characters, to tell whether it is still the same."""

import hashlib
from dataclasses import fields
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.introspection import read_schema
from evolution.schema import Table
from evolution.states import NOT_OF_THE_HISTORY
from evolution.tables import table_names_of_evolution


def schema_digest(connection: BaseDatabaseWrapper) -> str:
    """A digest of the schema, 64 characters: the same for the same schema in the same order or another.

    Without the tables of this application and `django_migrations`; with those of other programs. On MySQL and
    MariaDB it takes as many queries for a thousand tables as for one.
    """
    schema = read_schema(connection).without(NOT_OF_THE_HISTORY | table_names_of_evolution())
    tables = [(name, _in_order(table)) for name, table in sorted(schema.tables.items())]
    return hashlib.sha256(repr((schema.character_set, tables)).encode()).hexdigest()


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
