"""Admission to a room's feed: a signed cookie that says who listens to which room, in which language.

It is good only together with the session that it was given to, while that session lives and its user's password is
the same: whoever signs out, or is signed out, listens no more. What somebody may see it does not tell; that is asked
of the room's present seats, again with each frame.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from users.models import User

# Not `__Host-`: it goes with the requests of one room's stream alone.
COOKIE = "__Secure-feed" if settings.SESSION_COOKIE_SECURE else "feed"
VALID = 60 * 60  # seconds; the page renews it
_SALT = "issues.tickets"


@dataclass(frozen=True)
class Ticket:
    """Who listens to which room, in which language; and the key of the session that it came with.

    `seal` stands for session and password.
    """

    group_id: int
    user_id: int
    language: str
    seal: str
    session: str

    def is_of(self, user: User) -> bool:
        """Whether it was given to this user, in this session, with the password that the user has now."""
        return user.pk == self.user_id and constant_time_compare(self.seal, seal(self.session, user))


def seal(session: str, user: User) -> str:
    """64 hexadecimal digits that stand for the session's key and the user's password, and tell neither."""
    return salted_hmac(_SALT, f"{session} {user.get_session_auth_hash()}", algorithm="sha256").hexdigest()


def issue(response: HttpResponse, ticket: Ticket, path: str, *, secure: bool) -> None:
    """Give the browser a ticket that it shows at `path` alone."""
    value = signing.dumps([ticket.group_id, ticket.user_id, ticket.language, ticket.seal], salt=_SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=VALID,
        path=path,
        secure=secure,
        httponly=True,
        samesite="Strict",
    )


def read(cookie: str, session: str, group_id: int) -> Ticket | None:
    """The ticket in a cookie's value, shown with a session; None for one that is forged, too old, or of another room.

    Whether it is good for that session has still to be asked: `is_of`.
    """
    try:
        room, user, language, sealed = signing.loads(cookie, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return Ticket(room, user, language, sealed, session) if room == group_id else None


def of(request: HttpRequest, group_id: int, user: User, language: str) -> Ticket:
    """The ticket for the user who sends the request."""
    session = request.session.session_key or ""
    return Ticket(group_id, user.pk, language, seal(session, user), session)
