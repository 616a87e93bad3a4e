"""What happens at the same moment in asynchronous rounds: each change once, and every vote counted."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from groups.models import Group, Membership
from groups.tests.people import seated
from issues import async_rounds, ballots, rounds
from issues.models import Issue, Round, Transition, Vote
from issues.models.round import State
from issues.rooms import room_of
from issues.rounds import IssueVotedOn, RoundOver
from issues.tests.room import audit, new_issue
from users.models import User
from users.tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = range(5)  # other threads come first each time
LATER = timedelta(days=1)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner@example.org", "Owner", "correct horse battery")


@pytest.fixture
def group(owner: User) -> Group:
    started: Group = Group.objects.start(owner, "Payments")
    room_of(started)
    return started


@pytest.fixture
def seats(group: Group) -> list[Membership]:
    """Eight who vote, the last of them the owner."""
    return [
        *[seated(group, f"Voter {number}") for number in range(7)],
        group.memberships.get(user=group.user),
    ]


@pytest.fixture
def issues(group: Group) -> list[Issue]:
    return [new_issue(group, title) for title in ("Refunds", "Receipts", "Vouchers")]


def opened(group: Group, issues: list[Issue], *, by_itself: bool = False) -> list[Round]:
    deadline = timezone.now() + LATER
    return list(async_rounds.begin(group, group.user, issues, deadline, reveals_by_itself=by_itself))


def states(group: Group) -> list[str]:
    return [str(round_.state) for round_ in Round.objects.filter(group=group).in_order()]


def test_votes_in_several_rounds_at_once_are_all_there(group, issues, seats):
    begun = opened(group, issues)
    works = [partial(rounds.vote, seat, round_.pk, "5") for seat in seats for round_ in begun]
    assert at_once(works) == [None] * 24
    assert Vote.objects.count() == 24
    assert states(group) == [State.OPEN] * 3


@pytest.mark.parametrize("_again", TRIES)
def test_the_last_votes_in_several_rounds_reveal_each_of_them_once(group, issues, seats, _again):
    begun = opened(group, issues, by_itself=True)
    works = [partial(rounds.vote, seat, round_.pk, "5") for seat in seats for round_ in begun]
    assert at_once(works) == [None] * 24
    for round_ in begun:
        assert audit(round_.pk) == [(State.OPEN, "Owner", 0, 8), (State.REVEALED, "", 8, 8)]


@pytest.mark.parametrize("_again", TRIES)
def test_a_deadline_that_several_processes_see_come_reveals_once_and_takes_no_vote_after(
    group, issues, seats, _again
):
    begun = opened(group, issues)
    for round_ in begun[:2]:
        rounds.vote(seats[0], round_.pk, "1")
    Round.objects.filter(group=group).update(deadline=timezone.now() - timedelta(seconds=1))
    votes = [partial(rounds.vote, seat, round_.pk, "5") for seat in seats[1:3] for round_ in begun]
    results = at_once([*votes, *[async_rounds.reveal_due] * 3])
    assert {type(result) for result in results[:6]} == {RoundOver}
    assert results[6:] == [None] * 3
    assert states(group) == [State.REVEALED, State.REVEALED, State.CANCELLED]
    assert Transition.objects.count() == 6
    assert Vote.objects.count() == 2


@pytest.mark.parametrize("_again", TRIES)
def test_a_vote_beside_the_end_of_all_is_in_it_or_refused(group, issues, seats, owner, _again):
    begun = opened(group, issues)
    rounds.vote(seats[0], begun[0].pk, "1")
    works = [partial(rounds.vote, seat, begun[0].pk, "5") for seat in seats[1:]]
    *results, ended = at_once([*works, partial(async_rounds.end, group, owner)])
    assert ended is None
    assert {type(result) for result in results} <= {type(None), RoundOver}
    counted = 1 + results.count(None)
    assert audit(begun[0].pk)[-1][:3] == (State.REVEALED, "Owner", counted)
    assert len(ballots.revealed(Round.objects.get(pk=begun[0].pk))) == counted


@pytest.mark.parametrize("_again", TRIES)
def test_of_two_who_open_the_same_issues_at_once_one_does(group, issues, owner, _again):
    begin = partial(async_rounds.begin, group, owner, issues, timezone.now() + LATER)
    results = at_once([begin] * 3)
    assert [type(result) for result in results if isinstance(result, Exception)] == [IssueVotedOn] * 2
    assert states(group) == [State.OPEN] * 3


@pytest.mark.parametrize("_again", TRIES)
def test_of_two_who_save_what_is_agreed_each_estimate_is_saved_once(group, issues, seats, owner, _again):
    begun = opened(group, issues)
    for seat in seats[:2]:
        for round_ in begun:
            rounds.vote(seat, round_.pk, "5")
    async_rounds.end(group, owner)
    assert sorted(at_once([partial(async_rounds.settle_agreed, group, owner)] * 3)) == [0, 0, 3]
    assert states(group) == [State.SETTLED] * 3
    assert Transition.objects.filter(state=State.SETTLED).count() == 3


@pytest.mark.parametrize("_again", TRIES)
def test_who_leaves_beside_the_last_votes_stops_no_round(group, issues, seats, _again):
    begun = opened(group, issues, by_itself=True)
    for seat in seats[2:]:
        for round_ in begun:
            rounds.vote(seat, round_.pk, "5")
    works = [partial(rounds.vote, seats[0], round_.pk, "8") for round_ in begun]
    assert at_once([*works, partial(group.remove, seats[1])]) == [None] * 4
    assert states(group) == [State.REVEALED] * 3
    assert Vote.objects.count() == 21
