"""Asynchronous rounds: open for several issues at once, until a deadline; then only the disputed ones need a talk."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from groups.tests.people import seated
from issues import agenda, async_rounds, backlog, rounds
from issues.models import Issue, Round, Transition, Vote
from issues.models.round import State
from issues.rooms import room_of
from issues.tests.room import at_the_table, audit, new_issue
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def issues(payments: Group) -> list[Issue]:
    return [new_issue(payments, title) for title in ("Refunds", "Receipts", "Vouchers")]


@pytest.fixture
def anna(payments: Group) -> Membership:
    return seated(payments, "Anna")


@pytest.fixture
def ben(payments: Group) -> Membership:
    return seated(payments, "Ben")


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


@pytest.fixture
def opened(payments: Group, alice: User, issues: list[Issue]) -> Sequence[Round]:
    return async_rounds.begin(payments, alice, issues, tomorrow())


def state_of(round_: Round) -> str:
    return str(Round.objects.get(pk=round_.pk).state)


def expire(*expired: Round) -> None:
    """Let their deadline be a moment ago."""
    now = timezone.now() - timedelta(seconds=1)
    Round.objects.filter(pk__in=[round_.pk for round_ in expired]).update(deadline=now)


def cast(round_: Round, cards: dict[Membership, str]) -> None:
    for seat, card in cards.items():
        rounds.vote(seat, round_.pk, card)


# --- Opening


def test_several_issues_are_open_at_once_and_none_is_on_the_table(payments, opened):
    assert [state_of(round_) for round_ in opened] == [State.OPEN] * 3
    assert room_of(payments).round is None


def test_an_issue_that_is_open_already_is_refused_and_so_are_all_with_it(payments, alice, issues, opened):
    more = new_issue(payments, "Export")
    with pytest.raises(rounds.IssueVotedOn):
        async_rounds.begin(payments, alice, [more, issues[0]], tomorrow())
    assert not Round.objects.filter(issue=more).exists()


def test_an_archived_issue_is_refused(payments, alice, issues):
    backlog.archive(issues[0])
    with pytest.raises(rounds.IssueArchived):
        async_rounds.begin(payments, alice, issues, tomorrow())


def test_the_issue_on_the_table_is_refused(payments, alice, issues):
    rounds.begin(payments, alice, issues[0])
    with pytest.raises(rounds.IssueVotedOn):
        async_rounds.begin(payments, alice, issues, tomorrow())


def test_the_table_does_not_vote_on_what_is_open_and_goes_on_with_the_next(payments, alice, issues):
    async_rounds.begin(payments, alice, issues[:1], tomorrow())
    with pytest.raises(rounds.IssueVotedOn):
        rounds.begin(payments, alice, issues[0])
    assert backlog.upcoming(payments).first() == issues[1]
    rounds.begin(payments, alice, issues[1])


def test_a_hundred_may_be_open_and_no_more(payments, alice, monkeypatch):
    monkeypatch.setattr(async_rounds, "MAX_OPEN", 3)
    async_rounds.begin(
        payments, alice, [new_issue(payments, f"Card {each}") for each in range(3)], tomorrow()
    )
    with pytest.raises(async_rounds.TooMany):
        async_rounds.begin(payments, alice, [new_issue(payments, "One more")], tomorrow())
    assert Round.objects.open().count() == 3


@pytest.mark.parametrize(
    ("time", "is_taken"),
    [
        (async_rounds.SHORTEST + timedelta(seconds=5), True),
        (async_rounds.SHORTEST - timedelta(seconds=5), False),
        (async_rounds.LONGEST - timedelta(seconds=5), True),
        (async_rounds.LONGEST + timedelta(seconds=5), False),
    ],
)
def test_a_deadline_is_five_minutes_to_sixty_days_away(payments, alice, issues, time, is_taken):
    try:
        async_rounds.begin(payments, alice, issues, timezone.now() + time)
    except async_rounds.NoSuchDeadline:
        assert not is_taken
    assert Round.objects.exists() == is_taken


# --- Voting


def test_whoever_is_not_at_the_table_votes_changes_and_takes_back(anna, opened):
    first = opened[0]
    rounds.vote(anna, first.pk, "5", "Looks small")
    rounds.vote(anna, first.pk, "8")
    assert list(Vote.objects.values_list("card", flat=True)) == ["8"]
    rounds.take_back(anna, first.pk)
    assert not Vote.objects.exists()


def test_a_vote_after_the_deadline_is_refused_though_nobody_has_revealed_yet(anna, opened):
    expire(opened[0])
    for attempt in (
        lambda: rounds.vote(anna, opened[0].pk, "5"),
        lambda: rounds.take_back(anna, opened[0].pk),
        lambda: rounds.give_reason(anna, opened[0].pk, "Late"),
    ):
        with pytest.raises(rounds.RoundOver):
            attempt()
    assert not Vote.objects.exists()


def test_another_group_s_round_is_none_of_one_s_business(alice, opened):
    other = seated(Group.objects.start(alice, "Other"), "Olga")
    with pytest.raises(rounds.RoundOver):
        rounds.vote(other, opened[0].pk, "5")


def test_an_observer_has_no_vote(payments, opened):
    observer = seated(payments, "Olga", Role.OBSERVER)
    with pytest.raises(rounds.NotAtTheTable):
        rounds.vote(observer, opened[0].pk, "5")


# --- The end


def test_at_the_deadline_what_was_voted_on_is_revealed_and_the_rest_is_cancelled(payments, anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    expire(*opened[:2])
    rounds.touch(payments)
    assert [state_of(round_) for round_ in opened] == [State.REVEALED, State.CANCELLED, State.OPEN]
    # Alice, Bob and Anna may vote.
    assert audit(opened[0].pk)[1:] == [(State.REVEALED, "", 1, 3)]
    assert Transition.objects.get(round=opened[0], state=State.REVEALED).missing == ["Alice", "Bob"]


def test_the_process_that_serves_the_site_reveals_though_nobody_looks(anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    expire(opened[0])
    async_rounds.reveal_due()
    assert [state_of(round_) for round_ in opened] == [State.REVEALED, State.OPEN, State.OPEN]


def test_in_an_archived_group_everything_stays_as_it_was(payments, anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    payments.archive()
    expire(*opened)
    async_rounds.reveal_due()
    assert {state_of(round_) for round_ in opened} == {State.OPEN}


def test_it_may_end_early_once_all_have_voted_the_absent_too(payments, alice, anna, issues):
    (round_,) = async_rounds.begin(payments, alice, issues[:1], tomorrow(), reveals_by_itself=True)
    seats = list(payments.memberships.all())
    for seat in seats[:-1]:
        rounds.vote(seat, round_.pk, "5")
        assert state_of(round_) == State.OPEN
    rounds.vote(seats[-1], round_.pk, "5")
    assert state_of(round_) == State.REVEALED


def test_else_it_waits_for_its_deadline(payments, opened):
    for seat in payments.memberships.all():
        rounds.vote(seat, opened[0].pk, "5")
    assert state_of(opened[0]) == State.OPEN


def test_a_facilitator_ends_all_at_once(payments, alice, anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    async_rounds.end(payments, alice)
    assert [state_of(round_) for round_ in opened] == [State.REVEALED, State.CANCELLED, State.CANCELLED]
    assert audit(opened[0].pk)[-1][:2] == (State.REVEALED, "Alice")


def test_the_deadline_can_be_moved_but_not_of_what_is_over(payments, opened):
    expire(opened[0])
    later = timezone.now() + timedelta(days=7)
    assert async_rounds.move_deadline(payments, later) == 2
    assert [round_.deadline == later for round_ in Round.objects.order_by("pk")] == [False, True, True]


def test_one_can_be_stopped_and_what_was_voted_stays_secret(payments, alice, anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    rounds.cancel(payments, opened[0].pk, alice)
    assert state_of(opened[0]) == State.CANCELLED
    assert agenda.of(payments).agreed == agenda.of(payments).disputed == []


def test_to_stop_one_leaves_the_table_alone(payments, alice, issues, anna):
    (aside,) = async_rounds.begin(payments, alice, issues[:1], tomorrow())
    present = rounds.begin(payments, alice, issues[1])
    rounds.cancel(payments, aside.pk, alice)
    assert room_of(payments).round == present


# --- The agenda


@pytest.fixture
def revealed(payments, alice, anna, ben, opened):
    """All agree on the first, not on the second, and of the third somebody knows nothing."""
    cast(opened[0], {anna: "5", ben: "5"})
    cast(opened[1], {anna: "3", ben: "8"})
    cast(opened[2], {anna: "5", ben: "?"})
    async_rounds.end(payments, alice)
    return opened


def disputed(group: Group) -> list[str]:
    return [item.issue.title for item in agenda.of(group).disputed]


def test_only_the_disputed_ones_are_on_the_agenda(payments, revealed):
    found = agenda.of(payments)
    assert [item.issue.title for item in found.agreed] == ["Refunds"]
    assert disputed(payments) == ["Receipts", "Vouchers"]


def test_one_estimate_alone_is_no_agreement(payments, alice, anna, opened):
    rounds.vote(anna, opened[0].pk, "5")
    async_rounds.end(payments, alice)
    assert disputed(payments) == ["Refunds"]


def test_a_break_says_nothing_about_an_issue(payments, alice, anna, ben, opened):
    cast(opened[0], {anna: "5", ben: "5", payments.memberships.get(user=alice): "☕"})
    async_rounds.end(payments, alice)
    assert disputed(payments) == []


def test_the_agreed_estimates_are_saved_at_once(payments, alice, revealed, issues):
    assert async_rounds.settle_agreed(payments, alice) == 1
    issues[0].refresh_from_db()
    assert (issues[0].estimate, issues[0].estimated_by) == ("5", alice)
    assert [state_of(round_) for round_ in revealed] == [State.SETTLED, State.REVEALED, State.REVEALED]
    assert async_rounds.settle_agreed(payments, alice) == 0


def test_a_disputed_one_comes_on_the_table_with_its_votes_and_is_settled_there(payments, alice, revealed):
    async_rounds.discuss(payments, revealed[1].pk)
    assert room_of(payments).round == revealed[1]
    rounds.settle(payments, revealed[1].pk, decks.card("5"), alice)
    assert disputed(payments) == ["Vouchers"]


def test_it_waits_until_the_table_is_free(payments, alice, revealed):
    present = rounds.begin(payments, alice)
    with pytest.raises(rounds.RoundOpen):
        async_rounds.discuss(payments, revealed[1].pk)
    assert room_of(payments).round == present


def test_an_open_one_never_comes_on_the_table(payments, opened):
    with pytest.raises(rounds.RoundOver):
        async_rounds.discuss(payments, opened[0].pk)
    assert room_of(payments).round is None


def test_a_new_vote_on_the_issue_takes_it_off_the_agenda(payments, alice, revealed, issues):
    rounds.begin(payments, alice, issues[1])
    assert disputed(payments) == ["Vouchers"]


def test_an_archived_issue_is_off_the_agenda(payments, revealed, issues):
    backlog.archive(issues[1])
    assert disputed(payments) == ["Vouchers"]


def test_an_issue_that_had_an_estimate_before_is_on_the_agenda(payments, alice, anna, ben, issues):
    issues[0].settle(decks.card("3"), alice)
    (round_,) = async_rounds.begin(payments, alice, issues[:1], tomorrow())
    cast(round_, {anna: "3", ben: "8"})
    async_rounds.end(payments, alice)
    assert disputed(payments) == ["Refunds"]


def test_the_agenda_takes_three_queries_for_any_number_of_rounds(
    payments, alice, anna, ben, django_assert_num_queries
):
    many = [new_issue(payments, f"Card {each}", description="x" * 1000) for each in range(30)]
    for round_ in async_rounds.begin(payments, alice, many, tomorrow())[:20]:
        cast(round_, {anna: "3", ben: "8"})
        rounds.reveal(payments, round_.pk, alice, early=True)
    with django_assert_num_queries(3):
        found = agenda.of(payments)
    assert (len(found.open), len(found.disputed)) == (10, 20)


def test_whoever_sits_at_the_table_is_waited_for_there_alone(payments, alice, issues, opened):
    """The absent are waited for in their own time, not at the table."""
    at_the_table(payments, "Dora")
    present = rounds.begin(payments, alice)
    assert audit(present.pk)[0][3] == 1
    assert audit(opened[0].pk)[0][3] == 2
