"""The API as a whole: who may come in, and how it says no."""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from issues import backlog
from issues.api import groups, issues, rounds
from issues.api.refusals import Refused
from users import api_tokens
from users.models import User
from users.rate_limits import RateLimit, TooManyRequests
from users.requests import client_network

DESCRIPTION = (
    "Your team's groups, issues and rounds. Send the token of your page as `Authorization: Bearer est_…`. "
    "Before a round is revealed nobody is told a vote by it."
)

REQUESTS = RateLimit("api", "600/minute")  # by account
WRONG_TOKENS = RateLimit("wrong-token", "20/minute;200/hour")  # by address


View = Callable[..., HttpResponse]


class Token(HttpBearer):
    """The token of an account. A session is none: a page of another site could send its cookie."""

    openapi_description = "The token from the page of your account"

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            raise HttpError(
                403, "Come by https. Your token was sent readable for others: make a new one on your page."
            )
        user = api_tokens.user_of(token)
        if user is None:
            WRONG_TOKENS.take(client_network(request))
            return None
        REQUESTS.take(user.pk)
        request.user = user
        return user


# No pages of ninja's own: they load scripts from elsewhere. /api/ tells the same.
api = NinjaAPI(
    title="Estimation",
    version="1",
    description=DESCRIPTION,
    auth=Token(),
    docs_url=None,
    urls_namespace="api-1",
)
api.add_router("/groups", groups.router)
api.add_router("/groups", issues.router)
api.add_router("/groups", rounds.router)


def urls() -> tuple[Any, ...]:
    """Its addresses, which look after themselves who comes in; any other below them is answered by `nowhere`."""
    patterns, *names = api.urls
    patterns = [*patterns, re_path("", nowhere, name="nowhere")]
    for pattern in patterns:
        pattern.callback = login_not_required(_in_json(cast("View", pattern.callback)))
    return (patterns, *names)


@csrf_exempt
def nowhere(_request: HttpRequest) -> HttpResponse:
    """An address that there is not. Raises Http404, for everybody alike."""
    raise Http404


def _in_json(view: View) -> View:
    """The view, whose 404 and 405 are told as everything else is, and not as pages."""

    @wraps(view)
    def told(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        try:
            answer = view(request, *arguments, **named)
        except Http404 as error:
            return not_found(request, error)
        return (
            answer if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED else _other_method(answer["Allow"])
        )

    return told


def _other_method(allowed: str) -> HttpResponse:
    answer = _answer(405, f"This address takes {allowed} alone.")
    answer["Allow"] = allowed
    return answer


def _answer(status: int, detail: str, **more: Any) -> HttpResponse:
    body = json.dumps({"detail": detail} | more, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json")


@api.exception_handler(AuthenticationError)
def unknown(_request: HttpRequest, _error: Exception) -> HttpResponse:
    answer = _answer(401, "Send a good token: Authorization: Bearer est_… (make one on your page).")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(TooManyRequests)
def too_often(_request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    answer = _answer(429, f"That was too often. Try again in {error.wait} seconds.")
    answer["Retry-After"] = str(error.wait)
    return answer


@api.exception_handler(Http404)
def not_found(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(404, "There is nothing here, or nothing for you.")


@api.exception_handler(PermissionDenied)
def denied(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(403, "Your role in this group does not allow that. A facilitator can do it.")


@api.exception_handler(RequestDataTooBig)
def too_big(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(413, f"Send at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes at a time.")


@api.exception_handler(backlog.GroupArchived)
def archived(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(409, "This group is archived. Nothing was changed.")


@api.exception_handler(backlog.EditedMeanwhile)
def edited(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(
        409, "Somebody has edited this issue since you read it. Read it again; nothing was changed."
    )


@api.exception_handler(backlog.VoteOpen)
def voted_on(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(409, "This issue is being voted on. Reveal or stop the vote before you archive it.")


@api.exception_handler(Refused)
def refused(_request: HttpRequest, refusal: Refused) -> HttpResponse:
    return _answer(422, refusal.sentence, errors=refusal.errors)


@api.exception_handler(ValidationError)
def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What is not even of the right shape: the first complaint, in words."""
    first = error.errors[0]
    place = ".".join(str(part) for part in first["loc"][1:] if part != "body")
    return _answer(422, f"{place}: {first['msg']}." if place else f"{first['msg']}.", errors=[])


@api.exception_handler(HttpError)
def other(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(error.status_code, str(error))
