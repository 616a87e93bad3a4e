"""Pages whose work in the database is disturbed from outside, as often as a test says."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from groups.models import Group

# What happens, one after the other, each time that a page is in the middle of its work. Empty: nothing more.
disturbances: list[Callable[[], None]] = []


def _disturb() -> None:
    if disturbances:
        disturbances.pop(0)()


def _named(request: HttpRequest) -> Group:
    group: Group = Group.objects.create(name=request.POST["name"], user_id=int(request.POST["owner"]))
    return group


@login_not_required
def before(request: HttpRequest) -> HttpResponse:
    """Disturbed before its commit, by an error of a statement."""
    file: Any = request.FILES.get("file")
    uploaded = file.read() if file else b""
    with transaction.atomic():
        group = _named(request)
        _disturb()
        Group.objects.filter(pk=group.pk).update(archived_at=None)
    return HttpResponse(uploaded)


@login_not_required
def commit(request: HttpRequest) -> HttpResponse:
    """Disturbed before its commit, which is the next that it sends."""
    with transaction.atomic():
        _named(request)
        _disturb()
    return HttpResponse()


@login_not_required
def alone(request: HttpRequest) -> HttpResponse:
    """Disturbed before a statement that is a transaction by itself."""
    _disturb()
    _named(request)
    return HttpResponse()


@login_not_required
def twice(request: HttpRequest) -> HttpResponse:
    """Saves something, and is disturbed while it saves more."""
    _named(request)
    return before(request)


@login_not_required
def told(request: HttpRequest) -> HttpResponse:
    """Tells its person something, and is disturbed then."""
    messages.success(request, "It is done.")
    return before(request)


urlpatterns = [
    path("before/", before),
    path("commit/", commit),
    path("alone/", alone),
    path("twice/", twice),
    path("told/", told),
    path("", include("estimation.urls")),
]
handler500 = "estimation.views.server_error"
