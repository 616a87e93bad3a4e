"""What happens to rounds: each change in one transaction, alone in its room (see `rooms.changing`).

Of two who press the same button at once, the second one finds the round in another state: RoundOver.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from issues import ballots, table
from issues.models import Issue, Room, Round, Transition, Vote
from issues.models.round import State
from issues.rooms import changing
from issues.signals import round_revealed, vote_given
from issues.webhooks import events
from users.compiled_queries import CompiledQuery
from users.models import User

_seat = CompiledQuery(lambda number: Membership.objects.filter(pk=number), 1)


class RoundOver(Exception):
    """The round is not in the state that this needs, not on the table any more, or out of time. Nothing was changed."""


class RoundOpen(Exception):
    """There is an open round on the table, which has to be revealed or cancelled first. Nothing was changed."""


class IssueVotedOn(Exception):
    """An asynchronous round about the issue is open, which has to end first. Nothing was changed."""


class IssueArchived(Exception):
    """The issue was put away, so nobody votes on it. Nothing was changed."""


class NotAtTheTable(Exception):
    """Whoever does not sit in the group, or only observes, has no vote. Nothing was changed."""


class NoSuchCard(Exception):
    """The card is not in the deck of the round. Nothing was changed."""


class NobodyVoted(Exception):
    """A round without a vote has nothing to reveal. Nothing was changed."""


class VotesMissing(Exception):
    """Not everybody at the table has voted, and nobody said to reveal all the same. Nothing was changed."""

    def __init__(self, missing: frozenset[int]) -> None:
        super().__init__(missing)
        self.missing = missing


class NotVoted(Exception):
    """A reason belongs to a card, and there is none. Nothing was changed."""


class SomebodyFacilitates(Exception):
    """A facilitator was at the table a moment ago, so nobody needs to take over. Nothing was changed."""


def touch(group: Group) -> None:
    """Something about the people in the room, or the time, has changed: reveal what waited for it; tell everyone.

    Where the group itself is gone there is nobody to tell.
    """
    with suppress(Group.DoesNotExist), changing(group) as room:
        if room.round is not None:
            _reveal_if_due(room.round)
        for round_ in Round.objects.open().asynchronous().filter(group=group).select_related("group"):
            _reveal_if_due(round_)


def begin(group: Group, by: User, issue: Issue | None = None) -> Round:
    """Open a round at the table, with the group's present deck. Raises RoundOpen, IssueArchived, IssueVotedOn."""
    with changing(group) as room:
        if room.round is not None and room.round.is_open:
            raise RoundOpen
        round_ = open_round(group, by, issue, reveals_by_itself=room.reveals_by_itself)
        room.round = round_
        room.save(update_fields=["round"])
    return round_


def open_round(
    group: Group, by: User, issue: Issue | None, deadline: datetime | None = None, *, reveals_by_itself: bool
) -> Round:
    """A new round with the group's present deck. The room must be locked. Raises IssueArchived, IssueVotedOn."""
    if issue is not None and Issue.objects.archived().filter(pk=issue.pk).exists():
        raise IssueArchived
    if issue is not None and Round.objects.open().filter(issue=issue).exists():
        raise IssueVotedOn
    round_: Round = Round.objects.create(
        group=group, issue=issue, deck=group.deck, deadline=deadline, reveals_by_itself=reveals_by_itself
    )
    _note(round_, by)
    return round_


def vote(membership: Membership, round_id: int, label: str, reason: str = "") -> None:
    """Play a card, or another one instead. Raises RoundOver, NotAtTheTable, NoSuchCard."""
    with changing(membership.group) as room:
        round_ = _round(room, round_id, State.OPEN)
        seat = _seat.find(membership.pk)
        if seat is None or seat.role not in table.VOTING_ROLES:
            raise NotAtTheTable
        if decks.card_of(round_.cards, label) is None:
            raise NoSuchCard
        played = {"card": label, "reason": reason, "name": seat.nickname, "cast_at": timezone.now()}
        if not Vote.objects.filter(round=round_, voter=seat.user_id).update(**played):
            Vote.objects.create(round=round_, voter_id=seat.user_id, **played)
        transaction.on_commit(partial(vote_given.send, Vote))
        _reveal_if_due(round_)


def give_reason(membership: Membership, round_id: int, reason: str) -> None:
    """Say why one played one's card. Raises RoundOver, NotVoted."""
    with changing(membership.group) as room:
        round_ = _round(room, round_id, State.OPEN)
        if not Vote.objects.filter(round=round_, voter=membership.user_id).update(reason=reason):
            raise NotVoted


def take_back(membership: Membership, round_id: int) -> None:
    """Take one's card back, if there is one. Raises RoundOver."""
    with changing(membership.group) as room:
        round_ = _round(room, round_id, State.OPEN)
        Vote.objects.filter(round=round_, voter=membership.user_id).delete()


