"""The page on which a group votes in its own time, and sees what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from groups.access import Access, Permission, group_view
from groups.decks import Deck
from issues import agenda, ballots, rounds, table
from issues.agenda import Agenda
from issues.ballots import Ballot
from issues.models import Round
from issues.room_parts import Progress
from issues.round_forms import DeadlineForm

BREAK = "☕"  # of no use to whoever votes alone


@dataclass(frozen=True)
class Open:
    """An open round, as somebody sees it, with the own vote and reason."""

    round: Round
    mine: Ballot | None
    reason: str
    progress: Progress

    @property
    def cards(self) -> Deck:
        """Those that can be played."""
        return tuple(card for card in self.round.cards if card.label != BREAK)


@require_safe
@group_view(Permission.VIEW)
def async_page(request: HttpRequest, access: Access) -> HttpResponse:
    return render_async(request, access)


def render_async(request: HttpRequest, access: Access, problem: str = "", status: int = 200) -> HttpResponse:
    """The page as it is now; with a problem, why something was not done."""
    found = _looked_at(access)
    opened = _open(access, found, request.POST)
    context = {
        "access": access,
        "group": access.group,
        "may_change": access.may_facilitate and not access.group.is_archived,
        "may_vote": access.may_vote and access.membership is not None and not access.group.is_archived,
        "agenda": found,
        "open": opened,
        "voted": sum(1 for row in opened if row.mine),
        "deadline_form": DeadlineForm(),
        "problem": problem,
    }
    return render(request, "issues/async.html", context, status=status)


def _looked_at(access: Access) -> Agenda:
    """The agenda as it is now. What waited for its deadline happens."""
    found = agenda.of(access.group, described=True)
    if found.deadline is None or found.deadline > timezone.now() or access.group.is_archived:
        return found
    rounds.touch(access.group)
    return agenda.of(access.group, described=True)


def _open(access: Access, found: Agenda, typed: QueryDict) -> list[Open]:
    """The open rounds; where a vote was not saved, with the reason that was typed."""
    if not found.open:
        return []
    mine = ballots.own_of(found.open, access.user)
    voted = ballots.voters_of(found.open)
    names = dict(table.voting_seats(access.group.pk).values_list("user", "nickname"))
    shown = []
    for round_ in found.open:
        own = mine.get(round_.pk)
        reason = (
            typed.get("reason", "") if typed.get("round") == str(round_.pk) else own.reason if own else ""
        )
        shown.append(Open(round_, own, reason, _progress(round_, voted[round_.pk], names)))
    return shown


def _progress(round_: Round, voted: frozenset[int], names: Mapping[int, str]) -> Progress:
    missing = [name for user, name in names.items() if user not in voted]
    return Progress.of(round_.group_id, round_.pk, len(voted), missing)
