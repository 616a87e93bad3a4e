"""The room: its page, and its state for pages that no stream reaches."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from groups.access import Access, Permission, group_view
from issues import ballots, invite_codes, room_parts, rounds, snapshots, table, tickets
from issues.frames import Frames, Have
from issues.models import Room, Round
from issues.room_parts import Audience
from issues.snapshots import RoomSnapshot

REFRESH = 5  # seconds, of a page without scripts that holds nothing typed


@group_view(Permission.VIEW)
def room(request: HttpRequest, access: Access) -> HttpResponse:
    return render_room(request, access)


def render_room(
    request: HttpRequest, access: Access, problem: str = "", status: int = 200, reason: str | None = None
) -> HttpResponse:
    """The page of the room as it is now; with a problem, why something was not done, and what was typed."""
    seat = access.membership
    snapshot = _looked_at(access)
    audience = _audience(access, snapshot)
    context: dict[str, Any] = {
        "here": reverse("issues:room", args=[access.group.pk]),
        "access": access,
        "group": access.group,
        "seat": seat,
        "snapshot": snapshot,
        "problem": problem,
        **{name: getattr(room_parts, name)(snapshot, audience) for name in ("stage", "progress", "backlog")},
        "chairs": room_parts.chairs(snapshot, audience.language),
        "have": _have(snapshot, audience),
        **_own_hand(access, snapshot, audience, reason),
        **_invitation(request, access, snapshot),
    }
    response = render(request, "issues/room.html", context, status=status)
    _admit(request, response, access, audience)
    return response


@require_GET
@group_view(Permission.VIEW)
def room_state(request: HttpRequest, access: Access) -> HttpResponse:
    """The same as a frame of the feed, for a page that polls; `have` are the keys of what it shows."""
    snapshot = _looked_at(access)
    audience = _audience(access, snapshot)
    frames = Frames(snapshot)
    etag = f'"{frames.digest(audience)}"'
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        have = Have.read(request.GET.get("have", ""))
        response = HttpResponse(frames.frame(audience, have), content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache, private"
    _admit(request, response, access, audience)
    return response


@require_GET
@group_view(Permission.VIEW)
def room_feed(_request: HttpRequest, _access: Access) -> HttpResponse:
    """Where no ASGI server takes this address before the pages, there are no streams: pages poll instead."""
    return HttpResponse(status=404)


@require_GET
@group_view(Permission.VIEW)
def own_vote(request: HttpRequest, access: Access) -> HttpResponse:
    """My card and reason in the round on the table, for my other screens."""
    room = Room.objects.select_related("round").filter(pk=access.group.pk).first()
    mine = ballots.own(room.round, access.user) if room and room.round else None
    told = {"round": room.round_id if room else None, "card": "", "reason": ""}
    if mine is not None:
        told |= {"card": mine.card, "reason": mine.reason}
    response = JsonResponse(told)
    response["Cache-Control"] = "no-store"
    return response


def _looked_at(access: Access) -> RoomSnapshot:
    """The room as it is now. Whoever looks at it is there, and what waited for the time to pass happens."""
    snapshot = _snapshot(access)
    if access.group.is_archived:
        return snapshot
    if access.membership is not None and access.user.pk in snapshot.unnoted:
        table.see(access.membership)
        snapshot = _snapshot(access)
    if snapshot.wants_a_reveal:
        rounds.touch(access.group)
        snapshot = _snapshot(access)
    return snapshot


def _snapshot(access: Access) -> RoomSnapshot:
    snapshot = snapshots.take(access.group.pk)
    assert snapshot is not None  # noqa: S101 (the gate has just seen the group)
    return snapshot


def _audience(access: Access, snapshot: RoomSnapshot) -> Audience:
    return Audience.of(snapshot, access.user.pk, get_language() or "en")


def _have(snapshot: RoomSnapshot, audience: Audience) -> str:
    return Frames(snapshot).keys(audience).written


def _own_hand(
    access: Access, snapshot: RoomSnapshot, audience: Audience, reason: str | None
) -> dict[str, Any]:
    """The deck with one's own card in it, and how soon a page without scripts looks again."""
    deck = room_parts.deck(snapshot, audience)
    if not deck.html:
        return {"deck": deck, "refresh": REFRESH}
    assert snapshot.round is not None  # noqa: S101 (there is a deck)
    mine = ballots.own(Round(pk=snapshot.round.pk), access.user)
    typed = mine.reason if mine and reason is None else reason or ""
    hand = {
        "shown": (snapshot.group_id, snapshot.round),
        "audience": audience,
        "mine": {"card": mine.card if mine else "", "reason": typed},
    }
    return {"deck": deck, "hand": hand, "refresh": REFRESH if mine or not audience.votes else None}


def _invitation(request: HttpRequest, access: Access, snapshot: RoomSnapshot) -> dict[str, Any]:
    """The link and the code for the rest of the team, for whoever is alone in the room."""
    alone = len(snapshot.seats) < 2
    if not alone or not access.may_facilitate or access.group.is_archived:
        return {"alone": alone}
    url = request.build_absolute_uri(reverse("groups:invite-join", args=[access.group.invite_token]))
    return {"alone": alone, "invite_url": url, "invite_code": invite_codes.svg(url)}


def _admit(request: HttpRequest, response: HttpResponse, access: Access, audience: Audience) -> None:
    ticket = tickets.Ticket(access.group.pk, access.user.pk, audience.language)
    tickets.issue(request, response, ticket, reverse("issues:room-feed", args=[access.group.pk]))
