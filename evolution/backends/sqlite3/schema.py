"""Table rebuilds that never hand out an id twice."""

from typing import Any

from django.db.backends.sqlite3 import schema
from django.db.models import Model


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's editor, which rebuilds a table where SQLite cannot alter it, and keeps the table's sequence.

    A rebuilt table starts counting at its highest row again, so that the ids of deleted rows came back
    (`sqlite_sequence`, https://www.sqlite.org/autoinc.html).
    """

    def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        table = model._meta.db_table
        highest = self._sequence(table)
        super()._remake_table(model, *args, **kwargs)  # type: ignore[misc]  # the stubs leave it out
        if highest is not None:
            self._restore_sequence(table, highest)

    def _sequence(self, table: str) -> int | None:
        """The highest id ever given in `table`, or None where SQLite does not count (no AUTOINCREMENT)."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
            if not cursor.fetchone():
                return None
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
        return row[0] if row else None

    def _restore_sequence(self, table: str, highest: int) -> None:
        with self.connection.cursor() as cursor:
            # An empty table has no line in sqlite_sequence, and the column has no key to upsert by.
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s AND seq < %s", [table, highest])
            cursor.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                [table, highest, table],
            )
