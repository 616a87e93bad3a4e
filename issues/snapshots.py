"""What everyone in a room may know at one moment: who sits there, who has voted, what is on the table.

Plain values that ask the database for nothing later. Before the reveal a snapshot holds nobody's card, so nothing
that is made of it can tell one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Case, Count, IntegerField, QuerySet, When
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from issues import agenda, backlog, ballots, table
from issues.agenda import Agenda, Item
from issues.ballots import Ballot
from issues.models import Issue, Room, Round, Transition
from issues.models.round import State
from issues.statistics import Statistics, summarise
from users.compiled_queries import CompiledQuery, CompiledRows

BACKLOG = 12  # issues to estimate that the room lists
_STEPS = (
    table.NOTE_AGAIN,
    table.PRESENT,
    table.GRACE,
    table.AT_THE_TABLE,
)  # ascending, since somebody was seen
_room = CompiledQuery(lambda group: Room.objects.select_related("group", "round__issue").filter(pk=group), 1)
ISSUE_FIELDS = ("pk", "key", "title", "url", "sprint", "estimate")  # as IssueSnapshot has them


class Seat(NamedTuple):
    """A member, as everyone sees them. A tuple, since hundreds are made and compared for each change."""

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
class DisputedSnapshot:
    """An asynchronous round that the table has to talk about."""

    round: int
    issue: IssueSnapshot
    lowest: str
    highest: str


@dataclass(frozen=True)
class AgendaSnapshot:
    """What the group votes on in its own time: how many are open, until when; and what came of the others."""

    open: int = 0
    deadline: datetime | None = None
    agreed: int = 0
    disputed: tuple[DisputedSnapshot, ...] = ()


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
    agenda: AgendaSnapshot

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
        """Whether a round would reveal itself now: everybody has voted, or the time is over."""
        if self.agenda.deadline is not None and self.agenda.deadline <= timezone.now():
            return True
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
    """The present state of a group's room; None where there is no such group. Ten queries at most.

    The version is read first: what changes meanwhile comes again with the next one.
    """
    room = _room.find(group_id)
    if room is None:
        group = Group.objects.filter(pk=group_id).first()
        if group is None:
            return None
        room = Room(group=group)  # nothing has happened in it yet
    seats, absence = _seats(room.group)
    present = agenda.of(room.group)
    unseen = _longer(absence, table.GRACE)
    return RoomSnapshot(
        group_id=group_id,
        version=room.version,
        owner_id=room.group.user_id,
        is_archived=room.group.is_archived,
        reveals_by_itself=room.reveals_by_itself,
        round=_round(room.round) if room.round else None,
        seats=seats,
        voted=ballots.voters(room.round) if room.round else frozenset(),
        away=_longer(absence, table.PRESENT),
        gone=_longer(absence, table.AT_THE_TABLE),
        unnoted=_longer(absence, table.NOTE_AGAIN),
        is_led=any(seat.facilitates and seat.user_id not in unseen for seat in seats),
        backlog=_backlog(room.group, present),
        agenda=_agenda(present),
    )


def _longer(absence: Mapping[int, int], time: timedelta) -> frozenset[int]:
    """Those who have not been seen for longer than this, one of _STEPS."""
    step = _STEPS.index(time)
    return frozenset(user for user, steps in absence.items() if steps > step)


def _seats(group: Group) -> tuple[tuple[Seat, ...], dict[int, int]]:
    """All seats; and of each user who is not here now, for how many of _STEPS they have not been seen."""
    now = timezone.now()
    seats: list[Seat] = []
    absence: dict[int, int] = {}
    for pk, user_id, nickname, role, steps in _members.read(group.pk, *(now - time for time in _STEPS)):
        seats.append(Seat(pk, user_id, nickname, role, user_id == group.user_id))
        if steps:
            absence[user_id] = steps
    return tuple(seats), absence


def _members_of(group: int, *moments: datetime) -> QuerySet[Membership, Any]:
    """The members of a group, each with the number of the moments since which they have not been seen.

    The database compares the times: to read five hundred of them would take longer than all the rest.
    """
    seen = [When(presence__seen_at__gte=moment, then=number) for number, moment in enumerate(moments)]
    steps = Case(*seen, default=len(moments), output_field=IntegerField())
    members = Membership.objects.filter(group=group, user__is_active=True).order_by("pk")
    return members.values_list("pk", "user_id", "nickname", "role", steps)


_members = CompiledRows(
    _members_of,
    -1,
    *(datetime(2000, 1, 1 + step, tzinfo=UTC) for step in range(len(_STEPS))),
    constants=tuple(range(len(_STEPS) + 1)),
)


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


def _issue(issue: Issue, *, described: bool = True) -> IssueSnapshot:
    values = {field: getattr(issue, field) for field in ISSUE_FIELDS}
    return IssueSnapshot(**values, description=issue.description if described else "")


def _backlog(group: Group, present: Agenda) -> Backlog:
    upcoming = _upcoming(group, present) if present.issues else _first.read(group.pk)
    for all_, estimated in _counts.read(group.pk):
        return Backlog(tuple(IssueSnapshot(*row) for row in upcoming), all_ - estimated, estimated)
    return Backlog((), to_estimate=0, estimated=0)


def _upcoming(group: Group, present: Agenda) -> QuerySet[Issue, Any]:
    return backlog.upcoming(group, present).values_list(*ISSUE_FIELDS)[:BACKLOG]


def _counted(group: int) -> QuerySet[Issue, Any]:
    """One row with the number of all issues and of those that are estimated, where there is any."""
    issues = Issue.objects.active().filter(group=group).values("group")
    return issues.annotate(all=Count("pk"), estimated=Count("estimated_at")).values_list("all", "estimated")


# Of a group on whose agenda there is nothing.
_first = CompiledRows(lambda group: _upcoming(Group(pk=group), agenda.NOTHING), 1)
_counts = CompiledRows(_counted, 1)


def _agenda(present: Agenda) -> AgendaSnapshot:
    disputed = tuple(_disputed(item) for item in present.disputed)
    return AgendaSnapshot(len(present.open), present.deadline, len(present.agreed), disputed)


def _disputed(item: Item) -> DisputedSnapshot:
    figures = item.statistics
    return DisputedSnapshot(
        item.round.pk,
        _issue(item.issue, described=False),
        figures.lowest.card.label if figures.lowest else "",
        figures.highest.card.label if figures.highest else "",
    )
