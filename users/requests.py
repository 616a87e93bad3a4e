"""Who sends a request."""

from ipaddress import IPv4Address, IPv6Network, ip_address

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from users.models import User

HOME = "groups:group-list"  # where people go who wanted to go nowhere in particular


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
    """Where the person wanted to go (`next`), as long as it is on this site; else the URL named `default`.

    It is a whole address or a path from the root: `redirect` would take anything else for the name of a route.
    """
    url = request.POST.get("next", request.GET.get("next", ""))
    is_address = url.startswith(("/", "http://", "https://"))
    if is_address and url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    ):
        return url
    return resolve_url(default)


def client_network(request: HttpRequest) -> str:
    """Where a request comes from, as far as limits count: an IPv4 address, or the /64 network of an IPv6 one.

    Whoever has one IPv6 address has 2 to the power of 64. The address is the connection's, or the one that a trusted
    proxy told (TRUSTED_PROXIES); what is none, such as a proxy's `unknown`, counts as one place for all: `0.0.0.0`.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - told, not listened at # nosec B104
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False).network_address)


def is_local(request: HttpRequest) -> bool:
    """Whether a request comes from this machine itself."""
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
