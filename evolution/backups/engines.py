"""What each engine does in its own way."""

from types import ModuleType

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.backups import mysql, sqlite
from evolution.backups.errors import BackupFailed


def of(connection: BaseDatabaseWrapper) -> ModuleType:
    """The module for the engine of `connection`. Raises BackupFailed for one that is not served."""
    match connection.vendor:
        case "sqlite":
            return sqlite
        case "mysql":
            return mysql
        case other:
            raise BackupFailed(f"Backups work on SQLite, MySQL and MariaDB, not on {other}.")


def title(connection: BaseDatabaseWrapper) -> str:
    """SQLite, MySQL or MariaDB."""
    return "SQLite" if connection.vendor == "sqlite" else mysql.engine(connection)
