"""How programs use the site: the page about the API, made of its OpenAPI document."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues.api.application import api


@require_safe
@login_not_required
def api_page(request: HttpRequest) -> HttpResponse:
    document = api.get_openapi_schema()
    context = {"operations": _operations(document), "base": request.build_absolute_uri("/api/v1")}
    return render(request, "issues/api.html", context)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each method of each path, with what it takes beside its path and its body."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": told["summary"],
            "description": told.get("description", ""),
            "parameters": [
                parameter for parameter in told.get("parameters", []) if parameter["in"] == "query"
            ],
        }
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
