"""Middleware of the site."""

import logging
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url

from estimation.monitoring import security
from estimation.readiness import readiness
from estimation.unavailable import unavailable
from issues import api
from users.rate_limits import RateLimit, TooManyRequests
from users.requests import client_network, user_or_none

RETRY_AFTER = 10  # seconds
ONE_AND_A_HALF_MINUTES = 90  # seconds; a longer wait is told in minutes
# What is asked from outside how the site is has to be answered above all while it can't serve.
HEALTH = ("/healthz", "/readyz", "/metrics")
DO_NOT_FIT = (
    "The site's program and its database don't fit together at the moment. Try again in a few seconds."
)


def refuse_unknown_schema(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """One clear page for everything, while the database has a schema that this release can't work with."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not readiness.refusal or request.path in HEALTH:
            return get_response(request)
        return unavailable(request, "503.html", DO_NOT_FIT, RETRY_AFTER)

    return middleware


def explain_method_not_allowed(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """A page that helps on, where somebody opens the address of a form like a page.

    It happens to those who sign in after a form was refused for want of a session. Django's own answer
    is empty. The API says it itself, to programs.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET" or request.path.startswith(api.ADDRESS):
            return response
        page = render(request, "405.html", {"here": resolve_url("start")}, status=405)
        page["Allow"] = response["Allow"]
        return page

    return middleware


class ExplainTooManyRequests:
    """A page about what was done too often, and when it may be done again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooManyRequests):
            return None
        return too_many_requests(request, error.wait)


def sign_in_locked(request: HttpRequest, _credentials: Any) -> HttpResponse:
    """Instead of the page to sign in, for an address with too many wrong passwords for this account."""
    return too_many_requests(request, int(settings.AXES_COOLOFF_TIME.total_seconds()), locked=True)


def too_many_requests(request: HttpRequest, wait: int, *, locked: bool = False) -> HttpResponse:
    """The page, with the `wait` in seconds."""
    security.note("sign-in-locked" if locked else "too-many-requests", logging.WARNING)
    context = {
        "locked": locked,
        "seconds": wait if wait <= ONE_AND_A_HALF_MINUTES else 0,
        "minutes": math.ceil(wait / 60),
    }
    page = render(request, "429.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(wait)
    return page


# By person, or by address where nobody is signed in. The pages themselves have lower ones where it matters. None for
# the hour: each change is remembered for as long as it counts, which for many busy people is memory.
CHANGES = RateLimit("change", "150/minute")


def limit_changes(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Nobody fills the database at the speed of a program: see CHANGES. The API counts for itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not request.path.startswith("/api/"):
            user = user_or_none(request)
            try:
                CHANGES.take(user.pk if user else client_network(request))
            except TooManyRequests as refused:
                return too_many_requests(request, refused.wait)
        return get_response(request)

    return middleware
