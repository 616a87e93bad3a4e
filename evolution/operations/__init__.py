"""Operations for migration files, beside Django's own."""

from evolution.operations.backfill import Backfill
from evolution.operations.database_defaults import DropDatabaseDefault, SetDatabaseDefault
from evolution.operations.table_views import AlterModelTableWithView, DropTableView

__all__ = [
    "AlterModelTableWithView",
    "Backfill",
    "DropDatabaseDefault",
    "DropTableView",
    "SetDatabaseDefault",
]
