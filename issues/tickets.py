"""Admission to a room's feed: a signed cookie, so that a stream needs no session and no query to be let in.

It tells who somebody is, not what they may see: that is asked of the room's present seats, again with each frame.
"""

from dataclasses import dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "feed"
VALID = 60 * 60  # seconds; the page renews it
_SALT = "issues.tickets"


@dataclass(frozen=True)
class Ticket:
    """Who listens to which room, in which language."""

    group_id: int
    user_id: int
    language: str


def issue(request: HttpRequest, response: HttpResponse, ticket: Ticket, path: str) -> None:
    """Give the browser a ticket that it shows at `path` alone."""
    value = signing.dumps([ticket.group_id, ticket.user_id, ticket.language], salt=_SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=VALID,
        path=path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def read(cookie: str, group_id: int) -> Ticket | None:
    """The ticket in a cookie's value; None for one that is forged, too old, or of another room."""
    try:
        ticket = Ticket(*signing.loads(cookie, salt=_SALT, max_age=VALID))
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return ticket if ticket.group_id == group_id else None
