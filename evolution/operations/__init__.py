"""Operations for migration files, beside Django's own."""

from evolution.operations.backfill import Backfill
from evolution.operations.database_defaults import DropDatabaseDefault, SetDatabaseDefault
from evolution.operations.required_field import AddRequiredField, NoValue, needs_value
from evolution.operations.table_views import AlterModelTableWithView, DropTableView

__all__ = [
    "AddRequiredField",
    "AlterModelTableWithView",
    "Backfill",
    "DropDatabaseDefault",
    "DropTableView",
    "NoValue",
    "SetDatabaseDefault",
    "needs_value",
]
