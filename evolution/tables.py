"""The tables of this application, which are there before the first migration and belong to no plan."""

import re
from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import LOCK_TABLE
from evolution.models import ArchiveEntry, Checkpoint, Run, Statement

MODELS = (Run, Statement, Checkpoint, ArchiveEntry)
ARCHIVE = re.compile(r"evolution_archive_\d+")  # a table that holds what a migration would have dropped


def own_tables(names: Iterable[str]) -> set[str]:
    """Those of the tables with these names in which `migrate` keeps account of itself."""
    return set(names) & ({model._meta.db_table for model in MODELS} | {LOCK_TABLE})


def archive_tables(names: Iterable[str]) -> set[str]:
    """Those of the tables with these names in which something is kept that a migration has dropped."""
    return {name for name in names if ARCHIVE.fullmatch(name)}


def without_own(names: Iterable[str]) -> set[str]:
    """The names without those of this application's tables."""
    names = set(names)
    return names - own_tables(names) - archive_tables(names)


def ensure_tables(connection: BaseDatabaseWrapper) -> None:
    """Make the tables that are missing. Each is one statement, so that none can be left half-made."""
    present = set(connection.introspection.table_names())
    missing = [model for model in MODELS if model._meta.db_table not in present]
    if missing:
        with connection.schema_editor(atomic=False) as editor:
            for model in missing:
                editor.create_model(model)
