"""Where somebody is signed in: the sessions of an account that are open, to be seen and ended.

A session that a new password or signing out elsewhere has ended is still in the database until its browser comes again
or its time is over; it is open no more, and is not told.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from users import sessions
from users.models import User, UserSession

AT_MOST = 200  # of the latest; all others can be ended at once


@dataclass(frozen=True)
class OpenSession:
    """One of them. `number` names it, and tells nobody its key; `began` is None where an earlier release began it."""

    number: int
    key: str
    browser: str
    began: datetime | None

    def __str__(self) -> str:
        """“Firefox on Windows, since 03/05/2026 9:30”."""
        if self.began is None:
            return _("%(browser)s; since when is not known") % {"browser": self.browser}
        began = date_format(timezone.localtime(self.began), "SHORT_DATETIME_FORMAT")
        return _("%(browser)s, since %(time)s") % {"browser": self.browser, "time": began}


def of(user: User) -> list[OpenSession]:
    """Those of the user, the latest first."""
    rows = UserSession.objects.filter(user=user, session__expire_date__gt=timezone.now())
    return list(_open(user, rows.select_related("session").order_by("-pk")[:AT_MOST]))


def end(user: User, numbers: Collection[int]) -> int:
    """End those of the user's that have these numbers; returns how many. Streams notice within seconds."""
    return _end(UserSession.objects.filter(user=user, pk__in=numbers))


def end_all(user: User) -> int:
    """End every session of the user, in this browser too."""
    return _end(UserSession.objects.filter(user=user))


def _open(user: User, rows: Any) -> Iterator[OpenSession]:
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    for row in rows:
        held = row.session.get_decoded()
        if held.get(HASH_SESSION_KEY) in hashes:
            yield OpenSession(
                row.pk, row.session_id, _browser(*sessions.browser_of(held)), sessions.began(held)
            )


def _browser(browser: str, system: str) -> str:
    """In plain words: “Firefox on Windows”."""
    if not browser and not system:
        return _("A browser")
    if not system:
        return browser
    return _("%(browser)s on %(system)s") % {"browser": browser or _("A browser"), "system": system}


def _end(rows: Any) -> int:
    with transaction.atomic():
        keys = list(rows.values_list("session_id", flat=True))
        ended, _by_model = Session.objects.filter(pk__in=keys).delete()
        UserSession.objects.filter(session__in=keys).delete()
    return ended
