"""The parts of a room's page that all who see the same get alike: made once, for the page and for the live feed.

A part is rendered from plain values alone, which are the key under which it is remembered: what a part shows can't
change without its key. Nothing in it is about one person; the page adds that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils import translation

from issues.snapshots import Backlog, IssueSnapshot, RoomSnapshot, RoundSnapshot, Seat

REMEMBERED = 256  # renderings of parts, in one process
SEATS_REMEMBERED = 8192
MANY = 24  # seats from which on they are shown small; room.js knows it too
NAMED = 5  # of those whose votes are missing
TIMERS = (1, 2, 3, 5, 10)  # minutes


class Audience(NamedTuple):
    """Those who see the same: by their language, and by what they may do in the room."""

    language: str
    facilitates: bool
    votes: bool

    @classmethod
    def of(cls, snapshot: RoomSnapshot, user_id: int, language: str) -> "Audience":
        """The audience of a user in the room."""
        seat = snapshot.seat_of(user_id)
        owns = user_id == snapshot.owner_id
        return cls(language, owns or (seat is not None and seat.facilitates), seat is not None and seat.votes)


@dataclass(frozen=True)
class Part:
    """A piece of the page. Two of the same key are the same."""

    key: str
    html: str


@dataclass(frozen=True)
class Stage:
    """What is on the table, and what can be done with it."""

    group_id: int
    is_archived: bool
    reveals_by_itself: bool
    round: RoundSnapshot | None
    next_issue: IssueSnapshot | None
    backlog: Backlog
    facilitators: tuple[str, ...]
    is_led: bool
    timers: tuple[int, ...] = TIMERS


@dataclass(frozen=True)
class Progress:
    """How far the votes of a round are, by its number; and a few of those who are waited for.

    Of a thousand names it holds no more than are shown: it is kept with each rendering.
    """

    group_id: int
    round: int
    voted: int
    voters: int
    named: tuple[str, ...]
    unnamed: int  # how many more are waited for

    @classmethod
    def of(cls, group_id: int, round_id: int, voted: int, missing: Sequence[str]) -> "Progress":
        """`missing` are the names of all who could vote and have not."""
        named = nsmallest(NAMED, missing, key=str.casefold)
        return cls(group_id, round_id, voted, voted + len(missing), tuple(named), len(missing) - len(named))


def stage(snapshot: RoomSnapshot, audience: Audience) -> Part:
    """The issue on the table, the result after the reveal, and the facilitators' buttons."""
    shown = Stage(
        snapshot.group_id,
        snapshot.is_archived,
        snapshot.reveals_by_itself,
        snapshot.round,
        snapshot.next_issue,
        Backlog((), snapshot.backlog.to_estimate, snapshot.backlog.estimated),
        snapshot.facilitators[:NAMED],
        snapshot.is_led,
    )
    return _rendered("issues/room_stage.html", audience, shown)


def progress(snapshot: RoomSnapshot, audience: Audience) -> Part:
    """How many have voted and who has not; empty where nothing is voted on."""
    if snapshot.round is None or not snapshot.round.is_open:
        return Part("", "")
    missing = [seat.nickname for seat in snapshot.waiting_for]
    shown = Progress.of(snapshot.group_id, snapshot.round.pk, len(snapshot.voted), missing)
    return _rendered("issues/room_progress.html", audience, shown)


def deck(snapshot: RoomSnapshot, audience: Audience) -> Part:
    """The cards of the open round, none of them chosen; empty where nothing is voted on."""
    if snapshot.round is None or not snapshot.round.is_open or snapshot.is_archived:
        return Part("", "")
    return _rendered("issues/room_deck.html", audience, (snapshot.group_id, snapshot.round))


def hand(snapshot: RoomSnapshot, audience: Audience, card: str, reason: str) -> str:
    """The same with one's own card and reason, "" for none, as HTML: for one person's page."""
    if not deck(snapshot, audience).html:
        return ""
    return _hand((snapshot.group_id, snapshot.round), audience, card, reason)


@lru_cache(maxsize=REMEMBERED)
def _hand(shown: tuple[int, RoundSnapshot | None], audience: Audience, card: str, reason: str) -> str:
    context = {"shown": shown, "audience": audience, "mine": {"card": card, "reason": reason}}
    with translation.override(audience.language):
        return render_to_string("issues/room_deck.html", context)


def backlog(snapshot: RoomSnapshot, audience: Audience) -> Part:
    """The agenda and the next issues, with the facilitators' buttons to take one up."""
    present = snapshot.round
    can_begin = audience.facilitates and not snapshot.is_archived and not (present and present.is_open)
    on_the_table = present.issue.pk if present and present.issue else None
    shown = (snapshot.group_id, snapshot.backlog, can_begin, on_the_table, snapshot.agenda)
    return _rendered("issues/room_backlog.html", audience, shown)


def chair(snapshot: RoomSnapshot, seat: Seat, language: str) -> str:
    """Someone at the table, with what they have done in the round; an item of the list."""
    card = snapshot.cards.get(seat.user_id, "")
    return _chair(seat, state_of(snapshot, seat), card, language, is_away=seat.user_id in snapshot.away)


def seats(items: Sequence[str], language: str) -> str:
    """Everyone at the table: the list of these chairs."""
    with translation.override(language):
        shown = {"items": "".join(items), "are_many": len(items) > MANY}
        return render_to_string("issues/room_seats.html", shown).strip()


@lru_cache(maxsize=SEATS_REMEMBERED)
def _chair(seat: Seat, state: str, card: str, language: str, *, is_away: bool) -> str:
    context = {
        "seat": seat,
        "state": state,
        "card": card,
        "is_away": is_away,
        "html": seat_html(seat, language),
    }
    with translation.override(language):
        return render_to_string("issues/room_chair.html", context)


@lru_cache(maxsize=16)
def seats_key(seats: tuple[Seat, ...]) -> str:
    """The key of a list of seats."""
    return key_of(repr(seats))


def state_of(snapshot: RoomSnapshot, seat: Seat) -> str:
    """What a member has done in the round on the table: none, missing, voted or card."""
    round_ = snapshot.round
    if round_ is not None and not round_.is_open:
        return "card" if seat.user_id in snapshot.cards else "none"
    if round_ is None or not (seat.votes or seat.user_id in snapshot.voted):
        return "none"
    return "voted" if seat.user_id in snapshot.voted else "missing"


@lru_cache(maxsize=SEATS_REMEMBERED)
def seat_html(seat: Seat, language: str) -> str:
    """The name of a member and the marks at it."""
    with translation.override(language):
        return render_to_string("issues/room_seat.html", {"shown": seat}).strip()


@lru_cache(maxsize=REMEMBERED)
def _rendered(template: str, audience: Audience, shown: Any) -> Part:
    with translation.override(audience.language):
        html = render_to_string(template, {"shown": shown, "audience": audience}).strip()
    return Part(key_of(html), html)


def key_of(text: str) -> str:
    """Twelve hexadecimal digits that stand for the text, alike in every process."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
