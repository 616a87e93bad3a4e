"""What has happened to an issue, round by round, and what stays secret."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from groups.models import Group, Membership
from issues import ballots, history, rounds, table
from issues.ballots import Sealed
from issues.history import Cell, Mover
from issues.models import Issue, Round, Transition
from issues.models.round import State
from issues.tests.room import at_the_table, new_issue
from issues.tests.session import cancelled, many_rounds, play

pytestmark = pytest.mark.django_db

SECRET = "Zebrafinch"  # a reason that stands nowhere else
SECRET_CARD = "89"


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def ben(payments: Group) -> Membership:
    return at_the_table(payments, "Ben")


@pytest.fixture
def issue(payments: Group) -> Issue:
    return new_issue(payments)


def page(issue: Issue) -> str:
    return render_to_string("issues/round_history.html", {"history": history.of_issue(issue)})


def cells(issue: Issue) -> dict[str, list[Cell]]:
    return {person.name: list(person.cells) for person in history.of_issue(issue).people}


def open_round(group: Group, issue: Issue, seat: Membership) -> Round:
    round_ = rounds.begin(group, group.user, issue)
    table.see(seat)
    rounds.vote(seat, round_.pk, SECRET_CARD, SECRET)
    return round_


# --- Ballots


def test_the_votes_of_several_rounds_come_in_one_query(payments, issue, anna, ben, django_assert_num_queries):
    played = play(payments, issue, [{anna: "8", ben: "5"}, {anna: "5"}])
    with django_assert_num_queries(1):
        found = ballots.revealed_of(played)
    assert [[(one.name, one.card) for one in found[round_.pk]] for round_ in played] == [
        [("Ben", "5"), ("Anna", "8")],
        [("Anna", "5")],
    ]


def test_a_single_sealed_round_seals_the_whole_question(payments, issue, anna):
    revealed = play(payments, issue, [{anna: "8"}])
    sealed = cancelled(payments, issue, {anna: "5"})
    for ask in (ballots.revealed_of, ballots.counts_of):
        with pytest.raises(Sealed):
            ask([*revealed, sealed])


def test_counts_keep_cards_apart_that_a_database_takes_for_the_same(payments, issue, anna, ben):
    payments.deck = "e é 🚀 🐢"
    payments.save()
    played = play(payments, issue, [{anna: "e", ben: "é"}, {anna: "🚀", ben: "🐢"}])
    assert list(ballots.counts_of(played).values()) == [{"e": 1, "é": 1}, {"🚀": 1, "🐢": 1}]


# --- Of an issue


def test_rounds_come_in_their_order_with_their_lines(payments, alice, issue, anna, ben):
    play(payments, issue, [{anna: "3", ben: "8"}, {anna: "5", ben: "5"}], "5")
    first, second = history.of_issue(issue).rounds
    assert (first.number, first.settled, second.number) == (1, None, 2)
    assert first.revealed is not None
    assert (first.revealed.name, first.revealed.votes, first.revealed.voters) == ("Alice", 2, 2)
    assert second.settled is not None


def test_the_movement_of_a_person_is_told_from_round_to_round(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5", ben: "8"}, {anna: "8", ben: "8"}])
    assert cells(issue) == {
        "Anna": [Cell("5"), Cell("8", before="5", steps=1)],
        "Ben": [Cell("8"), Cell("8")],
    }
    assert history.of_issue(issue).rounds[1].movers == [Mover("Anna", "5", "8")]


def test_who_missed_a_round_moves_from_the_one_before(payments, issue, anna, ben):
    play(payments, issue, [{anna: "13", ben: "8"}, {ben: "8"}, {anna: "5", ben: "8"}])
    assert cells(issue)["Anna"] == [Cell("13"), Cell(), Cell("5", before="13", steps=-2)]


def test_a_special_card_is_neither_up_nor_down(payments, issue, anna):
    play(payments, issue, [{anna: "5"}, {anna: "?"}])
    assert cells(issue)["Anna"][1] == Cell("?", before="5", steps=0)


def test_a_person_keeps_the_row_under_a_new_nickname(payments, issue, anna):
    play(payments, issue, [{anna: "5"}])
    anna.rename("Anne")
    play(payments, issue, [{anna: "8"}])
    assert cells(issue) == {"Anne": [Cell("5"), Cell("8", before="5", steps=1)]}


def test_the_votes_of_a_deleted_account_stay_under_its_name(payments, issue, anna):
    play(payments, issue, [{anna: "5"}, {anna: "8"}])
    anna.user.delete()
    assert cells(issue) == {"Anna": [Cell("5"), Cell("8", before="5", steps=1)]}


def test_two_with_one_name_are_two_people(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5"}])
    anna.rename("Someone else")
    ben.rename("Anna")
    play(payments, issue, [{ben: "8"}])
    assert [person.name for person in history.of_issue(issue).people] == ["Anna", "Anna"]


@pytest.mark.parametrize("number", [1, 12])
def test_three_queries_tell_the_history_however_long_it_is(
    payments, issue, anna, ben, number, django_assert_num_queries
):
    play(payments, issue, [{anna: "5", ben: "8"}] * number)
    with django_assert_num_queries(3):
        page(issue)


def test_the_page_tells_who_revealed_and_settled(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5", ben: "8"}], "8")
    text = page(issue)
    assert "revealed by <bdi>Alice</bdi> with 2 of 2 votes" in text
    assert "settled on" in text


def test_a_reveal_by_itself_names_nobody(payments, issue, anna):
    (round_,) = play(payments, issue, [{anna: "5"}])
    Transition.objects.filter(round=round_, state=State.REVEALED).update(by=None, name="")
    assert "revealed by itself with 1 of 1 votes" in page(issue)


def test_an_issue_without_rounds_says_what_will_be_here(issue):
    assert "Nobody has voted on this issue yet" in page(issue)


def test_names_are_never_read_as_html(payments, issue, anna):
    anna.rename("<b>Anna</b>")
    play(payments, issue, [{anna: "5"}, {anna: "8"}], "8")
    assert "<b>Anna" not in page(issue)


def test_of_a_hundred_people_most_are_folded(payments, issue, anna):
    play(payments, issue, [{at_the_table(payments, f"Voter {number}"): "5" for number in range(30)}])
    assert "5 more people" in page(issue)


# --- Secrecy


def test_nothing_of_an_open_round_is_told(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5", ben: "8"}])
    open_round(payments, issue, anna)
    text = page(issue)
    assert "Round 2" in text
    assert SECRET not in text
    assert SECRET_CARD not in text


def test_a_cancelled_round_is_told_but_never_its_votes(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5", ben: "8"}])
    cancelled(payments, issue, {anna: SECRET_CARD}, SECRET)
    text = page(issue)
    assert "cancelled by <bdi>Alice</bdi> after 1 of 2 votes" in text
    assert SECRET not in text
    assert SECRET_CARD not in text


def test_once_it_is_revealed_the_same_vote_is_told(payments, issue, anna):
    round_ = open_round(payments, issue, anna)
    rounds.reveal(payments, round_.pk, payments.user, early=True)
    text = page(issue)
    assert SECRET in text
    assert SECRET_CARD in text


# --- Of a group


def test_sealed_rounds_are_no_part_of_what_a_group_has_done(payments, issue, anna, ben):
    play(payments, issue, [{anna: "5", ben: "8"}])
    cancelled(payments, issue, {anna: SECRET_CARD}, SECRET)
    open_round(payments, issue, anna)
    record = history.of_group(payments)
    assert [past.counts for past in record.rounds] == [{"5": 1, "8": 1}]


def test_an_issue_that_only_has_sealed_rounds_is_not_there(payments, issue, anna):
    open_round(payments, issue, anna)
    record = history.of_group(payments)
    assert (list(record.rounds), dict(record.issues)) == ([], {})


def test_a_round_comes_with_its_estimate_and_its_issue_with_its_points(payments, issue, anna):
    at = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    play(payments, issue, [{anna: "5"}], "S=4", at=at)
    record = history.of_group(payments)
    (past,) = record.rounds
    assert (past.opened, (past.settled or at) - at) == (at, timedelta(minutes=5))
    assert past.estimate is not None
    assert past.estimate.label == "S"
    assert record.issues[issue.pk].points == Decimal(4)


def test_what_another_group_did_is_not_told(payments, alice, issue, anna):
    play(payments, issue, [{anna: "5"}], "5")
    record = history.of_group(Group.objects.start(alice, "Another"))
    assert (list(record.rounds), dict(record.issues)) == ([], {})


def test_the_latest_rounds_are_told_where_there_are_too_many(payments):
    many_rounds(payments, history.MAX_ROUNDS + 1, voters=1)
    record = history.of_group(payments)
    oldest = min(payments.rounds.values_list("issue", flat=True))
    assert len(record.rounds) == history.MAX_ROUNDS
    assert oldest not in {past.issue for past in record.rounds}
