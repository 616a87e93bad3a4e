"""Cards, and the decks that somebody writes."""

from decimal import Decimal

import pytest

from groups import decks
from groups.decks import BREAK, UNSURE, BadDeck, Card

pytestmark = pytest.mark.once


def labels(text: str) -> list[str]:
    return [card.label for card in decks.parse(text)]


@pytest.mark.parametrize("text", ["1 2 3", "1, 2, 3", "1,2,3", " 1;  2\n3 ", "1 2, 3,"])
def test_cards_are_separated_by_spaces_or_commas(text):
    assert labels(text) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("label", "value"),
    [("13", "13"), ("½", "0.5"), ("0.5", "0.5"), ("0,5", "0.5"), ("S=1", "1"), ("½=0,6", "0.6")],
)
def test_a_card_that_reads_as_a_number_stands_for_it(label, value):
    assert decks.parse(f"{label} 99")[0].value == Decimal(value)


def test_a_label_without_a_number_stands_for_none():
    assert decks.parse("S M")[0] == Card("S", None)


def test_the_specials_come_last_wherever_they_were_written():
    assert labels("☕ 1 ? 2") == ["1", "2", UNSURE, BREAK]


def test_a_deck_may_have_no_specials():
    assert labels("1 2") == ["1", "2"]


@pytest.mark.parametrize("special", ["?", "☕", "☕\ufe0f"])
def test_a_special_is_no_estimate(special):
    assert decks.parse(f"1 2 {special}")[-1].is_special


@pytest.mark.parametrize(
    ("text", "code", "card"),
    [
        ("1 2 123456789", "label", "123456789"),
        ("1 2 =5", "label", "=5"),
        ("1 2 a\u202eb", "label", "a\u202eb"),
        ("1 2 S=much", "number", "S=much"),
        ("1 2 0.125", "number", "0.125"),
        ("1 2 1000000", "number", "1000000"),
        ("1 2 xl XL", "twice", "XL"),
        ("1 2 ２", "twice", "２"),
        ("1", "few", ""),
        ("1 ? ☕", "few", ""),
        ("", "few", ""),
    ],
)
def test_what_makes_no_deck_is_refused_with_the_card_that_is_meant(text, code, card):
    with pytest.raises(BadDeck) as refused:
        decks.parse(text)
    assert (refused.value.code, refused.value.card) == (code, card)


def test_a_deck_has_30_cards_besides_the_specials_and_no_more():
    text = " ".join(map(str, range(30)))
    assert len(decks.parse(f"{text} ? ☕")) == 32
    with pytest.raises(BadDeck, match="many"):
        decks.parse(f"{text} 30")


def test_a_label_of_8_characters_and_the_number_999999_are_taken():
    assert decks.parse("12345678=999999 1")[0] == Card("12345678", Decimal(999_999))


@pytest.mark.parametrize("text", ["0 ½ 1 ? ☕", "S=1 M=2.5 L", "0.5 1", "½=0.6 10", *decks.PRESETS.values()])
def test_a_deck_survives_being_written_out_and_read_again(text):
    assert decks.text_of(decks.parse(text)) == text


def test_a_card_is_found_by_its_label():
    deck = decks.parse("S=1 M=3")
    assert decks.card_of(deck, "M") == Card("M", Decimal(3))
    assert decks.card_of(deck, "XXL") is None
