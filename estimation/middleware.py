"""Middleware of the site."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string

from estimation.readiness import readiness

RETRY_AFTER = "10"  # seconds
HEALTH = ("/healthz", "/readyz")


def refuse_unknown_schema(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """One clear page for everything, while the database has a schema that this release can't work with."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not readiness.refusal or request.path in HEALTH:
            return get_response(request)
        page = render_to_string("503.html")  # without the request, whose session would ask the database
        return HttpResponse(
            page, status=503, headers={"Retry-After": RETRY_AFTER, "Cache-Control": "no-store"}
        )

    return middleware


def explain_method_not_allowed(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """A page that helps on, where somebody opens the address of a form like a page.

    It happens to those who sign in after a form was refused for want of a session. Django's own answer
    is empty.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET":
            return response
        page = render(request, "405.html", {"here": resolve_url("start")}, status=405)
        page["Allow"] = response["Allow"]
        return page

    return middleware
