"""Rounds: open, revealed, settled or cancelled, and what each of these allows."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from issues import ballots, rounds, table
from issues.models import Round, Vote
from issues.models.round import State
from issues.rooms import room_of
from issues.rounds import (
    IssueArchived,
    NobodyVoted,
    NoSuchCard,
    NotAtTheTable,
    RoundOpen,
    RoundOver,
    VotesMissing,
)
from issues.tests.room import at_the_table, audit, new_issue
from users.models import User

pytestmark = pytest.mark.django_db

FIVE = decks.card("5")


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def ben(payments: Group) -> Membership:
    return at_the_table(payments, "Ben")


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """A block after which everything happens that waits for its commit."""
    return partial(django_capture_on_commit_callbacks, execute=True)


@pytest.fixture
def open_round(payments: Group, alice: User) -> Round:
    return rounds.begin(payments, alice, new_issue(payments))


def state_of(round_: Round) -> str:
    return str(Round.objects.get(pk=round_.pk).state)


def votes_of(round_: Round) -> dict[str, str]:
    return dict(Vote.objects.filter(round=round_).values_list("name", "card"))


def test_a_round_begins_open_on_the_table(payments, open_round):
    assert room_of(payments).round == open_round
    assert state_of(open_round) == State.OPEN


def test_nobody_votes_on_an_issue_that_was_archived_in_the_meantime(payments, alice):
    issue = new_issue(payments)
    type(issue).objects.get(pk=issue.pk).archive()
    with pytest.raises(IssueArchived):
        rounds.begin(payments, alice, issue)
    assert not Round.objects.exists()


def test_a_round_needs_no_issue(payments, alice):
    assert rounds.begin(payments, alice).issue is None


def test_a_round_keeps_the_deck_it_began_with(payments, alice, anna):
    payments.deck = "S M L"
    payments.save()
    begun = rounds.begin(payments, alice)
    payments.deck = "1 2 3"
    payments.save()
    rounds.vote(anna, begun.pk, "M")
    with pytest.raises(NoSuchCard):
        rounds.vote(anna, begun.pk, "2")


def test_while_a_round_is_open_no_other_begins(payments, alice, anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    with pytest.raises(RoundOpen):
        rounds.begin(payments, alice, new_issue(payments, "Another"))
    assert votes_of(open_round) == {"Anna": "5"}


def test_a_card_can_be_exchanged_until_the_reveal(anna, open_round):
    rounds.vote(anna, open_round.pk, "5", "as the last one")
    rounds.vote(anna, open_round.pk, "8", "no, more")
    assert ballots.own(open_round, anna.user) == ballots.Ballot("Anna", "8", "no, more", anna.user_id)
    assert Vote.objects.count() == 1


def test_a_card_can_be_taken_back(anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    rounds.take_back(anna, open_round.pk)
    assert votes_of(open_round) == {}


def test_taking_back_what_was_not_played_does_no_harm(anna, open_round):
    rounds.take_back(anna, open_round.pk)
    assert votes_of(open_round) == {}


@pytest.mark.parametrize("card", ["4", "", "5 ", "999"])
def test_a_card_that_is_not_in_the_deck_is_refused_and_the_vote_stays(anna, open_round, card):
    rounds.vote(anna, open_round.pk, "5")
    with pytest.raises(NoSuchCard):
        rounds.vote(anna, open_round.pk, card)
    assert votes_of(open_round) == {"Anna": "5"}


def test_an_observer_has_no_vote(payments, open_round):
    observer = at_the_table(payments, "Otto", Role.OBSERVER)
    with pytest.raises(NotAtTheTable):
        rounds.vote(observer, open_round.pk, "5")


def test_who_was_removed_a_moment_ago_has_no_vote(payments, anna, open_round):
    Membership.objects.filter(pk=anna.pk).delete()
    with pytest.raises(NotAtTheTable):
        rounds.vote(anna, open_round.pk, "5")


def test_the_reveal_turns_all_cards_and_writes_who_did_it(payments, alice, anna, ben, open_round):
    rounds.vote(anna, open_round.pk, "5")
    rounds.vote(ben, open_round.pk, "8", "cards expire")
    rounds.reveal(payments, open_round.pk, alice)
    shown = ballots.revealed(Round.objects.get(pk=open_round.pk))
    assert [(one.name, one.card, one.reason) for one in shown] == [
        ("Anna", "5", ""),
        ("Ben", "8", "cards expire"),
    ]
    assert audit(open_round.pk) == [("open", "Alice", 0, 2), ("revealed", "Alice", 2, 2)]


def test_an_early_reveal_is_asked_about_and_names_who_is_missing(payments, alice, anna, ben, open_round):
    rounds.vote(anna, open_round.pk, "5")
    with pytest.raises(VotesMissing) as asked:
        rounds.reveal(payments, open_round.pk, alice)
    assert table.names(payments, asked.value.missing) == ["Ben"]
    assert state_of(open_round) == State.OPEN


def test_an_early_reveal_happens_when_it_is_meant(payments, alice, anna, ben, open_round):
    rounds.vote(anna, open_round.pk, "5")
    rounds.reveal(payments, open_round.pk, alice, early=True)
    assert audit(open_round.pk)[-1] == ("revealed", "Alice", 1, 2)


def test_a_round_without_a_vote_is_not_revealed(payments, alice, anna, open_round):
    with pytest.raises(NobodyVoted):
        rounds.reveal(payments, open_round.pk, alice, early=True)
    assert state_of(open_round) == State.OPEN


@pytest.mark.parametrize("late", [lambda anna, pk: rounds.vote(anna, pk, "8"), rounds.take_back])
def test_after_the_reveal_nothing_is_changed(payments, alice, anna, open_round, late):
    rounds.vote(anna, open_round.pk, "5")
    rounds.reveal(payments, open_round.pk, alice)
    with pytest.raises(RoundOver):
        late(anna, open_round.pk)
    assert votes_of(open_round) == {"Anna": "5"}


def test_a_vote_for_a_round_that_is_over_is_not_counted_in_the_next(payments, alice, anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    rounds.reveal(payments, open_round.pk, alice)
    again = rounds.begin(payments, alice, open_round.issue)
    with pytest.raises(RoundOver):
        rounds.vote(anna, open_round.pk, "8")
    assert votes_of(again) == {}


def test_settling_gives_the_issue_its_estimate(payments, alice, anna, open_round):
    rounds.vote(anna, open_round.pk, "8")
    rounds.reveal(payments, open_round.pk, alice)
    rounds.settle(payments, open_round.pk, FIVE, alice)
    issue = payments.issues.get()
    assert (issue.estimate, issue.estimate_value, issue.estimated_by) == ("5", 5, alice)
    assert state_of(open_round) == State.SETTLED


def test_what_was_not_revealed_is_not_settled(payments, alice, anna, open_round):
    with pytest.raises(RoundOver):
        rounds.settle(payments, open_round.pk, FIVE, alice)
    assert payments.issues.get().estimate == ""


def test_a_cancelled_round_leaves_the_table_and_stays_sealed(payments, alice, anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    rounds.cancel(payments, open_round.pk, alice)
    assert room_of(payments).round is None
    with pytest.raises(ballots.Sealed):
        ballots.revealed(Round.objects.get(pk=open_round.pk))
    assert votes_of(open_round) == {"Anna": "5"}


def test_every_round_of_an_issue_is_kept(payments, alice, anna, open_round):
    present = open_round
    for card in ("5", "8", "13"):
        rounds.vote(anna, present.pk, card)
        rounds.reveal(payments, present.pk, alice)
        present = rounds.begin(payments, alice, open_round.issue)
    kept = open_round.issue.rounds.order_by("pk")
    assert [votes_of(one) for one in kept] == [{"Anna": "5"}, {"Anna": "8"}, {"Anna": "13"}, {}]


def test_the_votes_of_an_open_round_are_sealed(anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    with pytest.raises(ballots.Sealed):
        ballots.revealed(open_round)


def test_a_vote_survives_the_deletion_of_the_account(payments, alice, anna, open_round):
    rounds.vote(anna, open_round.pk, "5")
    anna.user.delete()
    assert votes_of(open_round) == {"Anna": "5"}


# --- Who is waited for


def test_who_was_not_seen_for_five_minutes_is_not_waited_for(anna, ben, open_round):
    table.see(ben, timezone.now() - table.AT_THE_TABLE - timedelta(seconds=1))
    assert table.progress(open_round).missing == {anna.user_id}


def test_a_phone_that_sleeps_for_less_is_waited_for(anna, ben, open_round):
    table.see(ben, timezone.now() - table.AT_THE_TABLE + timedelta(seconds=10))
    assert table.progress(open_round).missing == {anna.user_id, ben.user_id}


def test_who_voted_and_left_has_voted(anna, ben, open_round):
    rounds.vote(ben, open_round.pk, "5")
    ben_id = ben.user_id
    ben.delete()
    assert table.progress(open_round) == table.Progress(
        voted=frozenset({ben_id}), missing=frozenset({anna.user_id})
    )


# --- Revealing by itself


@pytest.fixture
def by_itself(payments: Group, alice: User) -> Round:
    room = room_of(payments)
    room.reveals_by_itself = True
    room.save()
    return rounds.begin(payments, alice, new_issue(payments))


def test_the_last_vote_reveals_a_round_that_reveals_by_itself(anna, ben, by_itself):
    rounds.vote(anna, by_itself.pk, "5")
    assert state_of(by_itself) == State.OPEN
    rounds.vote(ben, by_itself.pk, "8")
    assert audit(by_itself.pk)[-1] == ("revealed", "", 2, 2)


def test_it_reveals_as_well_when_the_last_missing_voter_leaves(payments, anna, ben, by_itself, committed):
    rounds.vote(anna, by_itself.pk, "5")
    with committed():
        payments.remove(ben)
    assert state_of(by_itself) == State.REVEALED


def test_it_reveals_as_well_when_the_last_missing_voter_only_observes(anna, ben, by_itself, committed):
    rounds.vote(anna, by_itself.pk, "5")
    with committed():
        ben.change_role(Role.OBSERVER)
    assert state_of(by_itself) == State.REVEALED


def test_without_a_single_vote_nothing_reveals_itself(payments, anna, by_itself, committed):
    with committed():
        payments.remove(anna)
    assert state_of(by_itself) == State.OPEN


def test_taking_back_the_only_missing_card_reveals_nothing(anna, by_itself, ben):
    rounds.vote(anna, by_itself.pk, "5")
    rounds.take_back(anna, by_itself.pk)
    assert state_of(by_itself) == State.OPEN


# --- The version


def test_each_change_counts_the_version_up(payments, alice, anna, open_round, committed):
    versions = [room_of(payments).version]
    for change in (
        lambda: rounds.vote(anna, open_round.pk, "5"),
        lambda: rounds.take_back(anna, open_round.pk),
        lambda: rounds.vote(anna, open_round.pk, "5"),
        lambda: rounds.reveal(payments, open_round.pk, alice),
        lambda: rounds.settle(payments, open_round.pk, FIVE, alice),
        lambda: at_the_table(payments, "Dora"),
    ):
        with committed():
            change()
        versions.append(room_of(payments).version)
    assert versions == sorted(set(versions))


def test_what_was_refused_leaves_the_version(payments, anna, open_round):
    before = room_of(payments).version
    with pytest.raises(NoSuchCard):
        rounds.vote(anna, open_round.pk, "4")
    assert room_of(payments).version == before
