"""How what is sent from a page of the room is answered.

A page with scripts asks for JSON and hears at once whether it is saved; a form is led back to the page that it names.
What can't be done any more is answered with 409, one sentence, and that page as it is now.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_POST

from groups.access import Access, Permission, group_view
from issues import async_rounds, rounds
from issues.views.async_page import render_async
from issues.views.room import render_room
from users.rate_limits import RateLimit, TooManyRequests

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REFUSALS: dict[type[Exception], tuple[int, "StrOrPromise"]] = {
    TooManyRequests: (
        429,
        gettext_lazy(
            "That was too often within a minute, so it is not saved. Wait a little, then send it again."
        ),
    ),
    rounds.RoundOver: (409, gettext_lazy("That vote is over. This is how things are now.")),
    rounds.RoundOpen: (409, gettext_lazy("A vote is open already. Reveal or stop it first.")),
    rounds.IssueVotedOn: (409, gettext_lazy("This issue is being voted on already. End that vote first.")),
    rounds.IssueArchived: (409, gettext_lazy("This issue is archived. Bring it back to vote on it.")),
    rounds.NobodyVoted: (409, gettext_lazy("Nobody has voted yet, so there is nothing to reveal.")),
    rounds.NotVoted: (409, gettext_lazy("Choose a card first; the reason goes with it.")),
    rounds.SomebodyFacilitates: (409, gettext_lazy("A facilitator is here. Nothing was changed.")),
    rounds.NotAtTheTable: (403, gettext_lazy("You observe here, so you have no vote.")),
    async_rounds.TooMany: (
        409,
        ngettext_lazy(
            "At most %d issue may be open for votes at a time. Choose fewer, or end some first.",
            "At most %d issues may be open for votes at a time. Choose fewer, or end some first.",
            async_rounds.MAX_OPEN,
        )
        % async_rounds.MAX_OPEN,
    ),
    async_rounds.NoSuchDeadline: (400, gettext_lazy("Choose one of the times.")),
    rounds.NoSuchCard: (400, gettext_lazy("There is no such card in this deck. Choose one of these.")),
}
# By person: ten times what the quickest of teams needs.
CHANGES = RateLimit("room", "120/minute")
Answer = Callable[..., HttpResponse | None]


def room_view(permission: Permission) -> Callable[[Answer], Callable[..., Any]]:
    """Decorates what changes a room, by POST: it returns None when done, and may raise one of REFUSALS."""

    def decorate(view: Answer) -> Callable[..., Any]:
        @require_POST
        @group_view(permission)
        @wraps(view)
        def answered(request: HttpRequest, access: Access, **kwargs: Any) -> HttpResponse:
            if access.group.is_archived:
                return refused(request, access, 409, _("This group is archived. Nothing was changed."))
            try:
                CHANGES.take(access.user.pk)
                answer = view(request, access, **kwargs)
            except tuple(REFUSALS) as refusal:
                status, sentence = REFUSALS[type(refusal)]
                return refused(request, access, status, sentence)
            return answer or done(
                request, access, f"#round-{kwargs['round_id']}" if "round_id" in kwargs else ""
            )

        return answered

    return decorate


def done(request: HttpRequest, access: Access, anchor: str = "") -> HttpResponse:
    """It is saved; a form is led to this place of its page."""
    if wants_json(request):
        return JsonResponse({"saved": True})
    page = HttpResponseRedirect(f"{page_of(request, access)}{anchor}")
    page.status_code = HTTPStatus.SEE_OTHER
    return page


def refused(request: HttpRequest, access: Access, status: int, sentence: "StrOrPromise") -> HttpResponse:
    """It is not: why, with what was typed."""
    if wants_json(request):
        return JsonResponse({"saved": False, "problem": str(sentence)}, status=status)
    if _is_async(request):
        return render_async(request, access, str(sentence), status)
    return render_room(request, access, str(sentence), status, request.POST.get("reason"))


def page_of(request: HttpRequest, access: Access) -> str:
    """The address of the page from which something was sent."""
    name = "issues:async" if _is_async(request) else "issues:room"
    return reverse(name, args=[access.group.pk])


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, and not a form."""
    return request.headers.get("Accept", "").startswith("application/json")


def _is_async(request: HttpRequest) -> bool:
    return request.POST.get("page") == "async"
