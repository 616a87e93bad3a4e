"""Lets others go first: long work pauses while the server is busy, or while a replica is behind.

The field's online schema changers ask for the same: the sessions at work (`Threads_running`), and how many seconds a
replica is behind its source (https://github.com/github/gh-ost/blob/master/doc/throttle.md).
"""

import time
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.conf import configuration
from evolution.progress import Progress

SPECIFIC_ACCESS_DENIED_ERROR = 1227  # as MySQL and MariaDB number it
LOOK = 1.0  # seconds between two looks

# The lag as MySQL and MariaDB call it.
_LAG = ("Seconds_Behind_Source", "Seconds_Behind_Master")


class Throttle:
    """Asks now and then whether the work that writes to `connection` should pause. SQLite never has it pause."""

    def __init__(self, connection: BaseDatabaseWrapper, progress: Progress) -> None:
        self.connection = connection
        self.progress = progress
        self._looked = float("-inf")

    def pause(self) -> None:
        """Come back when nobody has to go first; within an open transaction at once, since others wait for that."""
        if self.connection.vendor != "mysql" or self.connection.in_atomic_block:
            return
        if time.monotonic() - self._looked < LOOK:
            return
        while reason := next(reasons(self.connection), ""):
            self.progress.wait(reason)
            time.sleep(LOOK)
        self._looked = time.monotonic()


def misconfigured(connection: BaseDatabaseWrapper) -> str:
    """What is wrong with the replicas in the settings, so that waiting would never end; empty where nothing is."""
    if connection.vendor != "mysql":
        return ""
    for alias in configuration().replicas:
        try:
            is_replica = connections[alias].vendor == "mysql" and bool(_status(alias))
        except DatabaseError as error:
            if error.args[0] != SPECIFIC_ACCESS_DENIED_ERROR:
                continue  # it may answer later
            return f"The user of the database {alias} may not ask how far behind it is: {error.args[-1]}"
        if not is_replica:
            return f"The database {alias}, which REPLICAS names, is no replica. Take it out of the setting."
    return ""


def reasons(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Why work should pause now, each a few words; nothing where it need not."""
    wanted = configuration()
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Threads_running'")
        running = int(cursor.fetchone()[1])
    if running > wanted.busy_sessions:
        yield f"{running} sessions of the server are at work, more than {wanted.busy_sessions}"
    for alias in wanted.replicas:
        if reason := _behind(alias, wanted.replica_lag):
            yield reason


def _behind(alias: str, limit: int) -> str:
    """In which way a replica is behind its source by more than `limit` seconds; empty where it is not."""
    try:
        rows = _status(alias)
    except DatabaseError as error:
        connections[alias].close()
        return f"the replica {alias} can't be asked: {error.args[-1]}"
    if not rows:
        return f"{alias} is no replica"
    for row in rows:
        lag = next(row[name] for name in _LAG if name in row)
        if lag is None:
            return f"the replica {alias} does not follow"
        if lag > limit:
            return f"the replica {alias} is {lag} s behind"
    return ""


def _status(alias: str) -> list[dict[str, Any]]:
    """What a server says of each source that it follows."""
    replica: Any = connections[alias]
    with replica.cursor() as cursor:
        # MariaDB tells of sources that have a name of their own only where it is asked for all.
        cursor.execute(f"SHOW {'ALL REPLICAS' if replica.mysql_is_mariadb else 'REPLICA'} STATUS")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
