"""Who has gone to the OpenID provider and is not back yet: kept in the session for a few minutes, and good once."""

import time
from dataclasses import asdict, dataclass

from django.http import HttpRequest

VALID = 10 * 60  # seconds
KEPT = 5  # the latest ones, for who begins in several tabs
_KEY = "pending_authorizations"


@dataclass(frozen=True)
class PendingAuthorization:
    """What the provider has to say again (nonce), what proves that we asked, and where the person wanted to go.

    `account_id` is the account that is to be linked; None where somebody signs in.
    """

    nonce: str
    code_verifier: str
    next_url: str
    account_id: int | None


def remember(request: HttpRequest, state: str, pending: PendingAuthorization) -> None:
    kept = request.session.get(_KEY, {})
    kept[state] = {"pending": asdict(pending), "until": time.time() + VALID}
    request.session[_KEY] = dict(list(kept.items())[-KEPT:])


def take(request: HttpRequest) -> PendingAuthorization | None:
    """What was begun under the `state` that the address has; from now on it is good no more.

    None where nothing was in this browser, or too long ago.
    """
    kept = request.session.get(_KEY, {})
    one = kept.pop(request.GET.get("state", ""), None)
    if one is None:
        return None
    request.session[_KEY] = kept
    request.session.save()  # at once: after an answer of 5xx, Django would not
    if one["until"] < time.time():
        return None
    return PendingAuthorization(**one["pending"])
