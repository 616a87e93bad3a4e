"""The session by which a browser is known: begun at signing in, under a key that nobody knew before.

It holds when that was and which browser it was, for its owner to see; see `open_sessions`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest
from django.utils import timezone
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from users import browsers
from users.models import User

# Sessions name who vouches for them. Django asks for that where several backends are set up, as with django-axes.
BACKEND = "django.contrib.auth.backends.ModelBackend"

# How long a browser is known. A guest is known by it alone: SESSION_COOKIE_AGE, a year.
ACCOUNTS = timedelta(days=30)
STAFF = timedelta(hours=12)
# Of who has just signed out: it holds nothing but that word.
NOBODY = timedelta(minutes=5)

_BEGAN = "began"  # seconds since 1970
_BROWSER = "browser"  # and its system, in two words


def begin(request: HttpRequest, user: User, device: TOTPDevice | None = None) -> None:
    """Let the browser be known as the user, who has shown a code of `device`, where one is given."""
    login(request, user, backend=BACKEND)
    request.session[_BEGAN] = int(timezone.now().timestamp())
    request.session[_BROWSER] = browsers.name(request.headers.get("User-Agent", ""))
    _set_expiry(request, user)
    if device is not None:
        otp_login(request, device)


def claim(request: HttpRequest, account: User) -> None:
    """The guest who is known here has become an account."""
    request.user = account
    update_session_auth_hash(request, account)
    _set_expiry(request, account)


def verify(request: HttpRequest, device: TOTPDevice) -> None:
    """The one who is signed in here has shown a code of the device."""
    request.session.cycle_key()
    otp_login(request, device)


def end_elsewhere(request: HttpRequest, user: User) -> None:
    """Sign the user out in all other browsers; this one goes on, under another key."""
    user.sign_out_everywhere()
    update_session_auth_hash(request, user)


def began(held: Mapping[str, Any]) -> datetime | None:
    """When the session that holds this was begun; None where a release began it that did not note it."""
    seconds = held.get(_BEGAN)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def browser_of(held: Mapping[str, Any]) -> tuple[str, str]:
    """The browser in which it was begun, and its system; see `browsers.name`."""
    browser, system = held.get(_BROWSER, ("", ""))
    return browser, system


def _set_expiry(request: HttpRequest, user: User) -> None:
    if user.is_staff:
        request.session.set_expiry(STAFF)
    elif not user.is_guest:
        request.session.set_expiry(ACCOUNTS)
