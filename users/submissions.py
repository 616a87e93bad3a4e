"""A form that was sent twice does its work once, and makes one guest of a visitor.

A double click sends a form twice, both times as a visitor without a session. The form's CSRF token, which
is another one in every page, and its fields tell that it is the same one. A row in the table of sessions,
whose key is unique on every database, is the receipt: the second one waits for it and finds it.
"""

import hashlib
from collections.abc import Callable

from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import get_random_string

from users import sessions
from users.models import User
from users.requests import user_or_none

RECEIPT_IS_KEPT = 5 * 60  # seconds


def once(request: HttpRequest, work: Callable[[User], int], *, nickname: str = "") -> int:
    """Do `work` for the user who sent the form, and return the number that it gives.

    A visitor becomes the guest `nickname` and is signed in. A form that was sent before is not worked on
    again: the number is that of the first time, the guest too. What `work` raises goes through, and then
    nothing is kept, neither guest nor receipt.
    """
    visitor = request.user
    try:
        with transaction.atomic():
            user, number = _work_or_receipt(request, work, nickname)
    except BaseException:
        request.user = visitor
        raise
    if user is not None and not visitor.is_authenticated:
        sessions.begin(request, user)
    return number


def _work_or_receipt(
    request: HttpRequest, work: Callable[[User], int], nickname: str
) -> tuple[User | None, int]:
    key = _key(request)
    receipt = SessionStore(key)
    try:
        receipt.save(must_create=True)
    except CreateError:
        receipt = SessionStore(key)
        if "number" in receipt:
            guest = User.objects.filter(pk=receipt["user"], email=None, is_active=True).first()
            return guest, int(receipt["number"])
    user = user_or_none(request) or User.objects.create_guest(nickname)
    request.user = user  # whom the history of what follows names
    number = work(user)
    receipt.update({"user": user.pk, "number": number})
    receipt.set_expiry(RECEIPT_IS_KEPT)
    receipt.save()
    return user, number


def _key(request: HttpRequest) -> str:
    """40 hexadecimal digits that stand for the form as it was sent, and by whom."""
    token = request.POST.get("csrfmiddlewaretoken") or get_random_string(32)
    sent = f"{token} {request.path} {request.user.pk} {request.POST.urlencode()}"
    return hashlib.sha256(sent.encode()).hexdigest()[:40]
