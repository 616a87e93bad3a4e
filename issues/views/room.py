"""The room: its page, and its state for pages that no stream reaches."""

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from groups.access import Access, Permission, group_view
from issues import ballots, remembered, room_page, room_parts, rounds, table, tickets
from issues.ballots import Ballot
from issues.frames import PARTS, Frames, Have
from issues.models import Room, Round
from issues.room_page import Heading, Page
from issues.room_parts import Audience
from issues.snapshots import RoomSnapshot

ROOM = "group__room"  # for its version, in the query of the gate
REFRESH = 5  # seconds, of a page without scripts that holds nothing typed


@group_view(Permission.VIEW, ROOM)
def room(request: HttpRequest, access: Access) -> HttpResponse:
    return render_room(request, access)


def render_room(
    request: HttpRequest, access: Access, problem: str = "", status: int = 200, reason: str | None = None
) -> HttpResponse:
    """The page of the room as it is now; with a problem, why something was not done, and what was typed."""
    frames = _looked_at(access)
    audience = _audience(access, frames.snapshot)
    mine = _own_ballot(access, frames.snapshot)
    typed = mine.reason if mine and reason is None else reason or ""
    hand = room_parts.hand(frames.snapshot, audience, mine.card if mine else "", typed)
    page = Page(
        language=audience.language,
        group=Heading(access.group.pk, str(access.group), access.group.is_archived),
        is_owner=access.is_owner,
        may_administer=access.may_administer,
        is_guest=access.user.is_guest,
        is_seated=access.membership is not None,
        **_invitation(request, access, frames.snapshot),
        problem=problem,
        # Without scripts, whoever may be typing is not disturbed.
        refresh=None if hand and audience.votes and not mine else REFRESH,
    )
    html = room_page.render(page, _filling(request, access, frames, audience, hand), get_messages(request))
    response = HttpResponse(html, status=status)
    _admit(request, response, access, audience)
    return response


def _filling(
    request: HttpRequest, access: Access, frames: Frames, audience: Audience, hand: str
) -> dict[str, bytes]:
    """The HTML for each gap of the page."""
    seat = access.membership
    parts = {name: part.html for name, part in zip(PARTS, frames.parts(audience), strict=True)}
    filling = parts | {
        "csrf_token": get_token(request),
        "nickname": escape(access.user.nickname),
        "seat": str(seat.pk) if seat else "",
        "seat_nickname": escape(seat.nickname) if seat else "",
        "version": str(frames.snapshot.version),
        "have": frames.keys(audience).written,
        "hand": hand,
    }
    chairs = {"chairs": frames.chairs(audience.language)}
    return {name: html.encode() for name, html in filling.items()} | chairs


@require_GET
@group_view(Permission.VIEW, ROOM)
def room_state(request: HttpRequest, access: Access) -> HttpResponse:
    """The same as a frame of the feed, for a page that polls; `have` are the keys of what it shows."""
    frames = _looked_at(access)
    audience = _audience(access, frames.snapshot)
    etag = f'"{frames.digest(audience)}"'
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        have = Have.read(request.GET.get("have", ""))
        response = HttpResponse(frames.frame(audience, have), content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = "no-store"
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


def _looked_at(access: Access) -> Frames:
    """The room as it is now. Whoever looks at it is there, and what waited for the time to pass happens."""
    frames = _there(remembered.frames(access.group.pk, _version(access)))
    if access.group.is_archived:
        return frames
    if access.membership is not None and access.user.pk in frames.snapshot.unnoted:
        table.see(access.membership)
        frames = remembered.seen(frames, access.user.pk)
    if frames.snapshot.wants_a_reveal:
        rounds.touch(access.group)
        frames = _there(remembered.read(access.group.pk))
    return frames


def _version(access: Access) -> int:
    try:
        return access.group.room.version
    except Room.DoesNotExist:
        return 0  # nothing has happened in it yet


def _there(frames: Frames | None) -> Frames:
    assert frames is not None  # noqa: S101 (the gate has just seen the group) # nosec B101
    return frames


def _audience(access: Access, snapshot: RoomSnapshot) -> Audience:
    return Audience.of(snapshot, access.user.pk, get_language() or "en")


def _own_ballot(access: Access, snapshot: RoomSnapshot) -> Ballot | None:
    if snapshot.round is None or not snapshot.round.is_open or access.user.pk not in snapshot.voted:
        return None
    return ballots.own(Round(pk=snapshot.round.pk), access.user)


def _invitation(request: HttpRequest, access: Access, snapshot: RoomSnapshot) -> dict[str, Any]:
    """The link and the code for the rest of the team, for whoever is alone in the room."""
    is_alone = len(snapshot.seats) < 2
    if not is_alone or not access.may_facilitate or access.group.is_archived:
        return {"is_alone": is_alone}
    link = reverse("groups:invite-join", args=[access.group.invite_token])
    return {"is_alone": is_alone, "invite_url": request.build_absolute_uri(link)}


def _admit(request: HttpRequest, response: HttpResponse, access: Access, audience: Audience) -> None:
    ticket = tickets.of(request, access.group.pk, access.user, audience.language)
    path = reverse("issues:room-feed", args=[access.group.pk])
    tickets.issue(response, ticket, path, secure=request.is_secure())
