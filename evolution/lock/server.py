"""The lock of a MySQL or MariaDB database: GET_LOCK on the connection that migrates, and a row with a heartbeat."""

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error

from evolution.conf import configuration
from evolution.lock import claims
from evolution.lock.base import Lock, myself
from evolution.lock.claims import Claim
from evolution.lock.errors import LockLost, error_number, error_text, lost_connection, refusal
from evolution.lock.heartbeat import QUIET, Heartbeat
from evolution.lock.identity import server_identity
from evolution.lock.keeper import Keeper, patient_session
from evolution.lock.processlist import Session, schema_changes, session
from evolution.lock.waiting import Patience, Silence


class ServerLock(Lock):
    """A claim that stands in the row, and belongs to this connection."""

    def __init__(self, connection: BaseDatabaseWrapper, claim: Claim, heartbeat: Heartbeat) -> None:
        self.connection = connection
        self.claim = claim
        self.heartbeat = heartbeat

    def check(self) -> None:
        if self.heartbeat.lost:
            raise self._lost()
        try:
            stands = claims.stands(self.connection, self.claim.token)
        except Error as error:
            if lost := lost_connection(error):
                raise lost from error
            raise
        if not stands:
            raise self._lost()

    def _lost(self) -> LockLost:
        with contextlib.suppress(Error):
            other = claims.read(self.connection)
            if other and other.token != self.claim.token:
                return LockLost(
                    f"The lock of migrate was taken over by {other.holder}, as this run had given no sign of life. "
                    "It did nothing more. The other run goes on where this one stopped."
                )
        return LockLost(
            "The lock of migrate is lost, as the connection that held it was cut. Run migrate again; it goes on where "
            "this run stopped."
        )


@contextmanager
def server_lock(connection: BaseDatabaseWrapper, say: Callable[[str], object]) -> Iterator[ServerLock]:
    """Hold the lock of the database. Raises LockHeld and LockRefused."""
    with contextlib.ExitStack() as stack:
        try:
            server = server_identity(connection)
            attempt = _Attempt(connection, server, Patience(say))
            stack.callback(attempt.keeper.close)
            stack.callback(attempt.release_server_lock)
            attempt.succeed()
            stack.enter_context(patient_session(connection))
        except Error as error:
            raise refusal(error) from error
        heartbeat = Heartbeat(attempt.keeper, attempt.mine.token)
        heartbeat.start()
        try:
            yield ServerLock(connection, attempt.mine, heartbeat)
        finally:
            if heartbeat.stop():
                with contextlib.suppress(Error):  # whoever comes next takes it over
                    claims.delete(attempt.keeper.connection(), attempt.mine.token)


class _Attempt:
    """One run's way to the lock."""

    def __init__(self, connection: BaseDatabaseWrapper, server: str, patience: Patience) -> None:
        self.connection = connection
        self.patience = patience
        self.keeper = Keeper(connection)
        self.name = _lock_name(connection)
        self.mine = Claim(
            secrets.token_hex(16),
            myself(),
            server,
            int(_value(connection, "SELECT CONNECTION_ID()")),
        )
        self.has_server_lock = False
        self.claim: Claim | None = None  # what stands in the row
        self.silence = Silence()

    def succeed(self) -> None:
        """Take the lock, waiting as long as it is worth it."""
        while not self._take():
            self._wait()
        while others := schema_changes(self.connection):
            self.patience.tell(
                "tables", f"The server is still busy with a change of tables ({others[0]}). Waiting for it."
            )
            self.patience.end_if_late(f"The server is busy with a change of tables ({others[0]}).")
            self.patience.wait()

    def release_server_lock(self) -> None:
        if self.has_server_lock and self.connection.connection is not None:
            with contextlib.suppress(Error):  # the connection was cut, and the lock with it
                _value(self.connection, "SELECT RELEASE_LOCK(%s)", self.name)

    # --- Taking

    def _take(self) -> bool:
        if not self.has_server_lock:
            self.has_server_lock = _value(self.connection, "SELECT GET_LOCK(%s, 0)", self.name) == 1
        if not self._read() or not self.has_server_lock:
            return False
        if self.claim is None:
            return claims.insert(self.keeper.connection(), self.mine)
        if not self._is_dead(self.claim):
            return False
        if taken := claims.replace(self.keeper.connection(), self.claim, self.mine):
            self.patience.tell("taken", f"The run of {self.claim.holder} has died. This one takes over.")
        return taken

    def _read(self) -> bool:
        """Look at the row; False where a cluster did not answer, as it is busy with a change of a table."""
        try:
            self.claim = claims.read(self.keeper.connection())
        except Error as error:
            if error_number(error) != claims.LOCK_WAIT:
                raise
            self.silence.look_in_vain()
            return False
        self.silence.look(self.claim)
        return True

    def _is_dead(self, claim: Claim) -> bool:
        # Who writes this server into the row holds its GET_LOCK for as long as his connection lives.
        return claim.server == self.mine.server or self.silence.seconds >= configuration().heartbeat_timeout

    # --- Waiting

    def _wait(self) -> None:
        blocker = None if self.has_server_lock else self._blocker()
        if self.claim is None or self.silence.seconds < QUIET:
            alive = self.claim is None or self.silence.broken
            self.patience.wait_for(self._holder(blocker), alive=alive)
        elif blocker and blocker.is_busy:
            # Without a time limit: it ends when the statement does, and nobody could do anything before.
            self.patience.tell(
                "orphan",
                f"The run of {self.claim.holder} gives no sign of life, and the server is still busy with its "
                f"statement ({blocker}). Waiting until that has ended.",
            )
            self.patience.wait()
        else:
            self._wait_for_the_silent(self.claim, blocker)

    def _wait_for_the_silent(self, claim: Claim, blocker: Session | None) -> None:
        limit = configuration().heartbeat_timeout
        self.patience.tell(
            "silent",
            f"The run of {claim.holder} gives no sign of life. Taking over when it has been so for "
            f"{limit} seconds.",
        )
        if self.silence.seconds >= limit and not self.has_server_lock:
            self._cut(claim, blocker)
        self.patience.wait()

    def _cut(self, claim: Claim, blocker: Session | None) -> None:
        """Cut the connection of a holder who is dead or frozen; it is idle, and the server keeps it for hours."""
        reason = (
            f"The run of {claim.holder} has given no sign of life for {int(self.silence.seconds)} seconds"
        )
        if blocker is None or claim.server != self.mine.server or blocker.number != claim.connection_id:
            self.patience.end_if_late(f"{reason}, and its connection can't be found.")
            return
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("KILL CONNECTION %s", [blocker.number])
        except Error as error:
            self.patience.end_if_late(f"{reason}, and its {blocker} can't be cut: {error_text(error)}.")

    def _blocker(self) -> Session | None:
        """The connection that has the lock of this server, as far as the server tells this user."""
        number = _value(self.connection, "SELECT IS_USED_LOCK(%s)", self.name)
        return session(self.connection, number) if number else None

    def _holder(self, blocker: Session | None) -> str:
        known = [self.claim.holder if self.claim else None, str(blocker) if blocker else None]
        return "; ".join(filter(None, known)) or "a connection that this user may not see"


def _lock_name(connection: BaseDatabaseWrapper) -> str:
    """The name of the lock, which is the server's and not the database's: 64 characters at most.

    In small letters, as one database may go by two names (lower_case_table_names).
    """
    database = str(connection.settings_dict["NAME"]).lower()
    return f"evolution.{hashlib.sha256(database.encode()).hexdigest()[:40]}"


def _value(connection: BaseDatabaseWrapper, sql: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]
