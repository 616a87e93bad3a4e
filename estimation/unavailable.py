"""The answer while the site can't do its part: 503, and when to come again."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from issues import api


def unavailable(request: HttpRequest, template: str, detail: str, retry_after: int) -> HttpResponse:
    """Programs get `detail` as JSON, people the page; `retry_after` are seconds.

    The page is rendered without the request, whose session would ask the database.
    """
    is_program = request.path.startswith(api.ADDRESS)
    if is_program or request.headers.get("Accept", "").startswith("application/json"):
        answer: HttpResponse = JsonResponse({"detail": detail})
    else:
        answer = HttpResponse(render_to_string(template))
    answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    answer["Retry-After"] = str(retry_after)
    answer["Cache-Control"] = "no-store"
    return answer
