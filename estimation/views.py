"""Pages of the site as a whole."""

import logging
import sys

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.http import require_safe
from django.views.i18n import set_language as django_set_language

from estimation.monitoring import security
from estimation.readiness import readiness
from estimation.unavailable import unavailable
from users.requests import is_local

RETRY_AFTER = 5  # seconds
PLAIN = "text/plain; charset=utf-8"
ROBOTS = "User-agent: *\nDisallow: /admin/\nDisallow: /groups/\nDisallow: /join/\nDisallow: /me/\n"


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers. Asks no database."""
    return HttpResponse("ok\n", content_type=PLAIN)


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve: 200, or 503. Asks the database.

    Why not is told to who asks from this machine; it is in the log in any case.
    """
    refusal = readiness.look()
    told = refusal if is_local(request) else "not ready"
    return HttpResponse(f"{told if refusal else 'ok'}\n", content_type=PLAIN, status=503 if refusal else 200)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus asks for, with METRICS_TOKEN as its bearer token: see docs/operations.md.

    404 where no token is set, 401 for another one, and 403 where it came from another machine without TLS, which
    others may have read.
    """
    if not settings.METRICS_TOKEN:
        raise Http404
    if settings.SECURE_SSL_REDIRECT and not request.is_secure() and not is_local(request):
        return HttpResponse("Come by https, and with another token.\n", content_type=PLAIN, status=403)
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token, settings.METRICS_TOKEN):
        return HttpResponse(
            "Send METRICS_TOKEN as a bearer token.\n",
            content_type=PLAIN,
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
    from estimation.monitoring import exposition  # who runs a command of manage.py needs not wait for it

    return HttpResponse(exposition.text(), content_type=exposition.CONTENT_TYPE)


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Only the front door is for search engines."""
    return HttpResponse(ROBOTS, content_type=PLAIN)


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie, and go back to the page."""
    return django_set_language(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from an earlier session, mostly.

    Whoever has signed in since, in this tab or another, gets the page anew; nothing of the form is done.
    """
    security.note("csrf-refused", logging.WARNING, reason=reason.partition(" - ")[0])
    match = request.resolver_match
    is_public = match is not None and not getattr(match.func, "login_required", True)
    if is_public and request.user.is_authenticated:
        messages.info(request, _("That page was from before you came in. Here is where you are now."))
        return redirect(request.path)
    return render(request, "403_csrf.html", {"here": resolve_url("start")}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """For what nobody has foreseen: 500; or 503 where it is the database that has not done its part."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _without_database(request)
    return defaults.server_error(request)


def _without_database(request: HttpRequest) -> HttpResponse:
    """Says no more than is known: the connection may have been lost before the commit, or after it."""
    detail = _("The database does not answer. It may be saved or not: look, before you send it again.")
    return unavailable(request, "estimation/no_database.html", detail, RETRY_AFTER)
