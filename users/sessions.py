"""The session by which a browser is known: begun at signing in, under a key that nobody knew before."""

from datetime import timedelta

from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from users.models import User

# Sessions name who vouches for them. Django asks for that where several backends are set up, as with django-axes.
BACKEND = "django.contrib.auth.backends.ModelBackend"

# How long a browser is known. A guest is known by it alone: SESSION_COOKIE_AGE, a year.
ACCOUNTS = timedelta(days=30)
STAFF = timedelta(hours=12)
# Of who has just signed out: it holds nothing but that word.
NOBODY = timedelta(minutes=5)


def begin(request: HttpRequest, user: User, device: TOTPDevice | None = None) -> None:
    """Let the browser be known as the user, who has shown a code of `device`, where one is given."""
    login(request, user, backend=BACKEND)
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


def _set_expiry(request: HttpRequest, user: User) -> None:
    if user.is_staff:
        request.session.set_expiry(STAFF)
    elif not user.is_guest:
        request.session.set_expiry(ACCOUNTS)
