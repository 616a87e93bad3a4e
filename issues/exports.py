"""The issues of a group as CSV and as JSON."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.text import slugify

from groups.models import Group
from issues import csv_files
from issues.models import Issue
from issues.models.issue import IssueQuerySet

SHOWN = ("to-estimate", "estimated", "all", "archived")
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
COLUMNS = (
    "key", "title", "url", "sprint", "description", "estimate", "estimate_value", "estimated_by", "estimated_at",
    "rounds", "archived_at", "id",
)  # fmt: skip
# By which Excel knows that a file is UTF-8.
BYTE_ORDER_MARK = "\ufeff"


def chosen(group: Group, show: str) -> IssueQuerySet:
    """The issues of the group that are to be shown, one of SHOWN, in their order. `all` is all but the archived."""
    issues: IssueQuerySet = group.issues.all()
    found = {
        "to-estimate": issues.to_estimate,
        "estimated": issues.estimated,
        "all": issues.active,
        "archived": issues.archived,
    }[show]()
    return found.in_order()


def text(group: Group, file_format: str, show: str = "all") -> str:
    """The file, `csv` or `json`, with a constant number of queries."""
    issues = [record(issue) for issue in with_columns(chosen(group, show))]
    if file_format == "csv":
        return as_csv(issues)
    about = {"id": group.pk, "name": str(group)}
    exported = {"group": about, "show": show, "exported_at": timezone.now().isoformat(), "issues": issues}
    return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"


def filename(group: Group, file_format: str) -> str:
    """A name of plain letters, digits and hyphens, whatever the group is called."""
    return f"{slugify(str(group)) or f'group-{group.pk}'}-issues.{file_format}"


def with_columns(issues: IssueQuerySet) -> IssueQuerySet:
    """Adds what `record` needs beside the issue itself: its rounds, and the name of who estimated in its group."""
    return issues.with_estimator().annotate(round_count=Count("rounds"))


def record(issue: Issue) -> dict[str, Any]:
    """An issue of `with_columns` by COLUMNS, as JSON tells it: null where there is no number or time."""
    row: Any = issue
    return {
        "key": row.key,
        "title": row.title,
        "url": row.url,
        "sprint": row.sprint,
        "description": row.description,
        "estimate": row.estimate,
        "estimate_value": _number(row.estimate_value),
        "estimated_by": row.estimated_by_name,
        "estimated_at": _time(row.estimated_at),
        "rounds": row.round_count,
        "archived_at": _time(row.archived_at),
        "id": row.pk,
    }


def as_csv(records: Sequence[dict[str, Any]]) -> str:
    rows = [["" if one[name] is None else str(one[name]) for name in COLUMNS] for one in records]
    return BYTE_ORDER_MARK + csv_files.written(COLUMNS, rows)


def _number(value: Decimal | None) -> int | float | None:
    """Exact: there are at most two decimals and six digits before them."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
