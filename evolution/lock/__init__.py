"""One run of `migrate` at a time, for any number of hosts.

On MySQL and MariaDB the lock has two parts. GET_LOCK on the very connection that migrates: when its process dies, the
server gives that back only after it has finished the statement that it was at, so nobody meets an ALTER TABLE that is
still going on. And a row in the table `evolution_lock`, under a primary key, with a token and a heartbeat: it tells who
holds the lock, and it is what counts on a cluster, where GET_LOCK is known to one server alone.

Who gets GET_LOCK on the server that the row names knows that the holder's connection is gone, and takes the row over
at once. Where the row names another server of a cluster, it is taken over when its heartbeat has not moved for
HEARTBEAT_TIMEOUT seconds by the clock of the one who waits; nobody's time of day matters.

On SQLite it is a lock on a file beside the database, which the operating system gives back.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error

from evolution.lock.base import Lock
from evolution.lock.errors import LockError, LockHeld, LockLost, LockRefused, lost_connection
from evolution.lock.files import database_file, file_lock
from evolution.lock.server import server_lock

__all__ = ["Lock", "LockError", "LockHeld", "LockLost", "LockRefused", "migration_lock"]

_held: WeakKeyDictionary[BaseDatabaseWrapper, Lock] = WeakKeyDictionary()


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, say: Callable[[str], object]) -> Iterator[Lock]:
    """Hold the lock of this database; wait for another run first, and tell so by `say`, a line each time.

    What it gives has `check()`, to call before each statement and with each tick of the journal. Within itself, on
    the same connection, it gives the same lock again. A database in memory has no lock.

    Raises LockHeld when the other run does not end in time, LockRefused where there can be no lock, LockLost when
    the connection is cut while the lock is held.
    """
    connection = connections[connection.alias]  # where it is Django's proxy of a connection
    if outer := _held.get(connection):
        yield outer
        return
    with _taken(connection, say) as lock:
        _held[connection] = lock
        try:
            yield lock
        except Error as error:
            if lost := lost_connection(error):
                raise lost from error
            # A transaction that fails because another run has taken over says "deadlock" on a cluster.
            with contextlib.suppress(Error):
                lock.check()
            raise
        finally:
            del _held[connection]


@contextmanager
def _taken(connection: BaseDatabaseWrapper, say: Callable[[str], object]) -> Iterator[Lock]:
    if connection.vendor == "mysql":
        with server_lock(connection, say) as lock:
            yield lock
    elif connection.vendor == "sqlite" and (file := database_file(connection)):
        with file_lock(file, say) as lock:
            yield lock
    else:
        yield Lock()
