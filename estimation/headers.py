"""Headers of every answer, beside those that Django and django-csp set."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# What no page here uses, whatever gets into one. What is not named is for this site's own pages alone by default.
# https://www.w3.org/TR/permissions-policy/
DENIED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "local-fonts", "magnetometer", "microphone", "midi"),
    *("payment", "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "sync-xhr", "usb"),
    "xr-spatial-tracking",
)

HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in DENIED),
    # No other site shows or reads anything from here.
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nobody finds a page in the browser after its person has signed out. Static files say otherwise.
    "Cache-Control": "no-store",
}


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp's middleware, which writes the policy of the settings once and not anew for each answer.

    An answer or a request that says anything of its own about its policy is left to it.
    """

    @cached_property
    def _policy(self) -> str:
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # While developing, Django's own pages about errors go without.
        if settings.DEBUG or _says_something(response) or _says_something(request):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response


def _says_something(what: Any) -> bool:
    return any(name.startswith("_csp_") for name in vars(what))


def guard(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Sets HEADERS where nobody has set them."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware
