"""The database: whether it answers, what it is, how it keeps text, and what time it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.checks import Tags, run_checks
from django.db import DEFAULT_DB_ALIAS, Error, connection
from django.utils import timezone

from estimation.doctor import configuration
from estimation.doctor.findings import Finding, ok, problem, warning
from estimation.monitoring.redaction import one_line, without_secrets

SUBJECT = "database"
OFF = 2  # seconds by which clocks may differ
FAR_OFF = 60  # seconds from which on sessions and codes of apps go wrong
CHARSET = "utf8mb4"


@dataclass(frozen=True)
class Server:
    """What a MySQL or MariaDB tells of itself and of the database."""

    version: str
    charset: str
    collation: str
    modes: str
    other_charset: int  # tables with another character set
    other_engine: int  # tables that are not InnoDB's


def look() -> Iterator[Finding]:
    """Whether it answers, and as what."""
    if missing := _missing_file():
        yield problem(SUBJECT, f"There is no {missing} yet.", "Run: manage.py migrate")
        return
    try:
        yield from _sqlite() if connection.vendor == "sqlite" else judged(_server())
        there = connection.settings_dict
        yield from way_there(connection.vendor, str(there["HOST"]), there["OPTIONS"])
        yield from _by_django()
    except Error as error:
        told = without_secrets(one_line(str(error)))
        yield problem(SUBJECT, f"It does not answer: {told}.", "Start it, or look at DATABASE_URL.")


def look_at_clock() -> Iterator[Finding]:
    """Whether the database has the time that this machine has."""
    yield clock(timezone.now(), _time())


def clock(here: datetime, there: datetime) -> Finding:
    """What is to be said of two clocks."""
    seconds = abs((there - here).total_seconds())
    if seconds < OFF:
        return ok("clock", "The database has the same time.")
    found = problem if seconds >= FAR_OFF else warning
    return found(
        "clock", f"The database's clock differs by {seconds:.0f} seconds.", "Let both be set by NTP."
    )


def judged(server: Server) -> Iterator[Finding]:
    """What is to be said of a server."""
    yield ok(
        SUBJECT, f"{server.version}, {server.charset}, {server.collation}, {server.modes or 'no SQL mode'}."
    )
    if server.charset != CHARSET:
        yield problem(
            SUBJECT,
            f"The database's character set is {server.charset}: a new table could not keep every character.",
            f"ALTER DATABASE … CHARACTER SET {CHARSET} COLLATE utf8mb4_unicode_ci",
        )
    if server.other_charset:
        yield warning(
            SUBJECT,
            f"Tables with another character set than {CHARSET}: {server.other_charset}.",
            f"ALTER TABLE … CONVERT TO CHARACTER SET {CHARSET}, after a backup.",
        )
    if server.other_engine:
        yield problem(
            SUBJECT,
            f"Tables that are not InnoDB's, and know no transactions: {server.other_engine}.",
            "ALTER TABLE … ENGINE=InnoDB, after a backup.",
        )


def way_there(vendor: str, host: str, options: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether others can read along. A file, a socket and this machine's own address are reached without a network."""
    if vendor != "sqlite" and configuration.is_elsewhere(host) and "ssl" not in options:
        yield problem(
            SUBJECT,
            f"{host} is another machine, and everything goes there readable.",
            "Set DATABASE_CA_FILE: docs/scaling.md#tls-between-machines.",
        )


def _missing_file() -> str:
    """The file of an SQLite database that is not there. To connect would make it."""
    name = str(connection.settings_dict["NAME"])
    is_file = connection.vendor == "sqlite" and not name.startswith(("file:", ":memory:"))
    return name if is_file and not Path(name).exists() else ""


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        (version,) = cursor.fetchone()
        cursor.execute("PRAGMA journal_mode")
        (journal,) = cursor.fetchone()
    yield ok(SUBJECT, f"SQLite {version}, journal mode {journal}: {connection.settings_dict['NAME']}.")


def _server() -> Server:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@version, @@character_set_database, @@collation_database, @@sql_mode")
        facts = cursor.fetchone()
        cursor.execute(
            "SELECT SUM(table_collation NOT LIKE 'utf8mb4%%'), SUM(engine <> 'InnoDB') FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
            [],
        )
        others = cursor.fetchone()
    return Server(*facts, *(int(number or 0) for number in others))


def _by_django() -> Iterator[Finding]:
    """Django's own checks of a database, such as for MySQL's strict mode."""
    for message in run_checks(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS]):
        text = " ".join(str(message.msg).split())
        yield warning(SUBJECT, f"{text} ({message.id})", " ".join(str(message.hint or "").split()))


def _time() -> datetime:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
            if is_sqlite
            else "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)"
        )
        (text,) = cursor.fetchone()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
