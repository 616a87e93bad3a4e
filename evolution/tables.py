"""The tables of this application, which are there before the first migration and belong to no plan."""

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import LOCK_TABLE
from evolution.models import Checkpoint, Run, Statement

MODELS = (Run, Statement, Checkpoint)


def table_names_of_evolution() -> set[str]:
    """The names of the tables that hold what `migrate` writes down about itself."""
    return {model._meta.db_table for model in MODELS} | {LOCK_TABLE}


def ensure_tables(connection: BaseDatabaseWrapper) -> None:
    """Make the tables that are missing. Each is one statement, so that none can be left half-made."""
    present = set(connection.introspection.table_names())
    missing = [model for model in MODELS if model._meta.db_table not in present]
    if missing:
        with connection.schema_editor(atomic=False) as editor:
            for model in missing:
                editor.create_model(model)
