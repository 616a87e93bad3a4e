"""What is sent from the room: votes, and what facilitators do with rounds.

A page with scripts asks for JSON and hears at once whether it is saved; a form is led back to the room. What can't be
done any more is answered with 409, one sentence, and the room as it is now.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from groups.access import Access, Permission, group_view
from groups.models import Membership
from issues import rounds, table
from issues.models import Issue
from issues.round_forms import SettleForm, TimerForm, VoteForm
from issues.views.room import render_room

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REFUSALS: dict[type[Exception], tuple[int, "StrOrPromise"]] = {
    rounds.RoundOver: (409, gettext_lazy("That vote is over. This is how things are now.")),
    rounds.RoundOpen: (409, gettext_lazy("A vote is open already. Reveal or stop it first.")),
    rounds.IssueArchived: (409, gettext_lazy("This issue is archived. Bring it back to vote on it.")),
    rounds.NobodyVoted: (409, gettext_lazy("Nobody has voted yet, so there is nothing to reveal.")),
    rounds.NotVoted: (409, gettext_lazy("Choose a card first; the reason goes with it.")),
    rounds.SomebodyFacilitates: (409, gettext_lazy("A facilitator is here. Nothing was changed.")),
    rounds.NotAtTheTable: (403, gettext_lazy("You observe here, so you have no vote.")),
    rounds.NoSuchCard: (400, gettext_lazy("There is no such card in this deck. Choose one of these.")),
}
NAMED = 5  # of those whose votes are missing

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
                answer = view(request, access, **kwargs)
            except tuple(REFUSALS) as refusal:
                status, sentence = REFUSALS[type(refusal)]
                return refused(request, access, status, sentence)
            return answer or done(request, access)

        return answered

    return decorate


def done(request: HttpRequest, access: Access) -> HttpResponse:
    """It is saved."""
    if _wants_json(request):
        return JsonResponse({"saved": True})
    room = HttpResponseRedirect(reverse("issues:room", args=[access.group.pk]))
    room.status_code = HTTPStatus.SEE_OTHER
    return room


def refused(request: HttpRequest, access: Access, status: int, sentence: "StrOrPromise") -> HttpResponse:
    """It is not: why, with what was typed."""
    if _wants_json(request):
        return JsonResponse({"saved": False, "problem": str(sentence)}, status=status)
    return render_room(request, access, str(sentence), status, request.POST.get("reason"))


# --- Voters


@room_view(Permission.VOTE)
def round_vote(request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    """Play a card, with a reason or without; or say why one has played the one before."""
    form = VoteForm(request.POST)
    if not form.is_valid():
        return refused(request, access, 400, form.problem)
    card, reason = form.cleaned_data["card"], form.cleaned_data["reason"]
    if card:
        rounds.vote(_seat(access), round_id, card, reason)
    else:
        rounds.give_reason(_seat(access), round_id, reason)
    return None


@room_view(Permission.VOTE)
def round_take_back(_request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    rounds.take_back(_seat(access), round_id)
    return None


@room_view(Permission.VOTE)
def take_over(_request: HttpRequest, access: Access) -> HttpResponse | None:
    """Facilitate, where nobody who does is here."""
    rounds.take_over(_seat(access))
    return None


# --- Facilitators


@room_view(Permission.FACILITATE)
def round_begin(request: HttpRequest, access: Access) -> HttpResponse | None:
    """Vote on the issue whose number is `issue`; on nothing in particular without one."""
    rounds.begin(access.group, access.user, _issue(access, request.POST.get("issue", "")))
    return None


@room_view(Permission.FACILITATE)
def round_reveal(request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    """Turn the cards. Where votes are missing it is asked first, and `early` says yes."""
    try:
        rounds.reveal(access.group, round_id, access.user, early=request.POST.get("early") == "yes")
    except rounds.VotesMissing as votes:
        question = _question(table.names(access.group, votes.missing))
        if _wants_json(request):
            return JsonResponse({"saved": False, "question": question}, status=409)
        context = {"access": access, "group": access.group, "question": question}
        return render(request, "issues/reveal_confirm.html", context, status=409)
    return None


@room_view(Permission.FACILITATE)
def round_settle(request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    """Save an estimate; with `then=next` go on to the next issue."""
    form = SettleForm(request.POST)
    if not form.is_valid():
        return refused(request, access, 400, form.problem)
    rounds.settle(access.group, round_id, form.cleaned_data["estimate"], access.user)
    following = access.group.issues.to_estimate().in_order().first()
    if request.GET.get("then") == "next" and following is not None:
        rounds.begin(access.group, access.user, following)
    return None


@room_view(Permission.FACILITATE)
def round_cancel(_request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    rounds.cancel(access.group, round_id, access.user)
    return None


@room_view(Permission.FACILITATE)
def round_nudge(_request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    rounds.nudge(access.group, round_id)
    return None


@room_view(Permission.FACILITATE)
def round_timer(request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    form = TimerForm(request.POST)
    if not form.is_valid():
        return refused(request, access, 400, _("Choose one of the times."))
    rounds.set_timer(access.group, round_id, form.time)
    return None


@room_view(Permission.FACILITATE)
def room_reveal(request: HttpRequest, access: Access) -> HttpResponse | None:
    """Whether cards turn by themselves."""
    rounds.reveal_by_itself(access.group, on=request.POST.get("by_itself") == "yes")
    return None


def _seat(access: Access) -> Membership:
    if access.membership is None:
        raise rounds.NotAtTheTable  # an owner who does not sit in the group
    return access.membership


def _issue(access: Access, number: str) -> Issue | None:
    """The issue of the group with this number, None for none. Raises Http404."""
    if not number:
        return None
    if not number.isdecimal() or len(number) > 10:
        raise Http404
    return get_object_or_404(access.group.issues.active(), pk=int(number))


def _question(missing: list[str]) -> str:
    named, others = missing[:NAMED], len(missing) - NAMED
    names = ", ".join(named)
    if others > 0:
        return ngettext(
            "%(names)s and %(others)d other have not voted. Reveal all the same?",
            "%(names)s and %(others)d others have not voted. Reveal all the same?",
            others,
        ) % {"names": names, "others": others}
    return ngettext(
        "%(names)s has not voted. Reveal all the same?",
        "%(names)s have not voted. Reveal all the same?",
        len(named),
    ) % {"names": names}


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
