"""What django-axes, which counts wrong passwords, has to know of this site."""

from collections.abc import Mapping

from axes.utils import reset
from django.http import HttpRequest

from users.models import User, normalized_email


def username(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """The e-mail that somebody tries to sign in with, however it is written; empty without one."""
    given = (credentials or {}).get("username") or request.POST.get("username") or ""
    return normalized_email(given) or ""


def forget(user: User) -> None:
    """Count anew for this account, from every address."""
    reset(username=user.email)
