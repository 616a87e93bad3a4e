"""What a team estimates with: cards, and decks of them. Pure functions."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

MAX_LABEL = 8  # characters
MAX_CARDS = 30  # besides the specials
MAX_TEXT = 700  # characters of a deck that is written out: more than its cards can have
MAX_VALUE = Decimal(999_999)
DECIMALS = 2

UNSURE = "?"
BREAK = "☕"
SPECIALS = (UNSURE, BREAK)  # no estimates: "I don't know", "I need a break"

# The decks that come along, as `parse` reads them.
PRESETS = {
    "fibonacci": "0 1 2 3 5 8 13 21 34 55 89 ? ☕",
    "modified": "0 ½ 1 2 3 5 8 13 20 40 100 ? ☕",
    "t-shirt": "XS S M L XL XXL ? ☕",
    "powers": "0 1 2 4 8 16 32 64 ? ☕",
    "hours": "1 2 4 6 8 12 16 24 32 40 ? ☕",
}


class BadDeck(ValueError):
    """These cards make no deck; the message is a code, and `card` the one that is meant."""

    def __init__(self, code: str, card: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.card = card


@dataclass(frozen=True)
class Card:
    """A card: what is written on it, and the number that it stands for, if it stands for one."""

    label: str
    value: Decimal | None = None

    @property
    def is_special(self) -> bool:
        """Whether playing it gives no estimate."""
        return self.label in SPECIALS

    def __str__(self) -> str:
        """As `parse` reads it."""
        if self.value is None or self.value == _number(self.label):
            return self.label
        return f"{self.label}={_plain(self.value)}"


Deck = tuple[Card, ...]  # in the order of the estimates, the specials last


def parse(text: str) -> Deck:
    """The deck that somebody wrote, such as `0 ½ 1 2 3 5 ? ☕` or `S=1 M=3 L=8`.

    Cards are separated by spaces, or by commas where there are no spaces. What reads as a number stands for it.
    The specials come last, wherever they were written. Raises BadDeck with one of the codes `label`, `number`,
    `twice`, `few` (fewer than two estimates) and `many`.
    """
    text = unicodedata.normalize("NFC", text).replace("\ufe0f", "").strip()
    words = re.split(r"\s+", text) if re.search(r"\s", text) else text.split(",")
    cards = [_card(word.strip(",;")) for word in words if word.strip(",;")]
    for position, card in enumerate(cards):
        if _key(card.label) in {_key(other.label) for other in cards[:position]}:
            raise BadDeck("twice", card.label)
    estimates = [card for card in cards if not card.is_special]
    if len(estimates) < 2:
        raise BadDeck("few")
    if len(estimates) > MAX_CARDS:
        raise BadDeck("many")
    return (*estimates, *(card for card in map(Card, SPECIALS) if card in cards))


def card(text: str) -> Card:
    """The card that somebody wrote, such as `13` or `S=1`. Raises BadDeck as `parse` does."""
    return _card(unicodedata.normalize("NFC", text).strip())


def text_of(deck: Iterable[Card]) -> str:
    """The deck as one line, as `parse` reads it."""
    return " ".join(map(str, deck))


def card_of(deck: Sequence[Card], label: str) -> Card | None:
    """The card of the deck with this label, if there is one."""
    return next((card for card in deck if card.label == label), None)


def _card(word: str) -> Card:
    label, equals, number = word.partition("=")
    if not label or len(label) > MAX_LABEL or not label.isprintable():
        raise BadDeck("label", word)
    if label in SPECIALS:
        return Card(label)
    value = _number(number if equals else label)
    if equals and value is None:
        raise BadDeck("number", word)
    if value is not None and (value > MAX_VALUE or value != round(value, DECIMALS)):
        raise BadDeck("number", word)
    return Card(label, value)


def _number(text: str) -> Decimal | None:
    """The number that a label reads as: `13`, `0.5`, `0,5`, `½`."""
    if len(text) == 1 and unicodedata.numeric(text, None) is not None:
        return Decimal(str(unicodedata.numeric(text)))
    if re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,9})?", text):
        return Decimal(text.replace(",", "."))
    return None


def _key(label: str) -> str:
    return unicodedata.normalize("NFKC", label.casefold())


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
