"""Accounts and sessions: staff without a second factor, sessions that nobody has cleared."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from estimation.doctor.findings import Finding, ok, warning
from users.models import User

MANY = 1000  # sessions that have ended


def look() -> Iterator[Finding]:
    """What is told is how many; who, the admin tells."""
    yield _staff()
    yield _sessions()


def _staff() -> Finding:
    staff = User.objects.filter(is_staff=True, is_active=True)
    number = staff.count()
    without = number - staff.filter(totpdevice__confirmed=True).distinct().count()
    if not without:
        return ok("staff", f"{number}, all with two-factor sign-in." if number else "None.")
    if settings.STAFF_TWO_FACTOR:
        message = f"{without} of {number} have not set up two-factor sign-in, and can't enter the admin until they do."
        return warning("staff", message, "Ask them to sign in and set it up.")
    message = f"{without} of {number} enter the admin by a password alone."
    return warning("staff", message, "Set STAFF_TWO_FACTOR=on, as it is with HTTPS.")


def _sessions() -> Finding:
    ended = Session.objects.filter(expire_date__lt=timezone.now()).count()
    if ended < MANY:
        return ok("sessions", f"{ended} have ended and are still kept.")
    return warning("sessions", f"{ended} have ended and are still kept.", "Run: manage.py clearsessions")
