"""Rounds of a group, by the API: read only, and sealed as everywhere."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router

from groups.access import Permission, access
from issues import ballots
from issues.api.paging import PageNumber, PageSize, paged
from issues.api.schemas import READ, RoundOut, Rounds
from issues.ballots import Ballot
from issues.models import Round
from issues.statistics import summarise
from users.requests import signed_in_user

router = Router(tags=["rounds"])


@router.get("/{int:group_id}/rounds", response={200: Rounds} | READ, summary="The rounds of a group")
def round_list(
    request: HttpRequest,
    group_id: int,
    issue: int | None = None,
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> dict[str, Any]:
    """In their order; with an issue, those of this one alone."""
    found = access(signed_in_user(request), group_id, Permission.VIEW)
    rows = Round.objects.filter(group=found.group).in_order().with_transitions()
    if issue is not None:
        rows = rows.filter(issue__pk=issue)
    return paged(rows, page, page_size, _told)


@router.get("/{int:group_id}/rounds/{int:round_id}", response={200: RoundOut} | READ, summary="One round")
def round_detail(request: HttpRequest, group_id: int, round_id: int) -> dict[str, Any]:
    found = access(signed_in_user(request), group_id, Permission.VIEW)
    rows = Round.objects.filter(group=found.group).with_transitions()
    return _told([get_object_or_404(rows, pk=round_id)])[0]


def _told(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    voted = ballots.voters_of(rounds)
    cast = ballots.revealed_of(round_ for round_ in rounds if not round_.is_sealed)
    return [_round(round_, len(voted[round_.pk]), cast.get(round_.pk)) for round_ in rounds]


def _round(round_: Round, voted: int, cast: Sequence[Ballot] | None) -> dict[str, Any]:
    """`cast` is None where the votes are sealed."""
    fields = ("state", "at", "votes", "voters")
    lines = [
        {name: getattr(line, name) for name in fields} | {"by": line.name}
        for line in round_.transitions.all()
    ]
    return {
        "id": round_.pk,
        "issue": round_.issue_id,
        "state": round_.state,
        "deck": [card.label for card in round_.cards],
        "opened_at": round_.opened_at,
        "deadline": round_.deadline,
        "voted": voted,
        "estimate": round_.estimate,
        "steps": lines,
        "votes": None
        if cast is None
        else [{"name": vote.name, "card": vote.card, "reason": vote.reason} for vote in cast],
        "statistics": None if cast is None else _figures(round_, cast),
    }


def _figures(round_: Round, cast: Sequence[Ballot]) -> dict[str, Any]:
    found = summarise(round_.cards, [(vote.name, vote.card) for vote in cast])
    return {
        "average": _number(found.average),
        "median": _number(found.median),
        "agreement": found.agreement,
        "suggested": found.suggested.label if found.suggested else None,
        "outliers": list(found.outliers),
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
