"""What is sent from the room: votes, and what facilitators do with rounds. How it is answered: see `answers`."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from groups.access import Access, Permission
from groups.models import Membership
from issues import backlog, rounds, table
from issues.models import Issue
from issues.round_forms import SettleForm, TimerForm, VoteForm
from issues.views.answers import page_of, refused, room_view, wants_json

NAMED = 5  # of those whose votes are missing

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
        if wants_json(request):
            return JsonResponse({"saved": False, "question": question}, status=409)
        asked_on = {"page": request.POST.get("page", ""), "back": page_of(request, access)}
        context = {"access": access, "group": access.group, "question": question, **asked_on}
        return render(request, "issues/reveal_confirm.html", context, status=409)
    return None


@room_view(Permission.FACILITATE)
def round_settle(request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    """Save an estimate; with `then=next` go on to the next issue."""
    form = SettleForm(request.POST)
    if not form.is_valid():
        return refused(request, access, 400, form.problem)
    rounds.settle(access.group, round_id, form.cleaned_data["estimate"], access.user)
    following = backlog.upcoming(access.group).first()
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
