"""Views of MySQL and MariaDB, which can't move to another database: dropped, and made again from their definitions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.fingerprints import NO_SUCH_TABLE, fingerprint
from evolution.introspection import views


@contextmanager
def exchanged_views(connection: BaseDatabaseWrapper, other: BaseDatabaseWrapper) -> Iterator[None]:
    """Within the block the database has no views; after it those of `other`, or its own again where the block fails."""
    own, others = (fingerprint(database, sorted(views(database))) for database in (connection, other))
    missing: dict[str, str | None] = {}
    try:
        with connection.cursor() as cursor:
            for name, definition in own.items():
                cursor.execute(f"DROP VIEW {connection.ops.quote_name(name)}")
                missing[name] = definition
        yield
        missing = others
    finally:
        _make(connection, [definition for definition in missing.values() if definition])


def _make(connection: BaseDatabaseWrapper, definitions: Sequence[str]) -> None:
    """Make views, each after those that it shows."""
    left = list(definitions)
    while left:
        later: list[str] = []
        for definition in left:
            try:
                with connection.cursor() as cursor:
                    cursor.execute(definition, None)
            except DatabaseError as error:
                if error.args[0] != NO_SUCH_TABLE or len(later) == len(left) - 1:
                    raise  # of another kind, or nothing could be made this time
                later.append(definition)
        left = later
