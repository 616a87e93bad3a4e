"""A number for each request, by which everything that was logged meanwhile is found again."""

import os
import re
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest

HEADER = "X-Request-ID"
# What a proxy or a program may call its request. Anything else could forge or flood the log.
_SAFE = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(slots=True)
class Current:
    """What is being answered: its id, and for a page the request itself."""

    id: str
    request: HttpRequest | None = None


current: ContextVar[Current | None] = ContextVar("current", default=None)


def id_for(given: str) -> str:
    """The id that came along, when it is of a safe shape; else a new one: 24 hexadecimal digits of chance."""
    return given if _SAFE.fullmatch(given) else os.urandom(12).hex()
