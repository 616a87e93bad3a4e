"""What the model, every form and the admin refuse as a deck."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from groups import decks

_REASONS = {
    "label": _("“%(card)s” can't stand on a card: at most 8 visible characters, please."),
    "number": _("“%(card)s” is not a number from 0 to 999999 with at most two decimals."),
    "twice": _("The card “%(card)s” is in the deck twice."),
    "few": _("A deck needs at least two cards besides ? and ☕."),
    "many": _("A deck has at most 30 cards besides ? and ☕."),
}


def validate_deck(text: str) -> None:
    """Refuse what makes no deck. Raises ValidationError with the code of decks.BadDeck."""
    try:
        decks.parse(text)
    except decks.BadDeck as bad:
        raise _refusal(bad) from None


def validated_card(text: str) -> decks.Card:
    """The card that somebody wrote. Raises ValidationError with the code of decks.BadDeck."""
    try:
        return decks.card(text)
    except decks.BadDeck as bad:
        raise _refusal(bad) from None


def _refusal(bad: decks.BadDeck) -> ValidationError:
    return ValidationError(_REASONS[bad.code], code=bad.code, params={"card": bad.card})
