"""The entries of the archive: found, listed, read and purged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from evolution.archive.columns import quoted, same_key
from evolution.introspection import table_names
from evolution.models import ArchiveEntry
from evolution.tables import archive_tables


class Archive:
    """What one operation of a migration, taken in one direction, keeps, and what it may bring back.

    `present` are the entries that there are; of `left`, some kinds of entries, nothing is brought back.
    """

    def __init__(
        self,
        migration: Migration,
        operation: int,
        *,
        backwards: bool,
        run_id: int | None,
        present: Sequence[ArchiveEntry],
        left: Collection[str] = (),
    ) -> None:
        self.migration = migration
        self.operation = operation
        self.backwards = backwards
        self.run_id = run_id
        self.present = present
        self.left = left
        self._last = 0

    def next_number(self, connection: BaseDatabaseWrapper) -> int:
        """The number of the next entry, which no other one has, nor a table that was left."""
        if not self._last:
            last = _entries(connection).aggregate(last=models.Max("number"))["last"] or 0
            self._last = max([last, *map(_number_of, archive_tables(table_names(connection)))])
        self._last += 1
        return self._last

    def kept_by_the_other_way(self, kind: str, table: str, column: str = "") -> ArchiveEntry | None:
        """The entry that the same operation has kept when it was taken in the other direction."""
        if kind in self.left:
            return None
        return kept_by(
            self.present,
            self.migration,
            self.operation,
            kind=kind,
            table_name=table,
            column_name=column,
            backwards=not self.backwards,
        )

    def column_to_come(self, table: str, column: str) -> ArchiveEntry | None:
        """The entry of a column that an operation still to come is going to bring back: of all, the latest.

        Migrations are taken back in the reverse order, so that it is the next to add the column that has kept it last.
        """
        kind = ArchiveEntry.Kind.COLUMN
        if kind in self.left:
            return None
        own = [entry for entry in self.present if entry.app == self.migration.app_label]
        return _latest(own, kind=kind, table_name=table, column_name=column, backwards=not self.backwards)


def kept_by(
    present: Sequence[ArchiveEntry], migration: Migration, operation: int, **what: Any
) -> ArchiveEntry | None:
    """The latest of the entries of an operation with these values in its fields that was not brought back yet.

    Of a migration that replaces others, or names them as `archive_of`, the entries of those are its own: of any
    operation, as they were renumbered.
    """
    others = [*migration.replaces, *getattr(migration, "archive_of", ())]
    own = (migration.app_label, migration.name, operation)
    found = [
        entry
        for entry in present
        if (entry.app, entry.migration, entry.operation) == own or (entry.app, entry.migration) in others
    ]
    return _latest(found, **what)


def holds_every_row(
    connection: BaseDatabaseWrapper,
    entry: ArchiveEntry | None,
    table: str,
    target: models.Field[Any, Any] | None = None,
) -> bool:
    """Whether an entry has a value for each row that a table has now; without an entry, whether the table is empty.

    With a `target`, the field that a foreign key points to, one that is there: no other would be brought back.
    """
    kept = "1 = 0"
    if entry:
        kept = same_key(connection, entry.key_columns, "a", "t")
        if target:
            kept += (
                f" AND EXISTS (SELECT 1 FROM {quoted(connection, target.model._meta.db_table)} target"
                f" WHERE target.{quoted(connection, str(target.column))} = a.{quoted(connection, entry.column_name)})"
            )
        kept = f"EXISTS (SELECT 1 FROM {quoted(connection, entry.archive_table)} a WHERE {kept})"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {quoted(connection, table)} t WHERE NOT ({kept}) LIMIT 1", [])
        return cursor.fetchone() is None


def entries(connection: BaseDatabaseWrapper) -> list[ArchiveEntry]:
    """All entries, the latest first; none in a database that has no archive."""
    if ArchiveEntry._meta.db_table not in table_names(connection):
        return []
    return list(_entries(connection).order_by("-number"))


def rows_of(connection: BaseDatabaseWrapper, entry: ArchiveEntry) -> Iterator[dict[str, Any]]:
    """What is kept in an entry, row by row in the order of the key, with the columns by name."""
    quote = connection.ops.quote_name
    order = ", ".join(map(quote, entry.key_columns))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {quote(entry.archive_table)} ORDER BY {order}")
        names = [column[0] for column in cursor.description]
        while batch := cursor.fetchmany(1000):
            yield from (dict(zip(names, row, strict=True)) for row in batch)


def rows_left(connection: BaseDatabaseWrapper, entry: ArchiveEntry) -> int:
    """How many rows an entry holds now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(entry.archive_table)}")
        return int(cursor.fetchone()[0])


def older_than(connection: BaseDatabaseWrapper, moment: datetime) -> list[ArchiveEntry]:
    """The entries that were kept before a moment."""
    return [entry for entry in entries(connection) if entry.kept_at < moment]


def purge(connection: BaseDatabaseWrapper, wanted: Iterable[ArchiveEntry]) -> None:
    """Give up what is kept in these entries, for good. Killed at any point, it can be called again."""
    for entry in wanted:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(entry.archive_table)}")
        _entries(connection).filter(number=entry.number).delete()


def tidy(connection: BaseDatabaseWrapper) -> None:
    """Remove the entries of which everything was brought back, so that nothing is left in them."""
    back = [entry for entry in entries(connection) if entry.restored_at]
    purge(connection, [entry for entry in back if entry.restored_count >= entry.row_count])


def _latest(found: Iterable[ArchiveEntry], **what: Any) -> ArchiveEntry | None:
    what |= {"restored_at": None}
    fitting = (entry for entry in found if all(getattr(entry, name) == value for name, value in what.items()))
    return max(fitting, key=lambda entry: entry.number, default=None)


def _number_of(table: str) -> int:
    return int(table.rpartition("_")[2])


def _entries(connection: BaseDatabaseWrapper) -> models.QuerySet[ArchiveEntry]:
    return ArchiveEntry.objects.using(connection.alias)
