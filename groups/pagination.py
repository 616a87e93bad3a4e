"""Long lists in pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

ROWS = 50  # a page


def page_of(request: HttpRequest, rows: QuerySet[Any], parameter: str = "page") -> Page[Any]:
    """The page of the rows that the request asks for; the nearest one when there is no such page."""
    return Paginator(rows, ROWS).get_page(request.GET.get(parameter))
