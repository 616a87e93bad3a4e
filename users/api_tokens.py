"""What programs show instead of a session: one token for each account, of which only a hash is kept."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from users.models import ApiToken, User

PREFIX = "est_"  # by which a token that was published by mistake is recognised
BYTES = 32  # of chance
NOTED_AGAIN = timedelta(hours=1)  # a note is a write, and not each request needs one


def make(user: User) -> str:
    """A new token of the user's, told this once; the one before is good no more."""
    token = PREFIX + secrets.token_urlsafe(BYTES)
    ApiToken.objects.update_or_create(
        user=user, defaults={"digest": _digest(token), "made_at": timezone.now(), "used_at": None}
    )
    return token


def remove(user: User) -> None:
    """Let the user have none."""
    ApiToken.objects.filter(user=user).delete()


def user_of(token: str) -> User | None:
    """Whose token it is; None for one that is not good, or of a user who may not sign in."""
    found = (
        ApiToken.objects.select_related("user").filter(digest=_digest(token), user__is_active=True).first()
    )
    if found is None:
        return None
    now = timezone.now()
    if found.used_at is None or found.used_at < now - NOTED_AGAIN:
        ApiToken.objects.filter(pk=found.pk).update(used_at=now)
    return found.user


def _digest(token: str) -> str:
    """Without salt and in one step: what has 256 bits of chance can't be guessed from its hash."""
    return hashlib.sha256(token.encode()).hexdigest()
