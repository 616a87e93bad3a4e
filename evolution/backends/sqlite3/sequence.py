"""The highest id that a table of SQLite has ever given, so that none is given twice."""

from django.db.backends.base.base import BaseDatabaseWrapper


def highest_id(connection: BaseDatabaseWrapper, table: str) -> int | None:
    """The highest id ever given in `table`, or None where SQLite does not count (no AUTOINCREMENT)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
        if not cursor.fetchone():
            return None
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def count_on_from(connection: BaseDatabaseWrapper, table: str, highest: int) -> None:
    """Give higher ids than this one from now on."""
    with connection.cursor() as cursor:
        # An empty table has no line in sqlite_sequence, and the column has no key to upsert by.
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s AND seq < %s", [table, highest])
        cursor.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
            [table, highest, table],
        )
