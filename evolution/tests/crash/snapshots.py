"""The whole database as it is at some time, to begin each cell from."""

import sqlite3
from typing import Any

from django.db import connection

from evolution.tests.crash.contents import columns, definitions, is_view, rows


class Snapshot:
    """The database as it is when this is made."""

    def __init__(self) -> None:
        self.copy: sqlite3.Connection | None = None
        if connection.vendor == "sqlite":
            self.copy = sqlite3.connect(":memory:")
            connection.ensure_connection()
            connection.connection.backup(self.copy)
        else:
            self.definitions = definitions(connection)
            self.columns = {name: columns(connection, name, computed=False) for name in self.definitions}
            self.rows = {name: self._rows(name) for name, sql in self.definitions.items() if not is_view(sql)}
        connection.close()

    def restore(self) -> None:
        """Put everything back as it was."""
        connection.ensure_connection()
        if self.copy:
            self.copy.backup(connection.connection)
        else:
            self._put_back()
        connection.close()

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        return rows(connection, table, computed=False)

    def _put_back(self) -> None:
        """Only the tables that are not as they were: making tables is what takes the time."""
        now = definitions(connection)
        other = {name for name, sql in now.items() if self.definitions.get(name) != sql}
        with connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            for name in other:
                cursor.execute(f"DROP {'VIEW' if is_view(now[name]) else 'TABLE'} `{name}`")
            for name, definition in self.definitions.items():
                if name in other or name not in now:
                    cursor.execute(definition, None)
                    self._insert(cursor, name)
                elif name in self.rows and sorted(map(repr, self._rows(name))) != sorted(
                    map(repr, self.rows[name])
                ):
                    cursor.execute(f"DELETE FROM `{name}`")
                    self._insert(cursor, name)

    def _insert(self, cursor: Any, table: str) -> None:
        if self.rows.get(table):
            names = ", ".join(f"`{name}`" for name in self.columns[table])
            marks = ", ".join(["%s"] * len(self.columns[table]))
            cursor.executemany(f"INSERT INTO `{table}` ({names}) VALUES ({marks})", self.rows[table])
