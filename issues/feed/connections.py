"""Connections to the database in the feed's threads."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.db import close_old_connections

Result = TypeVar("Result")
# To be awaited before the database is asked: it returns when this process may serve.
Serving = Callable[[], Awaitable[None]]


def connected(work: Callable[[], Result]) -> Result:
    """Do work in a thread with a healthy connection to the database."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
