"""What of a request may be told: nothing that could be a secret, and nothing of which there are endlessly many."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

NO_ROUTE = "(none)"
STATIC = "(static)"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER = "OTHER"


def method_of(method: str | None) -> str:
    """The method; one word for all that HTTP does not know."""
    return method if method in METHODS else OTHER


def route_of(request: HttpRequest) -> str:
    """The pattern of the address, never the address itself: it may hold a token, and is never twice the same."""
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    return STATIC if request.path_info.startswith(settings.STATIC_URL) else NO_ROUTE


def user_of(request: HttpRequest) -> int | None:
    """The number of whoever sent the request, as far as answering it has found that out; no query for it."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")  # where Django keeps whom it has asked the database for
    number: int | None = getattr(user, "pk", None)
    return number
