"""Changes that wait for other sessions, but never for long: nobody shall queue up behind them.

A schema change on MySQL and MariaDB waits until nobody uses the table, for a day or a year as these servers come, and
everyone who wants to use the table meanwhile waits behind it. So does a transaction that has read the table and goes on
to write to it, for which the change waits in turn: the server sees the deadlock, and the transaction fails (1213).

So a moment is looked for first when nobody uses the table. MariaDB is told not to wait at all. MySQL knows no such way:
it is asked who uses the table, and somebody may still begin between its answer and the change.
"""

import itertools
import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.conf import configuration

LOCK_WAIT_TIMEOUT = 1205
DEADLOCK = 1213
IN_THE_WAY = (LOCK_WAIT_TIMEOUT, DEADLOCK)

# Seconds in which a moment is looked for when nobody uses the table; and how often at least, where a look takes long.
QUIET = 3.0
LOOKS = 10
PAUSE = (0.002, 0.01)  # seconds between two looks, by chance


class TableInUse(Exception):
    """Other sessions kept using a table for all the time that was given; the message names them."""


@contextmanager
def short_waits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let the session give up waiting for a table's or a row's lock after LOCK_WAIT seconds; nothing on SQLite."""
    if connection.vendor != "mysql":
        yield
        return
    before = _timeouts(connection)
    _set(connection, (configuration().lock_wait, configuration().lock_wait))
    try:
        yield
    finally:
        if connection.connection is not None and connection.is_usable():
            _set(connection, before)


def patiently(connection: BaseDatabaseWrapper, work: Callable[[], None], say: Callable[[str], None]) -> None:
    """Do `work` within `short_waits`, and again when a lock was in the way; who may hold it goes to `say`.

    `work` is one schema change, or one transaction. Between two tries everyone else gets a turn. Raises TableInUse
    after LOCK_WAIT_TRIES tries.
    """
    for number in itertools.count(1):
        try:
            work()
        except OperationalError as error:
            if connection.vendor != "mysql" or error.args[0] not in IN_THE_WAY:
                raise
            users = blockers(connection)
            tries = configuration().lock_wait_tries
            if number == tries:
                raise TableInUse(
                    f"A table was in use by other sessions for {tries} tries of {configuration().lock_wait} seconds "
                    f"({users}). End them, or wait until they have ended, and run migrate again."
                ) from None
            say(f"A table is in use by {users}: trying again, {number + 1} of {tries}.")
            time.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - so that two who wait do not keep step # nosec B311
        else:
            return


def at_a_quiet_moment(
    connection: BaseDatabaseWrapper,
    change: Callable[[], None],
    say: Callable[[str], None],
    tables: Collection[str],
) -> None:
    """Do a schema change when nobody uses these tables, or `patiently` where that moment does not come."""
    if connection.vendor == "mysql" and connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        if _without_waiting(connection, change):
            return
    elif connection.vendor == "mysql":
        _wait_until_quiet(connection, tables)
    patiently(connection, change, say)


def _without_waiting(connection: BaseDatabaseWrapper, change: Callable[[], None]) -> bool:
    """Whether the change could be done at once, this time or another. MariaDB."""
    timeouts = _timeouts(connection)
    _set(connection, (0, timeouts[1]))
    try:
        for _ in _moments():
            try:
                change()
            except OperationalError as error:
                if error.args[0] not in IN_THE_WAY:
                    raise
            else:
                return True
    finally:
        if connection.connection is not None and connection.is_usable():
            _set(connection, timeouts)
    return False


def _wait_until_quiet(connection: BaseDatabaseWrapper, tables: Collection[str]) -> None:
    """Return when no other session uses these tables, or when that takes too long. MySQL."""
    if not tables:
        return
    marks = ", ".join(["%s"] * len(tables))
    try:
        with connection.cursor() as cursor:
            for _ in _moments():
                cursor.execute(_USED.format(marks), list(tables))
                if cursor.fetchone() is None:
                    return
    except OperationalError:  # The user may not look at other sessions.
        return


def _moments() -> Iterator[None]:
    """Moments as long as one is looked for."""
    end = time.monotonic() + QUIET
    for number in itertools.count():
        if number >= LOOKS and time.monotonic() > end:
            return
        yield
        time.sleep(random.uniform(*PAUSE))  # noqa: S311 - so that it keeps no step with anybody # nosec B311


def blockers(connection: BaseDatabaseWrapper) -> str:
    """Who has a transaction open or a table locked, as far as the server tells this user."""
    query = _MARIADB if connection.mysql_is_mariadb else _MYSQL  # type: ignore[attr-defined]
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            found = [f"connection {number} ({user} from {host})" for number, user, host in cursor.fetchall()]
    except OperationalError:  # The user may not look at other sessions.
        found = []
    return ", ".join(found[:5]) or "another session, which this user may not see"


_USED = (
    "SELECT 1 FROM performance_schema.metadata_locks WHERE object_schema = DATABASE() AND object_name IN ({})"
    " AND lock_status = 'GRANTED' AND owner_thread_id <> PS_CURRENT_THREAD_ID() LIMIT 1"
)
_MYSQL = (
    "SELECT DISTINCT t.processlist_id, t.processlist_user, t.processlist_host"
    " FROM performance_schema.metadata_locks l JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id"
    " WHERE l.object_schema = DATABASE() AND l.lock_status = 'GRANTED' AND t.processlist_id <> CONNECTION_ID()"
)
# MariaDB tells who holds a table only by a plugin; who has a transaction open is as good, mostly.
_MARIADB = (
    "SELECT DISTINCT p.id, p.user, p.host FROM information_schema.processlist p"
    " LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id"
    " WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID() AND (x.trx_id IS NOT NULL OR p.command <> 'Sleep')"
)


def _timeouts(connection: BaseDatabaseWrapper) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout")
        tables, rows = cursor.fetchone()
    return int(tables), int(rows)


def _set(connection: BaseDatabaseWrapper, timeouts: tuple[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET SESSION lock_wait_timeout = %s, SESSION innodb_lock_wait_timeout = %s", list(timeouts)
        )
