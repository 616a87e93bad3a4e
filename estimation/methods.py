"""HTTP methods: those that something here answers, and no others."""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from issues import api

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PATCH")


def refuse_others(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """TRACE and whatever else somebody sends gets 405, in one sentence, and reaches no page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request) if request.method in METHODS else _refusal(request)

    return middleware


def _refusal(request: HttpRequest) -> HttpResponseNotAllowed:
    sentence = f"This site takes {', '.join(METHODS)} alone."
    if request.path.startswith(api.ADDRESS):
        return HttpResponseNotAllowed(
            METHODS, json.dumps({"detail": sentence}), content_type="application/json"
        )
    return HttpResponseNotAllowed(METHODS, f"{sentence}\n", content_type="text/plain; charset=utf-8")
