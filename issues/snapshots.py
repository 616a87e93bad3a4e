"""What everyone in a room may know at one moment: who sits there, who has voted, what is on the table.

Plain values that ask the database for nothing later. Before the reveal a snapshot holds nobody's card, so nothing
that is made of it can tell one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.db.models import Count
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from issues import ballots, table
from issues.ballots import Ballot
from issues.models import Issue, Room, Round, Transition
from issues.models.round import State
from issues.statistics import Statistics, summarise

BACKLOG = 12  # issues to estimate that the room lists
ISSUE_FIELDS = ("pk", "key", "title", "url", "sprint", "estimate")  # as IssueSnapshot has them


@dataclass(frozen=True)
class Seat:
    """A member, as everyone sees them."""

    pk: int
    user_id: int
    nickname: str
    role: str
    is_owner: bool

    @property
    def votes(self) -> bool:
        return self.role in table.VOTING_ROLES

    @property
    def facilitates(self) -> bool:
        return self.is_owner or self.role == Role.FACILITATOR


@dataclass(frozen=True)
class IssueSnapshot:
    """An issue, as the room shows it."""

    pk: int
    key: str
    title: str
    url: str
    sprint: str
    estimate: str
    description: str = ""  # only of the one on the table

    def __str__(self) -> str:
        return f"{self.key} {self.title}".strip()


@dataclass(frozen=True)
class RoundSnapshot:
    """The round on the table. `ballots`, `missing` and who revealed it are empty until it is revealed."""

    pk: int
    state: str
    deck: str
    reveals_by_itself: bool
    timer_ends_at: datetime | None
    nudged_at: datetime | None
    estimate: str
    issue: IssueSnapshot | None
    ballots: tuple[Ballot, ...]
    missing: tuple[str, ...]
    revealed_by: str

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN

    @property
    def is_settled(self) -> bool:
        return self.state == State.SETTLED

    @cached_property
    def cards(self) -> decks.Deck:
        """The deck that the round began with."""
        return decks.parse(self.deck)

    @cached_property
    def statistics(self) -> Statistics | None:
        """What the votes say, once they may be told."""
        if self.is_open:
            return None
        return summarise(self.cards, [(ballot.name, ballot.card) for ballot in self.ballots], self.missing)


@dataclass(frozen=True)
class Backlog:
    """The next issues to estimate, and how many there are in all."""

    upcoming: tuple[IssueSnapshot, ...]
    to_estimate: int
    estimated: int


@dataclass(frozen=True)
class RoomSnapshot:
    """A room as it was in one version. `voted`, `away`, `gone` and `unnoted` are numbers of users."""

    group_id: int
    version: int
    owner_id: int
    is_archived: bool
    reveals_by_itself: bool
    round: RoundSnapshot | None
    seats: tuple[Seat, ...]
    voted: frozenset[int]
    away: frozenset[int]
    gone: frozenset[int]  # away for so long that nobody waits for them
    unnoted: frozenset[int]  # whom it is time to note again, when they look
    is_led: bool
    backlog: Backlog

    @cached_property
    def waiting_for(self) -> tuple[Seat, ...]:
        """Who could vote in the open round, and has not."""
        settled = self.voted | self.gone
        return tuple(seat for seat in self.seats if seat.votes and seat.user_id not in settled)

    @cached_property
    def facilitators(self) -> tuple[str, ...]:
        """The names of those at the table who can start a round."""
        return tuple(
            seat.nickname for seat in self.seats if seat.facilitates and seat.user_id not in self.gone
        )

    @cached_property
    def cards(self) -> dict[int, str]:
        """The revealed cards by user number."""
        played = self.round.ballots if self.round else ()
        return {ballot.voter: ballot.card for ballot in played if ballot.voter is not None}

    @property
    def next_issue(self) -> IssueSnapshot | None:
        """The first issue to estimate that is not on the table."""
        present = self.round.issue if self.round else None
        others = (issue for issue in self.backlog.upcoming if present is None or issue.pk != present.pk)
        return next(others, None)

    @property
    def wants_a_reveal(self) -> bool:
        """Whether the round would reveal itself now: everybody has voted, or the time is over."""
        round_ = self.round
        if round_ is None or not round_.is_open or not round_.reveals_by_itself or not self.voted:
            return False
        out_of_time = round_.timer_ends_at is not None and round_.timer_ends_at <= timezone.now()
        return out_of_time or not self.waiting_for

    def with_seen(self, user_id: int) -> "RoomSnapshot":
        """The same when it has just been noted that this user is there."""
        seat = self.seat_of(user_id)
        return replace(
            self,
            away=self.away - {user_id},
            gone=self.gone - {user_id},
            unnoted=self.unnoted - {user_id},
            is_led=self.is_led or (seat is not None and seat.facilitates),
        )

    def seat_of(self, user_id: int) -> Seat | None:
        """Where the user sits, if at all."""
        return self._seats.get(user_id)

    @cached_property
    def _seats(self) -> dict[int, Seat]:
        return {seat.user_id: seat for seat in self.seats}


def take(group_id: int) -> RoomSnapshot | None:
    """The present state of a group's room; None where there is no such group. Seven queries at most.

    The version is read first: what changes meanwhile comes again with the next one.
    """
    room = Room.objects.select_related("group", "round__issue").filter(pk=group_id).first()
    if room is None:
        group = Group.objects.filter(pk=group_id).first()
        if group is None:
            return None
        room = Room(group=group)  # nothing has happened in it yet
    now = timezone.now()
    seats, seen = _seats(room.group)
    return RoomSnapshot(
        group_id=group_id,
        version=room.version,
        owner_id=room.group.user_id,
        is_archived=room.group.is_archived,
        reveals_by_itself=room.reveals_by_itself,
        round=_round(room.round) if room.round else None,
        seats=seats,
        voted=ballots.voters(room.round) if room.round else frozenset(),
        away=_not_since(now - table.PRESENT, seen),
        gone=_not_since(now - table.AT_THE_TABLE, seen),
        unnoted=_not_since(now - table.NOTE_AGAIN, seen),
        is_led=any(seat.facilitates and _recent(seen[seat.user_id], now) for seat in seats),
        backlog=_backlog(room.group),
    )


def _not_since(time: datetime, seen: dict[int, datetime | None]) -> frozenset[int]:
    return frozenset(user for user, at in seen.items() if at is None or at < time)


def _recent(at: datetime | None, now: datetime) -> bool:
    return at is not None and at >= now - table.GRACE


def _seats(group: Group) -> tuple[tuple[Seat, ...], dict[int, datetime | None]]:
    rows = (
        Membership.objects.filter(group=group, user__is_active=True)
        .order_by("pk")
        .values_list("pk", "user_id", "nickname", "role", "presence__seen_at")
    )
    seats: list[Seat] = []
    seen: dict[int, datetime | None] = {}
    for pk, user_id, nickname, role, seen_at in rows:
        seats.append(Seat(pk, user_id, nickname, role, user_id == group.user_id))
        seen[user_id] = seen_at
    return tuple(seats), seen


def _round(round_: Round) -> RoundSnapshot:
    reveal = (
        None if round_.is_sealed else Transition.objects.filter(round=round_, state=State.REVEALED).first()
    )
    return RoundSnapshot(
        pk=round_.pk,
        state=round_.state,
        deck=round_.deck,
        reveals_by_itself=round_.reveals_by_itself,
        timer_ends_at=round_.timer_ends_at,
        nudged_at=round_.nudged_at,
        estimate=round_.estimate,
        issue=_issue(round_.issue) if round_.issue else None,
        ballots=() if round_.is_sealed else tuple(ballots.revealed(round_)),
        missing=tuple(reveal.missing) if reveal else (),
        revealed_by=reveal.name if reveal else "",
    )


def _issue(issue: Issue) -> IssueSnapshot:
    values = {field: getattr(issue, field) for field in ISSUE_FIELDS}
    return IssueSnapshot(**values, description=issue.description)


def _backlog(group: Group) -> Backlog:
    upcoming = group.issues.to_estimate().in_order().values_list(*ISSUE_FIELDS)[:BACKLOG]
    counts = group.issues.active().aggregate(all=Count("pk"), estimated=Count("estimated_at"))
    return Backlog(
        tuple(IssueSnapshot(*row) for row in upcoming),
        to_estimate=counts["all"] - counts["estimated"],
        estimated=counts["estimated"],
    )
