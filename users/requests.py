"""Who sends a request."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from users.models import User


def user_or_none(request: HttpRequest) -> User | None:
    """The guest or account that sends the request, None for a visitor."""
    return request.user if isinstance(request.user, User) else None


def signed_in_user(request: HttpRequest) -> User:
    """The guest or account that sends the request.

    Raises PermissionDenied for a visitor, whom LoginRequiredMiddleware sends to sign in before that.
    """
    user = user_or_none(request)
    if user is None:
        raise PermissionDenied
    return user


def next_url(request: HttpRequest, default: str) -> str:
    """Where the person wanted to go (`next`), as long as it is on this site; else the URL named `default`."""
    url = request.POST.get("next", request.GET.get("next", ""))
    if url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return url
    return resolve_url(default)