def reveal(group: Group, round_id: int, by: User, *, early: bool = False) -> None:
    """Turn all cards. Raises RoundOver, NobodyVoted, and VotesMissing unless it may be `early`."""
    with changing(group) as room:
        round_ = _round(room, round_id, State.OPEN)
        progress = table.progress(round_)
        if not progress.voted:
            raise NobodyVoted
        if progress.missing and not early:
            raise VotesMissing(progress.missing)
        _move(round_, State.REVEALED, by)


def nudge(group: Group, round_id: int) -> None:
    """Ask those for their votes who have not given any. Raises RoundOver."""
    with changing(group) as room:
        round_ = _round(room, round_id, State.OPEN)
        round_.nudged_at = timezone.now()
        round_.save(update_fields=["nudged_at"])


def set_timer(group: Group, round_id: int, time: timedelta | None) -> None:
    """Let the round's timer end after this time from now on, or have none. Raises RoundOver."""
    with changing(group) as room:
        round_ = _round(room, round_id, State.OPEN)
        round_.timer_ends_at = timezone.now() + time if time else None
        round_.save(update_fields=["timer_ends_at"])


def reveal_by_itself(group: Group, *, on: bool) -> None:
    """Turn the cards as soon as nobody's vote is missing, or when the timer ends; or only by hand."""
    with changing(group) as room:
        room.reveals_by_itself = on
        room.save(update_fields=["reveals_by_itself"])
        if room.round is not None and room.round.is_open:
            room.round.reveals_by_itself = on
            room.round.save(update_fields=["reveals_by_itself"])
            _reveal_if_due(room.round)


def take_over(membership: Membership) -> None:
    """Facilitate from now on, where nobody else does. Raises SomebodyFacilitates, NotAtTheTable."""
    with changing(membership.group):
        seat = _seat.find(membership.pk)
        if seat is None or seat.role not in table.VOTING_ROLES:
            raise NotAtTheTable
        if table.is_led(membership.group):
            raise SomebodyFacilitates
        seat.change_role(Role.FACILITATOR)


def settle(group: Group, round_id: int, card: decks.Card, by: User) -> None:
    """Agree on an estimate, which need not be a card of the deck. Raises RoundOver."""
    with changing(group) as room:
        settle_revealed(_round(room, round_id, State.REVEALED), card, by)


def settle_revealed(round_: Round, card: decks.Card, by: User) -> None:
    """The same for a revealed round whose room is locked."""
    agreed = decks.card_of(round_.cards, card.label) or card  # the deck knows what its cards stand for
    round_.estimate = agreed.label
    _move(round_, State.SETTLED, by)
    if round_.issue is not None:
        round_.issue.settle(agreed, by)


def end(round_: Round, by: User | None) -> None:
    """Turn the cards of an open round whose room is locked, or cancel it where nobody has voted."""
    _move(round_, State.REVEALED if ballots.voters(round_) else State.CANCELLED, by)


def cancel(group: Group, round_id: int, by: User) -> None:
    """End an open round without telling anybody's vote, now or later. Raises RoundOver."""
    with changing(group) as room:
        round_ = _round(room, round_id, State.OPEN)
        _move(round_, State.CANCELLED, by)
        if round_ == room.round:
            room.round = None
            room.save(update_fields=["round"])


def _round(room: Room, round_id: int, state: State) -> Round:
    """The round on the table, or an asynchronous one, if it is in this state and its time is not over."""
    round_ = room.round
    if round_ is None or round_.pk != round_id:
        others = Round.objects.asynchronous().filter(group=room.group_id).select_related("group", "issue")
        round_ = others.filter(pk=round_id).first()
    if round_ is None or round_.state != state or (round_.is_open and round_.is_past_deadline):
        raise RoundOver
    return round_


def _reveal_if_due(round_: Round) -> None:
    """Turn the cards where that waits for nothing any more. Of an asynchronous round without a vote nothing is left."""
    if not round_.is_open or not (round_.reveals_by_itself or round_.is_past_deadline):
        return
    progress = table.progress(round_)
    if round_.is_past_deadline or progress.is_complete or (progress.voted and round_.is_out_of_time):
        end(round_, None)


def _move(round_: Round, state: State, by: User | None) -> None:
    round_.state = state
    round_.save(update_fields=["state", "estimate"])
    _note(round_, by)
    events.note(round_)
    if state == State.REVEALED:
        transaction.on_commit(partial(round_revealed.send, Round))


def _note(round_: Round, by: User | None) -> None:
    progress = table.progress(round_)
    Transition.objects.create(
        round=round_,
        state=round_.state,
        by=by,
        name=_name(round_.group, by),
        votes=len(progress.voted),
        voters=progress.voters,
        missing=table.names(round_.group, progress.missing),
    )


def _name(group: Group, user: User | None) -> str:
    if user is None:
        return ""
    seat = group.memberships.filter(user=user).first()
    return seat.nickname if seat else user.nickname
