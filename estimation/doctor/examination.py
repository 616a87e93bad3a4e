"""All that is looked at, in the order in which it is told."""

from collections.abc import Callable, Iterable, Iterator

from django.db import Error

from estimation.doctor import (
    accounts,
    backup_folder,
    configuration,
    database,
    mail,
    redis_server,
    schema,
    static_files,
)
from estimation.doctor.findings import Finding, Level, warning
from estimation.monitoring.redaction import one_line, without_secrets

Look = Callable[[], Iterable[Finding]]


def examine() -> list[Finding]:
    """Everything that was found. Where the database does not answer, what stands in it is left out."""
    found = [*configuration.look(), *redis_server.look(), *mail.look(), *static_files.look()]
    answer = list(database.look())
    found += answer
    if answer[0].level is Level.OK:
        for look in (database.look_at_clock, schema.look, backup_folder.look, accounts.look):
            found += _looked(look)
    return found


def _looked(look: Look) -> Iterator[Finding]:
    """What it found; a table that is not there yet, or a database that went away meanwhile, ends it alone."""
    try:
        yield from look()
    except Error as error:
        told = without_secrets(one_line(str(error)))
        yield warning(
            "database", f"Not everything in it could be looked at: {told}.", "Run: manage.py migrate"
        )
