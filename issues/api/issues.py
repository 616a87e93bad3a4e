"""Issues of a group, by the API: read, added, changed, archived and brought back."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from groups.access import Access, Permission, access
from issues import backlog, exports
from issues.api import refusals
from issues.api.paging import PageNumber, PageSize, paged
from issues.api.schemas import CHANGED, READ, WRITTEN, IssueChanges, IssueOut, Issues, IssuesIn
from issues.forms import EditForm, IssueForm, SearchForm
from issues.listings import Listing, Show
from issues.models import Issue
from users.requests import signed_in_user

router = Router(tags=["issues"])


@router.get("/{int:group_id}/issues", response={200: Issues} | READ, summary="The issues of a group")
def issue_list(
    request: HttpRequest,
    group_id: int,
    show: Show = Show.ALL,
    q: str = "",
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> dict[str, Any]:
    """Those of a tab of its page, in their order; q: words that each has in key, title or sprint."""
    found = access(signed_in_user(request), group_id, Permission.VIEW)
    search = SearchForm({"q": q})
    refusals.check([search])
    rows = exports.with_columns(Listing(found.group, show, search.text).rows)
    return paged(rows, page, page_size, lambda issues: [_issue(issue) for issue in issues])


@router.post("/{int:group_id}/issues", response={201: list[IssueOut]} | WRITTEN, summary="Add issues")
def issue_add(request: HttpRequest, group_id: int, new: IssuesIn) -> Status[list[dict[str, Any]]]:
    """At the end of the list, in the order given: all of them, or none where something is wrong."""
    found = access(signed_in_user(request), group_id, Permission.FACILITATE)
    forms = [IssueForm(issue.model_dump()) for issue in new.issues]
    refusals.check(forms)
    numbers = [issue.pk for issue in backlog.add(found.group, [form.entry for form in forms])]
    added = exports.with_columns(found.group.issues.filter(pk__in=numbers).in_order())
    return Status(201, [_issue(issue) for issue in added])


@router.get("/{int:group_id}/issues/{int:issue_id}", response={200: IssueOut} | READ, summary="One issue")
def issue_detail(request: HttpRequest, group_id: int, issue_id: int) -> dict[str, Any]:
    return _told(access(signed_in_user(request), group_id, Permission.VIEW), issue_id)


@router.patch(
    "/{int:group_id}/issues/{int:issue_id}", response={200: IssueOut} | WRITTEN, summary="Change an issue"
)
def issue_edit(request: HttpRequest, group_id: int, issue_id: int, changes: IssueChanges) -> dict[str, Any]:
    """What it says. Its place, its estimate and its rounds stay."""
    found = access(signed_in_user(request), group_id, Permission.FACILITATE)
    issue = get_object_or_404(found.group.issues, pk=issue_id)
    said = {name: getattr(issue, name) for name in IssueForm.base_fields}
    form = EditForm(said | changes.model_dump(exclude_none=True))
    refusals.check([form])
    # Without an edition of the caller's, that of what was just read: what is left out must not undo anybody's edit.
    backlog.edit(issue, form.entry, changes.edition or issue.edition)
    return _told(found, issue_id)


@router.post(
    "/{int:group_id}/issues/{int:issue_id}/archive",
    response={200: IssueOut} | CHANGED,
    summary="Put an issue away",
)
def issue_archive(request: HttpRequest, group_id: int, issue_id: int) -> dict[str, Any]:
    found = access(signed_in_user(request), group_id, Permission.FACILITATE)
    backlog.archive(get_object_or_404(found.group.issues, pk=issue_id))
    return _told(found, issue_id)


@router.post(
    "/{int:group_id}/issues/{int:issue_id}/restore",
    response={200: IssueOut} | CHANGED,
    summary="Bring it back",
)
def issue_restore(request: HttpRequest, group_id: int, issue_id: int) -> dict[str, Any]:
    found = access(signed_in_user(request), group_id, Permission.FACILITATE)
    backlog.restore(get_object_or_404(found.group.issues, pk=issue_id))
    return _told(found, issue_id)


def _told(found: Access, issue_id: int) -> dict[str, Any]:
    return _issue(get_object_or_404(exports.with_columns(found.group.issues.all()), pk=issue_id))


def _issue(issue: Issue) -> dict[str, Any]:
    return exports.record(issue) | {"edition": issue.edition}
