"""Pages that fail, and tell in their exception whatever came in: what a careless library might do."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from users.models import User

logger = logging.getLogger("careless.library")


@login_not_required
def fail(request: HttpRequest, token: str) -> HttpResponse:
    """Logs all there is, and raises all there is."""
    everything = (
        f"{token} {request.COOKIES} {request.META.get('HTTP_AUTHORIZATION')} {request.get_full_path()}"
    )
    logger.warning("Failing soon: %s %r", everything, request.POST.dict())
    logger.warning(f"{everything} {request.POST.get('reason')}")  # noqa: G004 (careless)
    local = request.POST.dict()
    try:
        User.objects.create(nickname="Twice", email=request.POST.get("email"))
    except Exception as error:
        error.add_note(f"note {everything}")
        raise ValueError(f"{everything} {local} card {request.POST.get('card')}") from error
    raise AssertionError("Nobody has this e-mail.")


@login_not_required
def forge(request: HttpRequest) -> HttpResponse:
    """Logs and raises what was typed, which wants to look like lines of the log."""
    text = f"forged\n{request.POST.get('line', '')}\r\n\x1b[2J\u2028{request.POST.get('line', '')}"
    logger.warning("%s", text.replace(request.POST.get("line", "?"), FORGED))
    raise ValueError(text.replace(request.POST.get("line", "?"), FORGED))


FORGED = '{"level": "INFO", "logger": "estimation.access", "message": "FORGED"}'

urlpatterns = [
    path("fail/<str:token>/", fail),
    path("forge/", forge),
    path("", include("estimation.urls")),
]
