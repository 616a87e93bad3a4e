"""The issues of a group: the list, one of them, and what facilitators do with them."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from groups.access import Access, Permission, group_view
from groups.pagination import page_of
from issues import backlog, history, listings
from issues.forms import EditForm, IssueForm, MoveForm, PasteForm, SearchForm
from issues.listings import Listing
from issues.models import Issue
from users.submissions import once

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REFUSALS: dict[type[Exception], "StrOrPromise"] = {
    backlog.GroupArchived: gettext_lazy("This group is archived. Nothing was changed."),
    backlog.VoteOpen: gettext_lazy(
        "This issue is being voted on. Reveal or stop the vote before you archive it."
    ),
}

Answer = Callable[..., HttpResponse]


@require_safe
@group_view(Permission.VIEW)
def issue_list(request: HttpRequest, access: Access) -> HttpResponse:
    """A tab of the list; `show` says which, `q` what is searched for."""
    search = SearchForm(request.GET if "q" in request.GET else None)
    listing = Listing.asked_for(access.group, request.GET, search.text)
    page = page_of(request, listing.rows.defer("description").with_estimator())
    tally = listings.tally(listing.found)
    context = _context(access) | {
        "search": search,
        "listing": listing,
        "tally": tally,
        "tabs": [(tab, tally.counts[tab.show]) for tab in listing.tabs()],
        "is_empty": tally.is_empty and not listing.text,
        "issues": page,
        "before_page": listing.before_page(page.number),
    }
    return render(request, "issues/issue_list.html", context)


@group_view(Permission.FACILITATE)
def issue_add(request: HttpRequest, access: Access) -> HttpResponse:
    form = IssueForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            number = once(request, lambda _user: backlog.add(access.group, [form.entry])[0].pk)
        except backlog.GroupArchived as refusal:
            form.add_error(None, REFUSALS[type(refusal)])
        else:
            issue = get_object_or_404(access.group.issues, pk=number)
            messages.success(request, _("“%(issue)s” is added.") % {"issue": issue})
            if request.POST.get("then") == "another":
                return redirect("issues:issue-add", access.group.pk)
            return redirect(f"{Listing(access.group).page_of(issue).url}#issue-{number}")
    return render(request, "issues/issue_add.html", _context(access) | {"form": form})


@group_view(Permission.FACILITATE)
def issue_paste(request: HttpRequest, access: Access) -> HttpResponse:
    """A list, a line each; with `preview` it is only shown what they would become."""
    form = PasteForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and "preview" not in request.POST:
        try:
            number = once(request, lambda _user: len(backlog.add(access.group, form.entries)))
        except backlog.GroupArchived as refusal:
            form.add_error(None, REFUSALS[type(refusal)])
        else:
            said = ngettext("%(number)d issue is added.", "%(number)d issues are added.", number)
            messages.success(request, said % {"number": number})
            return redirect("issues:issue-list", access.group.pk)
    return render(request, "issues/issue_paste.html", _context(access) | {"form": form})


@require_safe
@group_view(Permission.VIEW)
def issue_detail(request: HttpRequest, access: Access, issue_id: int) -> HttpResponse:
    issue = get_object_or_404(access.group.issues.with_estimator(), pk=issue_id)
    told = {"issue": issue, "history": history.of_issue(issue)}
    return render(request, "issues/issue_detail.html", _context(access) | told)


@group_view(Permission.FACILITATE)
def issue_edit(request: HttpRequest, access: Access, issue_id: int) -> HttpResponse:
    issue = get_object_or_404(access.group.issues, pk=issue_id)
    form = EditForm(request.POST) if request.method == "POST" else EditForm.showing(issue)
    if form.is_valid():
        try:
            backlog.edit(issue, form.entry, form.cleaned_data["edition"])
        except backlog.EditedMeanwhile:
            form.show_conflict(issue)
        except backlog.GroupArchived as refusal:
            form.add_error(None, REFUSALS[type(refusal)])
        else:
            messages.success(request, _("The issue is saved."))
            return redirect("issues:issue-detail", access.group.pk, issue.pk)
    return render(request, "issues/issue_edit.html", _context(access) | {"form": form, "issue": issue})


# --- What a button does. It leads back to where it stands: to the tab that its form names, or to the issue.


def issue_button(view: Answer) -> Callable[..., Any]:
    """Decorates what a button does to an issue: `(request, access, issue)`, and it may raise one of REFUSALS."""

    @require_POST
    @group_view(Permission.FACILITATE)
    @wraps(view)
    def answered(request: HttpRequest, access: Access, issue_id: int) -> HttpResponse:
        issue = get_object_or_404(access.group.issues, pk=issue_id)
        try:
            return view(request, access, issue)
        except tuple(REFUSALS) as refusal:
            return _refused(request, issue, HTTPStatus.CONFLICT, REFUSALS[type(refusal)])

    return answered


@issue_button
def issue_archive(request: HttpRequest, _access: Access, issue: Issue) -> HttpResponse:
    backlog.archive(issue)
    messages.success(request, _("“%(issue)s” is archived. Nothing of it is lost.") % {"issue": issue})
    return _back(request, issue)


@issue_button
def issue_restore(request: HttpRequest, _access: Access, issue: Issue) -> HttpResponse:
    backlog.restore(issue)
    messages.success(request, _("“%(issue)s” is back in the list.") % {"issue": issue})
    return _back(request, issue)


@issue_button
def issue_clear_estimate(request: HttpRequest, _access: Access, issue: Issue) -> HttpResponse:
    backlog.clear_estimate(issue)
    messages.success(request, _("“%(issue)s” waits for an estimate again.") % {"issue": issue})
    return _back(request, issue)


@issue_button
def issue_move(request: HttpRequest, access: Access, issue: Issue) -> HttpResponse:
    """Up or down in the tab that the form names, or behind the issue whose number is `after`; 0 is the front."""
    form = MoveForm(request.POST)
    if not form.is_valid() or issue.is_archived:
        return _refused(request, issue, HTTPStatus.BAD_REQUEST, _("Nothing was moved. Please try it again."))
    direction, after = form.cleaned_data["direction"], form.cleaned_data["after"]
    listing = _listing(request, issue)
    if direction:
        step = backlog.move_up if direction == "up" else backlog.move_down
        step(issue, listing.rows)
        listing = listing.page_of(issue)  # another one, over the edge of a page
    else:
        backlog.move_after(
            issue, get_object_or_404(access.group.issues.active(), pk=after) if after else None
        )
    if _wants_json(request):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return _back(request, issue, listing, f"#{direction}-{issue.pk}" if direction else f"#issue-{issue.pk}")


def _refused(
    request: HttpRequest, issue: Issue, status: HTTPStatus, sentence: "StrOrPromise"
) -> HttpResponse:
    if _wants_json(request):
        return HttpResponse(str(sentence), status=status, content_type="text/plain; charset=utf-8")
    messages.error(request, str(sentence))
    return _back(request, issue)


def _back(
    request: HttpRequest, issue: Issue, listing: Listing | None = None, anchor: str = ""
) -> HttpResponse:
    """To where the form was: the page of the list, or the issue's own."""
    if "show" in request.POST:
        return redirect(f"{(listing or _listing(request, issue)).url}{anchor}")
    return redirect("issues:issue-detail", issue.group_id, issue.pk)


def _listing(request: HttpRequest, issue: Issue) -> Listing:
    return Listing.asked_for(issue.group, request.POST, SearchForm(request.POST).text)


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _context(access: Access) -> dict[str, Any]:
    return {
        "access": access,
        "group": access.group,
        "may_change": access.may_facilitate and not access.group.is_archived,
    }
