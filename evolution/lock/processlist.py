"""What other connections of a MySQL or MariaDB server are doing, as far as it tells this user."""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import LOCK_TABLE
from evolution.statements import is_schema_change

_LENGTH = 60  # of a statement that is shown


@dataclass(frozen=True)
class Session:
    """A connection of the server, and the statement that it is at, if any; `seconds` it has been at it."""

    number: int
    user: str
    host: str
    command: str
    seconds: int
    statement: str | None

    @property
    def is_busy(self) -> bool:
        return self.command not in ("Sleep", "Daemon")

    def __str__(self) -> str:
        who = f"connection {self.number}, {self.user} from {self.host}"
        if not self.is_busy:
            return f"{who}, idle for {self.seconds} seconds"
        text = " ".join((self.statement or self.command).split())
        shown = text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
        return f"{who}, for {self.seconds} seconds at: {shown}"


def session(connection: BaseDatabaseWrapper, number: int) -> Session | None:
    """The connection of this number; None where there is none, or none that this user may see."""
    found = _sessions(connection, "id = %s", number)
    return found[0] if found else None


def schema_changes(connection: BaseDatabaseWrapper) -> list[Session]:
    """The other connections that are changing tables of this database."""
    others = _sessions(connection, "id <> CONNECTION_ID() AND db = DATABASE() AND info IS NOT NULL")
    return [
        other
        for other in others
        if is_schema_change(other.statement or "") and LOCK_TABLE not in (other.statement or "")
    ]


def _sessions(connection: BaseDatabaseWrapper, condition: str, *values: Any) -> list[Session]:
    # MySQL's information_schema fails (3854) while anybody's statement has an emoji in it.
    listed = "information_schema" if connection.mysql_is_mariadb else "performance_schema"  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, user, host, command, time, info FROM {listed}.processlist WHERE {condition}",  # noqa: S608
            values,
        )
        return [
            Session(number, user, host, command, int(seconds or 0), _text(statement))
            for number, user, host, command, seconds, statement in cursor.fetchall()
        ]


def _text(statement: Any) -> str | None:
    return statement.decode("utf-8", "replace") if isinstance(statement, bytes) else statement
