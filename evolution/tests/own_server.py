"""Servers of a test's own, of the engine that the suite runs on, and connections to them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.tests.crash.servers import KillableServer, killable

Serve = Callable[..., KillableServer]  # with more options, and on a disk


def engine() -> str:
    """The suite's engine, as scripts/databases.py calls it."""
    return "mariadb" if connection.mysql_is_mariadb else "mysql"  # type: ignore[attr-defined]


@contextmanager
def servers() -> Iterator[Serve]:
    """A function that starts a server of the suite's engine; all are gone afterwards."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.syspath_prepend(settings.BASE_DIR / "scripts")
        from debian_packages import NotAvailable

        def start(*options: str, disk: Path = Path("/tmp")) -> KillableServer:
            try:
                return stack.enter_context(killable(engine(), *options, disk=disk))
            except NotAvailable as reason:
                pytest.skip(str(reason))

        yield start


def address(url: str) -> dict[str, Any]:
    """What of a database's settings differs where it is at this address (mysql://…)."""
    parts = urlsplit(url)
    return {
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password,
    }


@contextmanager
def elsewhere(there: dict[str, Any], alias: str = "elsewhere") -> Iterator[BaseDatabaseWrapper]:
    """A connection like the suite's own to another server."""
    connections.settings[alias] = connection.settings_dict | {"NAME": "estimation"} | there
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
