"""Long lists in pages."""

from collections.abc import Callable
from typing import Annotated, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from ninja import Query

from issues.api.schemas import MAX_PAGE

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="From 1")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows of a page")]


def paged(
    rows: "QuerySet[Any]", page: int, page_size: int, told: Callable[[list[Any]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """A page of the rows as `told` tells them; an empty one behind the last."""
    paginator = Paginator(rows, page_size)
    found = list(paginator.page(page)) if page <= paginator.num_pages else []
    return {"count": paginator.count, "page": page, "pages": paginator.num_pages, "items": told(found)}
