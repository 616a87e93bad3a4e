"""Who has given the password and not the code yet: kept in the session for a few minutes."""

import time
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from users.models import User

VALID = 5 * 60  # seconds
_KEY = "pending_sign_in"


@dataclass(frozen=True)
class PendingSignIn:
    account: User
    next_url: str


def remember(request: HttpRequest, account: User, next_url: str) -> None:
    """Under a key of its own: whoever knew the one before must not come in with the code of somebody else."""
    request.session.cycle_key()
    request.session[_KEY] = {
        "user": account.pk,
        "hash": account.get_session_auth_hash(),
        "until": time.time() + VALID,
        "next": next_url,
    }


def read(request: HttpRequest) -> PendingSignIn | None:
    """None where no password was given, or too long ago, or the account has another one since."""
    kept = request.session.get(_KEY)
    if not kept or kept["until"] < time.time():
        return None
    account = User.objects.filter(pk=kept["user"], is_active=True).first()
    if account is None or not constant_time_compare(kept["hash"], account.get_session_auth_hash()):
        return None
    return PendingSignIn(account, kept["next"])


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)
