"""The rows of `evolution_lock`: who holds the lock, and whether they are alive.

There are two rows, or none. `lock` is written when the lock is taken, and by a transaction that the lock protects.
`heartbeat` is counted up all the time; a row of its own, so that neither waits for the other.
"""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError

from evolution.accounting import LOCK_TABLE
from evolution.lock.errors import error_number

NO_SUCH_TABLE = 1146
DUPLICATE, DEADLOCK, LOCK_WAIT = 1062, 1213, 1205
# Somebody else was faster. A deadlock is also what Galera calls a conflict with another node.
CONFLICTS = frozenset({DUPLICATE, DEADLOCK, LOCK_WAIT})

# Made like `django_migrations`, by one statement. Not by a model: its rows mean nothing to anybody else.
_TABLE = f"""
CREATE TABLE IF NOT EXISTS {LOCK_TABLE} (
    name varchar(16) NOT NULL PRIMARY KEY,
    token varchar(32) NOT NULL,
    holder varchar(255) NOT NULL,
    server varchar(255) NOT NULL,
    connection_id bigint NOT NULL,
    counter bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4
"""


@dataclass(frozen=True)
class Claim:
    """A hold on the lock: by whom, on which server, by which of its connections; `beats` is its heartbeat."""

    token: str
    holder: str
    server: str
    connection_id: int
    beats: int = 0


def read(connection: BaseDatabaseWrapper) -> Claim | None:
    """The claim that stands, or None. Makes the table where there is none."""
    sql = (
        f"SELECT l.token, l.holder, l.server, l.connection_id, h.counter FROM {LOCK_TABLE} l"  # noqa: S608
        f" JOIN {LOCK_TABLE} h ON h.token = l.token WHERE l.name = 'lock' AND h.name = 'heartbeat'"
    )
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except DatabaseError as error:
            if error_number(error) != NO_SUCH_TABLE:
                raise
            cursor.execute(_TABLE)
            return None
        row = cursor.fetchone()
    return Claim(*row) if row else None


def insert(connection: BaseDatabaseWrapper, claim: Claim) -> bool:
    """Claim the lock that nobody has; False if somebody else was faster."""
    values: list[str | int] = [claim.token, claim.holder, claim.server, claim.connection_id]
    return _changed(
        connection,
        f"INSERT INTO {LOCK_TABLE} (name, token, holder, server, connection_id, counter)"  # noqa: S608
        " VALUES ('lock', %s, %s, %s, %s, 0), ('heartbeat', %s, %s, %s, %s, 0)",
        values * 2,
    )


def replace(connection: BaseDatabaseWrapper, old: Claim, new: Claim) -> bool:
    """Take over a claim whose heart has not beaten since it was read; False if it has, or somebody was faster."""
    # One statement for both rows: on Galera it fails against a heartbeat that another node has accepted before.
    return _changed(
        connection,
        f"UPDATE {LOCK_TABLE} SET token = %s, holder = %s, server = %s, connection_id = %s, counter = counter + 1"  # noqa: S608
        " WHERE (name = 'lock' AND token = %s) OR (name = 'heartbeat' AND token = %s AND counter = %s)",
        [new.token, new.holder, new.server, new.connection_id, old.token, old.token, old.beats],
    )


def beat(connection: BaseDatabaseWrapper, token: str) -> bool:
    """Give a sign of life; False if the claim is somebody else's now."""
    sql = f"UPDATE {LOCK_TABLE} SET counter = counter + 1 WHERE name = 'heartbeat' AND token = %s"  # noqa: S608
    return _rows(connection, sql, token) == 1


def delete(connection: BaseDatabaseWrapper, token: str) -> None:
    """Give the claim up."""
    _rows(connection, f"DELETE FROM {LOCK_TABLE} WHERE token = %s", token)  # noqa: S608


def stands(connection: BaseDatabaseWrapper, token: str) -> bool:
    """Whether the claim stands, and belongs to this very connection.

    Within a transaction it also writes the row, so that the transaction can't be committed if somebody takes over
    before it ends, on whichever node.
    """
    mine = "WHERE name = 'lock' AND token = %s AND connection_id = CONNECTION_ID()"
    if connection.in_atomic_block:
        return _rows(connection, f"UPDATE {LOCK_TABLE} SET counter = counter + 1 {mine}", token) == 1  # noqa: S608
    return _rows(connection, f"SELECT 1 FROM {LOCK_TABLE} {mine}", token) == 1  # noqa: S608


def _rows(connection: BaseDatabaseWrapper, sql: str, *values: str) -> int:
    """How many rows the statement found or changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _changed(connection: BaseDatabaseWrapper, sql: str, values: list[str | int]) -> bool:
    """Whether the statement changed both rows. If not, or if it met a conflict, it changes none."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute(sql, values)
            both = bool(cursor.rowcount == 2)
            cursor.execute("COMMIT" if both else "ROLLBACK")
            return both
    except DatabaseError as error:
        if error_number(error) not in CONFLICTS:
            raise
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")  # after a lock wait that took too long the transaction is still open
        return False
