"""Rounds in which everybody votes in their own time: several issues at once, until a deadline.

They are open beside the table, whose round they never are before their reveal. Votes are cast and taken back as in any
other round (see `rounds`). At the deadline they reveal themselves; what nobody voted on is cancelled. As there, each
change is one transaction, alone in its room.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from groups.models import Group
from issues import agenda, rounds
from issues.models import Issue, Round
from issues.models.round import RoundQuerySet, State
from issues.rooms import changing
from issues.rounds import RoundOpen, RoundOver
from users.models import User

MAX_OPEN = 100  # in a group at the same time
SHORTEST = timedelta(minutes=5)  # until a deadline
LONGEST = timedelta(days=60)


class TooMany(Exception):
    """More issues would be open than MAX_OPEN. Nothing was changed."""


class NoSuchDeadline(Exception):
    """The deadline is sooner than SHORTEST from now, or later than LONGEST. Nothing was changed."""


def begin(
    group: Group, by: User, issues: Iterable[Issue], deadline: datetime, *, reveals_by_itself: bool = False
) -> Sequence[Round]:
    """Open a round for each of the issues; for all of them or for none.

    With `reveals_by_itself` one is revealed before the deadline once all have voted in it. Raises TooMany,
    NoSuchDeadline, rounds.IssueArchived, rounds.IssueVotedOn.
    """
    _check(deadline)
    with changing(group):
        begun = [
            rounds.open_round(group, by, issue, deadline, reveals_by_itself=reveals_by_itself)
            for issue in issues
        ]
        if _open(group).count() > MAX_OPEN:
            raise TooMany
    return begun


def move_deadline(group: Group, deadline: datetime) -> int:
    """Let all open ones end at another time; returns how many. Raises NoSuchDeadline."""
    _check(deadline)
    with changing(group):
        return int(_open(group).filter(deadline__gt=timezone.now()).update(deadline=deadline))


def end(group: Group, by: User) -> None:
    """Reveal all open ones now; those in which nobody has voted are cancelled."""
    with changing(group):
        for round_ in _open(group):
            rounds.end(round_, by)


def reveal_due() -> None:
    """In all groups, reveal those whose time is over; those in which nobody has voted are cancelled."""
    groups = Round.objects.past_deadline().values("group")
    for group in Group.objects.filter(pk__in=groups):
        rounds.touch(group)


def discuss(group: Group, round_id: int) -> None:
    """Put a revealed one on the table. Raises rounds.RoundOpen, rounds.RoundOver."""
    with changing(group) as room:
        if room.round is not None and room.round.is_open:
            raise RoundOpen
        revealed = Round.objects.asynchronous().filter(group=group, state=State.REVEALED)
        room.round = revealed.filter(pk=round_id).first()
        if room.round is None:
            raise RoundOver
        room.save(update_fields=["round"])


def settle_agreed(group: Group, by: User) -> int:
    """Save the estimate of each on which all agree; returns how many there are."""
    with changing(group):
        agreed = agenda.of(group).agreed
        for item in agreed:
            rounds.settle_revealed(item.round, item.suggested, by)
    return len(agreed)


def _open(group: Group) -> RoundQuerySet:
    rounds_: RoundQuerySet = (
        Round.objects.open().asynchronous().filter(group=group).select_related("group").in_order()
    )
    return rounds_


def _check(deadline: datetime) -> None:
    if not SHORTEST <= deadline - timezone.now() <= LONGEST:
        raise NoSuchDeadline
