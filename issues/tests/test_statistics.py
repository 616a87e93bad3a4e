"""What the votes of a round say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groups import decks
from issues.statistics import Bar, Statistics, summarise

pytestmark = pytest.mark.once

FIBONACCI = decks.parse(decks.PRESETS["fibonacci"])
SHIRTS = decks.parse(decks.PRESETS["t-shirt"])


def votes(*labels: str) -> list[tuple[str, str]]:
    """Votes of A, B, C, …"""
    return [(chr(ord("A") + number), label) for number, label in enumerate(labels)]


def of(*labels: str, deck=FIBONACCI) -> Statistics:
    return summarise(deck, votes(*labels))


def test_a_bar_stands_for_every_estimate_of_the_deck_with_those_who_played_it():
    bars = {bar.card.label: bar.voters for bar in of("5", "8", "5").bars}
    assert list(bars) == ["0", "1", "2", "3", "5", "8", "13", "21", "34", "55", "89"]
    assert (bars["5"], bars["8"], bars["13"]) == (("A", "C"), ("B",), ())


def test_specials_and_missing_votes_stand_apart():
    found = summarise(FIBONACCI, votes("5", "?", "☕", "8"), ["Dora"])
    assert [(bar.card.label, bar.voters) for bar in found.specials] == [("?", ("B",)), ("☕", ("C",))]
    assert (found.missing, found.count) == (("Dora",), 2)


@pytest.mark.parametrize(
    ("labels", "average", "median"),
    [(["5"], "5", "5"), (["5", "8"], "6.5", "6.5"), (["1", "1", "2"], "1.33", "1"), (["?", "5"], "5", "5")],
)
def test_average_and_median_of_numbers(labels, average, median):
    assert (of(*labels).average, of(*labels).median) == (Decimal(average), Decimal(median))


def test_half_a_hundredth_is_rounded_up():
    deck = decks.parse("0 0.01")
    assert of("0", "0.01", deck=deck).average == Decimal("0.01")


def test_cards_without_numbers_have_neither_average_nor_median():
    assert of("S", "M", deck=SHIRTS).average is None
    assert of("S", "M", deck=SHIRTS).median is None


def test_one_estimate_without_a_number_is_enough_for_no_average():
    assert of("S", "L", deck=decks.parse("S=1 M=2 L")).average is None


@pytest.mark.parametrize(
    ("labels", "agreement"),
    [
        (["5", "5", "5"], 100),
        (["0", "89"], 0),
        (["5", "8"], 92),
        (["3", "5", "8"], 89),
        (["1", "8"], 67),
        (["5"], None),
        (["5", "?"], None),
        ([], None),
    ],
)
def test_agreement_in_percent(labels, agreement):
    assert of(*labels).agreement == agreement


def test_a_hundred_percent_is_for_those_alone_who_agree():
    found = of(*["5"] * 400, "8")
    assert (found.agreement, found.is_unanimous) == (99, False)


@pytest.mark.parametrize(("labels", "discuss"), [(["1", "8"], True), (["2", "8"], False), (["5"], False)])
def test_less_than_70_percent_want_discussion(labels, discuss):
    assert of(*labels).wants_discussion is discuss


@pytest.mark.parametrize(
    ("labels", "card"),
    [(["5", "5", "8"], "5"), (["5", "8"], "8"), (["1", "5", "8", "13"], "8"), (["?", "3"], "3")],
)
def test_the_median_card_is_suggested_and_of_two_the_higher(labels, card):
    assert of(*labels).suggested == decks.card(card)


def test_nothing_is_suggested_where_nobody_gave_an_estimate():
    assert of("?", "☕").suggested is None


def test_lowest_and_highest_are_named_where_they_differ():
    found = of("8", "3", "5", "3")
    assert found.lowest == Bar(decks.card("3"), ("B", "D"))
    assert found.highest == Bar(decks.card("8"), ("A",))
    assert of("5", "5").lowest is None


@pytest.mark.parametrize(("labels", "unanimous"), [(["5", "5"], True), (["5", "8"], False), (["5"], False)])
def test_unanimous_are_two_or_more_of_one_mind(labels, unanimous):
    assert of(*labels).is_unanimous is unanimous


@pytest.mark.parametrize(
    ("labels", "outliers"),
    [
        (["5", "5", "5", "5", "21"], ("E",)),
        (["5", "5", "5", "5", "8"], ()),
        (["3", "5", "8", "5", "89"], ("E",)),
        (["1", "3", "8", "21"], ()),
        (["5", "8"], ()),
    ],
)
def test_outliers_are_far_from_everyone_else(labels, outliers):
    assert of(*labels).outliers == outliers


def test_a_label_that_is_not_in_the_deck_is_refused():
    with pytest.raises(ValueError, match="no card 4"):
        of("4")


@given(st.lists(st.sampled_from([card.label for card in FIBONACCI]), max_size=40))
def test_whatever_is_played_the_numbers_stay_in_their_limits(labels):
    found = summarise(FIBONACCI, [(str(number), label) for number, label in enumerate(labels)])
    assert found.count + sum(bar.count for bar in found.specials) == len(labels)
    assert found.agreement is None or 0 <= found.agreement <= 100
    assert len(found.outliers) * 2 < max(1, found.count)


@given(st.lists(st.sampled_from([card.label for card in FIBONACCI]), min_size=1), st.randoms())
def test_the_order_of_the_votes_changes_no_number(labels, random):
    other = random.sample(labels, len(labels))
    one, two = of(*labels), of(*other)
    assert (one.average, one.agreement, one.suggested) == (two.average, two.agreement, two.suggested)
