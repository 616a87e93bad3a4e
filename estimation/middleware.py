"""Middleware of the site."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render, resolve_url


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
