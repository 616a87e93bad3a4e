"""The connections of the lock: the one that migrates, and one beside it that cares for the rows of the lock."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error

from evolution.conf import configuration
from evolution.lock.identity import is_galera

_YEAR = 31_536_000  # seconds; the longest wait_timeout there is


class Keeper:
    """A connection beside the one that migrates, whose transactions it has no part in."""

    def __init__(self, live: BaseDatabaseWrapper) -> None:
        self._connection = live.copy()
        self._connection.inc_thread_sharing()  # one thread at a time: the heartbeat's, while it beats
        self._session = _session(live) | {"innodb_lock_wait_timeout": configuration().patience}

    def connection(self) -> BaseDatabaseWrapper:
        """The connection, made anew where it was closed."""
        if self._connection.connection is None:
            self._connection.connect()
            _set(self._connection, self._session)
        return self._connection

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        with contextlib.suppress(Error):
            self._connection.close()


@contextmanager
def patient_session(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Nobody closes the connection that migrates while it waits for a backup; on Galera it reads what others wrote."""
    wanted = _session(connection)
    names = ", ".join(f"@@SESSION.{name}" for name in wanted)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names}")
        before = dict(zip(wanted, cursor.fetchone(), strict=True))
    _set(connection, wanted)
    try:
        yield
    finally:
        if connection.connection is not None:
            with contextlib.suppress(Error):  # it was cut
                _set(connection, before)


def _session(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    # 1: SELECT, 8: SHOW. https://mariadb.com/kb/en/galera-cluster-system-variables/#wsrep_sync_wait
    return {"wait_timeout": _YEAR} | ({"wsrep_sync_wait": 9} if is_galera(connection) else {})


def _set(connection: BaseDatabaseWrapper, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET " + ", ".join(f"SESSION {name} = %s" for name in values), list(values.values()))
