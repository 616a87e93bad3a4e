"""The page around the parts of a room: rendered once for all who get the same, with gaps for all that is not.

In the gaps stand what one person alone gets, and what changes with the room. A gap is written as a word that nobody
can guess, so that nothing that people type is ever taken for one.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from users import qr_codes

REMEMBERED = 256  # pages, in one process
GAPS = (
    *("csrf_token", "nickname", "seat", "seat_nickname"),
    *("version", "have", "stage", "progress", "chairs", "hand", "backlog"),
)
_MARK = secrets.token_hex(16)
_GAP = re.compile(f"{_MARK}({'|'.join(sorted(GAPS, key=len, reverse=True))})")
_GAPS = {name: f"{_MARK}{name}" for name in GAPS}


@dataclass(frozen=True)
class Heading:
    """A group, as its pages are headed."""

    pk: int
    name: str
    is_archived: bool

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Page:
    """All that the page around the parts depends on; where two are the same, the page is."""

    language: str
    group: Heading
    is_owner: bool
    may_administer: bool
    is_guest: bool
    is_seated: bool
    is_alone: bool
    invite_url: str = ""
    problem: str = ""
    refresh: int | None = None  # seconds


@dataclass(frozen=True)
class _Person:
    nickname: str
    is_guest: bool
    is_authenticated: bool = True


def render(page: Page, filling: Mapping[str, bytes], messages: Any = ()) -> bytes:
    """The whole page, in UTF-8. `filling` has what stands in each of GAPS; messages are django.contrib.messages."""
    pieces = _written(page, messages) if messages else _remembered(page)
    return b"".join(filling[piece] if isinstance(piece, str) else piece for piece in pieces)


@lru_cache(maxsize=REMEMBERED)
def _remembered(page: Page) -> list[bytes | str]:
    return _written(page, ())


def _written(page: Page, messages: Any) -> list[bytes | str]:
    """The page in pieces: bytes as they stand in it, and names of gaps as text."""
    context = {
        "here": reverse("issues:room", args=[page.group.pk]),
        "group": page.group,
        "access": page,
        "user": _Person(_GAPS["nickname"], page.is_guest),
        "csrf_token": _GAPS["csrf_token"],
        "messages": messages,
        "gaps": _GAPS,
        "page": page,
        "invite_url": page.invite_url,
        "invite_code": qr_codes.svg(page.invite_url) if page.invite_url else "",
    }
    with translation.override(page.language):
        pieces = _GAP.split(render_to_string("issues/room.html", context))
    return [piece if number % 2 else piece.encode() for number, piece in enumerate(pieces)]
