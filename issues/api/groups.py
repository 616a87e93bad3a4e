"""Groups, by the API: read only."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router

from groups import decks
from groups.access import Permission, access
from groups.models import Group, Membership
from issues import listings
from issues.api.paging import PageNumber, PageSize, paged
from issues.api.schemas import READ, REFUSED, GroupDetail, Groups
from issues.listings import Show
from users.requests import signed_in_user

router = Router(tags=["groups"])


@router.get("", response={200: Groups} | REFUSED, summary="Your groups")
def group_list(request: HttpRequest, page: PageNumber = 1, page_size: PageSize = 50) -> dict[str, Any]:
    """Those in which you sit or that you own, archived ones too, the oldest first."""
    user = signed_in_user(request)
    mine = Group.objects.filter(Q(memberships__user=user) | Q(user=user)).distinct().order_by("pk")

    def told(groups: list[Group]) -> list[dict[str, Any]]:
        seats = {seat.group_id: seat for seat in Membership.objects.filter(user=user, group__in=groups)}
        return [_group(group, seats.get(group.pk), is_owner=group.user_id == user.pk) for group in groups]

    return paged(mine, page, page_size, told)


@router.get("/{int:group_id}", response={200: GroupDetail} | READ, summary="One of them")
def group_detail(request: HttpRequest, group_id: int) -> dict[str, Any]:
    """Who is in it, its deck, and how many issues there are."""
    found = access(signed_in_user(request), group_id, Permission.VIEW)
    counts = listings.tally(found.group.issues.all()).counts
    return _group(found.group, found.membership, is_owner=found.is_owner) | {
        "deck": [card.label for card in decks.parse(found.group.deck)],
        "members": list(found.group.memberships.order_by("pk").values("nickname", "role")),
        "to_estimate": counts[Show.TO_ESTIMATE],
        "estimated": counts[Show.ESTIMATED],
    }


def _group(group: Group, seat: Membership | None, *, is_owner: bool) -> dict[str, Any]:
    return {
        "id": group.pk,
        "name": str(group),
        "is_archived": group.is_archived,
        "is_owner": is_owner,
        "role": seat.role if seat else None,
    }
