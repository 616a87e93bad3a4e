"""What happens at the same moment: each change once, and every vote counted, on each of the databases."""

import random
from functools import partial

import pytest

from groups import decks
from groups.models import Group
from issues import ballots, rounds
from issues.models import Round, Transition, Vote
from issues.models.round import State
from issues.rooms import room_of
from issues.rounds import NobodyVoted, RoundOpen, RoundOver
from issues.tests.room import at_the_table, audit
from users.models import User
from users.tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = [card.label for card in decks.parse(decks.PRESETS["fibonacci"])]
TRIES = range(5)  # other threads come first each time


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner@example.org", "Owner", "correct horse battery")


@pytest.fixture
def group(owner: User) -> Group:
    started: Group = Group.objects.start(owner, "Payments")
    room_of(started)
    return started


@pytest.fixture
def by_itself(group: Group) -> None:
    room = room_of(group)
    room.reveals_by_itself = True
    room.save()


def votes_of(round_: Round) -> dict[str, str]:
    return dict(Vote.objects.filter(round=round_).values_list("name", "card"))


def happened(results: list[object]) -> int:
    """How many went through; the others found the round over, and nothing else."""
    refused = [result for result in results if result is not None and not isinstance(result, Round)]
    assert {type(one) for one in refused} <= {RoundOver, RoundOpen, NobodyVoted}, refused
    return len(results) - len(refused)


def test_fifty_votes_at_once_are_fifty_votes(group, owner):
    seats = [at_the_table(group, f"Voter {number}") for number in range(50)]
    round_ = rounds.begin(group, owner)
    cards = [random.choice(LABELS) for _seat in seats]
    before = room_of(group).version
    assert (
        happened(
            at_once([partial(rounds.vote, *one) for one in zip(seats, [round_.pk] * 50, cards, strict=True)])
        )
        == 50
    )
    assert votes_of(round_) == {seat.nickname: card for seat, card in zip(seats, cards, strict=True)}
    assert room_of(group).version == before + 50


def test_the_first_change_of_all_makes_one_room(owner):
    group = Group.objects.start(owner, "Search")
    assert happened(at_once([partial(rounds.begin, group, owner)] * 4)) == 1
    assert Round.objects.filter(group=group).count() == 1


@pytest.mark.parametrize("_again", TRIES)
def test_one_voter_who_sends_twice_has_one_vote(group, owner, _again):
    seat = at_the_table(group, "Anna")
    round_ = rounds.begin(group, owner)
    assert (
        happened(at_once([partial(rounds.vote, seat, round_.pk, card) for card in ("5", "8", "5", "8")])) == 4
    )
    assert votes_of(round_)["Anna"] in {"5", "8"}
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("_again", TRIES)
def test_a_vote_beside_the_reveal_is_in_it_or_refused(group, owner, _again):
    seats = [at_the_table(group, f"Voter {number}") for number in range(9)]
    round_ = rounds.begin(group, owner)
    rounds.vote(seats[0], round_.pk, "1")
    works = [partial(rounds.vote, seat, round_.pk, "5") for seat in seats[1:]]
    results = at_once([*works, partial(rounds.reveal, group, round_.pk, owner, early=True)])
    assert results[-1] is None
    counted = happened(results[:-1])
    assert audit(round_.pk)[-1] == (State.REVEALED, "Owner", 1 + counted, 9)
    assert len(ballots.revealed(Round.objects.get(pk=round_.pk))) == 1 + counted


@pytest.mark.parametrize("_again", TRIES)
def test_of_two_who_reveal_at_once_one_does(group, owner, _again):
    seat = at_the_table(group, "Anna")
    round_ = rounds.begin(group, owner)
    rounds.vote(seat, round_.pk, "5")
    assert happened(at_once([partial(rounds.reveal, group, round_.pk, owner)] * 4)) == 1
    assert [line[0] for line in audit(round_.pk)] == [State.OPEN, State.REVEALED]


@pytest.mark.parametrize("_again", TRIES)
def test_of_two_who_begin_at_once_one_does(group, owner, _again):
    assert happened(at_once([partial(rounds.begin, group, owner)] * 4)) == 1
    assert Round.objects.filter(group=group).count() == 1


@pytest.mark.parametrize("_again", TRIES)
def test_of_two_who_settle_at_once_one_estimate_stays(group, owner, _again):
    seat = at_the_table(group, "Anna")
    round_ = rounds.begin(group, owner)
    rounds.vote(seat, round_.pk, "5")
    rounds.reveal(group, round_.pk, owner)
    works = [partial(rounds.settle, group, round_.pk, decks.card(label), owner) for label in ("5", "8", "13")]
    results = at_once(works)
    assert happened(results) == 1
    settled = ("5", "8", "13")[results.index(None)]
    assert Round.objects.get(pk=round_.pk).estimate == settled


@pytest.mark.parametrize("_again", TRIES)
def test_reveal_against_cancel_has_one_winner(group, owner, _again):
    seat = at_the_table(group, "Anna")
    round_ = rounds.begin(group, owner)
    rounds.vote(seat, round_.pk, "5")
    works = [partial(rounds.reveal, group, round_.pk, owner), partial(rounds.cancel, group, round_.pk, owner)]
    assert happened(at_once(works)) == 1
    assert Transition.objects.filter(round=round_).count() == 2


@pytest.mark.parametrize("_again", TRIES)
def test_a_vote_beside_taking_it_back_leaves_one_or_none(group, owner, _again):
    seat = at_the_table(group, "Anna")
    round_ = rounds.begin(group, owner)
    rounds.vote(seat, round_.pk, "1")
    works = [partial(rounds.vote, seat, round_.pk, "5"), partial(rounds.take_back, seat, round_.pk)]
    assert happened(at_once(works)) == 2
    assert votes_of(round_) in ({}, {"Anna": "5"})


@pytest.mark.usefixtures("by_itself")
@pytest.mark.parametrize("_again", TRIES)
def test_the_last_vote_beside_somebody_who_leaves_reveals_once(group, owner, _again):
    anna, ben, carl = (at_the_table(group, name) for name in ("Anna", "Ben", "Carl"))
    round_ = rounds.begin(group, owner)
    rounds.vote(anna, round_.pk, "5")
    at_once([partial(rounds.vote, ben, round_.pk, "8"), partial(group.remove, carl)])
    assert audit(round_.pk)[-1] == (State.REVEALED, "", 2, 2)
    assert votes_of(round_) == {"Anna": "5", "Ben": "8"}


@pytest.mark.usefixtures("by_itself")
@pytest.mark.parametrize("_again", TRIES)
def test_the_last_voter_who_votes_and_leaves_at_once_stops_nobody(group, owner, _again):
    anna, ben = (at_the_table(group, name) for name in ("Anna", "Ben"))
    round_ = rounds.begin(group, owner)
    rounds.vote(anna, round_.pk, "5")
    at_once([partial(rounds.vote, ben, round_.pk, "8"), partial(group.remove, ben)])
    votes = votes_of(round_)
    assert audit(round_.pk)[-1] == (State.REVEALED, "", len(votes), len(votes))
    assert votes["Anna"] == "5"


def test_a_team_that_leaves_together_stops_nobody(group, owner):
    seats = [at_the_table(group, f"Voter {number}") for number in range(8)]
    round_ = rounds.begin(group, owner)
    assert at_once([partial(group.remove, seat) for seat in seats]) == [None] * 8
    assert Round.objects.get(pk=round_.pk).state == State.OPEN
