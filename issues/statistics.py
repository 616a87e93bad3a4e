"""What the votes of a round say. Pure functions; cards count by their place in the deck, whatever their numbers."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from groups.decks import Card

UNSURE = "?"
DISCUSS_BELOW = 70  # percent of agreement
OUTLIER_SCORE = 3.5
OUTLIER_DISTANCE = 2  # cards: a neighbour is never an outlier


@dataclass(frozen=True)
class Bar:
    """A card, and who played it, in the order in which the votes were given."""

    card: Card
    voters: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many played it."""
        return len(self.voters)


@dataclass(frozen=True)
class Statistics:
    """A round in numbers. What the votes do not yield is None, or empty."""

    bars: tuple[Bar, ...]  # every estimate of the deck, in its order
    specials: tuple[Bar, ...]  # those that were played
    missing: tuple[str, ...]  # who might have voted, and did not
    average: Decimal | None  # rounded to hundredths; only where every estimate stands for a number
    median: Decimal | None  # likewise
    agreement: int | None  # percent; from two estimates on
    suggested: Card | None
    lowest: Bar | None  # only where estimates differ
    highest: Bar | None
    outliers: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many estimates there are, specials and missing ones apart."""
        return sum(bar.count for bar in self.bars)

    @property
    def is_unanimous(self) -> bool:
        """Whether two or more gave an estimate, all of them the same."""
        return self.agreement is not None and self.lowest is None

    @property
    def is_disputed(self) -> bool:
        """Whether there is something to talk about: estimates differ, are fewer than two, or somebody has none."""
        return not self.is_unanimous or any(bar.card.label == UNSURE for bar in self.specials)

    @property
    def wants_discussion(self) -> bool:
        """Whether the estimates are far apart."""
        return self.agreement is not None and self.agreement < DISCUSS_BELOW


def summarise(
    deck: Sequence[Card], votes: Iterable[tuple[str, str]], missing: Iterable[str] = ()
) -> Statistics:
    """The statistics of a round.

    `votes` are pairs of a voter's name and a card's label; `missing` the names of those who gave none. Raises
    ValueError for a label that is not in the deck.
    """
    voters: dict[str, list[str]] = {card.label: [] for card in deck}
    for name, label in votes:
        if label not in voters:
            raise ValueError(f"There is no card {label} in this deck.")
        voters[label].append(name)
    bars = [Bar(card, tuple(voters[card.label])) for card in deck if not card.is_special]
    specials = [Bar(card, tuple(voters[card.label])) for card in deck if card.is_special]
    played = [bar for bar in bars if bar.voters]
    places = [place for place, bar in enumerate(bars) for _name in bar.voters]  # ascending
    values = _values(played)
    return Statistics(
        bars=tuple(bars),
        specials=tuple(bar for bar in specials if bar.voters),
        missing=tuple(missing),
        average=_rounded(statistics.mean(values)) if values else None,
        median=_rounded(statistics.median(values)) if values else None,
        agreement=_agreement(places, len(bars)),
        # Between two cards the higher one: what takes longer than estimated is the more common mistake.
        suggested=bars[statistics.median_high(places)].card if places else None,
        lowest=played[0] if len(played) > 1 else None,
        highest=played[-1] if len(played) > 1 else None,
        outliers=_outliers(bars, places),
    )


def _values(played: Sequence[Bar]) -> list[Fraction]:
    """The number of each estimate; none where one of them stands for no number."""
    if any(bar.card.value is None for bar in played):
        return []
    return [Fraction(bar.card.value) for bar in played if bar.card.value is not None for _name in bar.voters]


def _rounded(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _agreement(places: Sequence[int], cards: int) -> int | None:
    """Percent: 100 when all are alike, 0 when one half plays the first card and one half the last.

    The consensus of W. J. Tastle and M. J. Wierman, "Consensus and dissention: A measure of ordinal dispersion",
    International Journal of Approximate Reasoning 45 (2007), with the deck as the scale. Rounded down, so that only
    those who agree get 100.
    """
    if len(places) < 2:
        return None
    mean, width = statistics.fmean(places), cards - 1
    consensus = 1 + statistics.fmean(math.log2(1 - abs(place - mean) / width) for place in places)
    return 100 if len(set(places)) == 1 else max(0, math.floor(100 * consensus))


def _outliers(bars: Sequence[Bar], places: Sequence[int]) -> tuple[str, ...]:
    """Who played a card that lies far from all others.

    By the modified z-score of B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers" (1993): the distance
    from the median, beside the median of the distances, or beside their mean where that median is 0.
    """
    if not places:
        return ()
    middle = statistics.median(places)
    distances = [abs(place - middle) for place in places]
    scale = 1.4826 * statistics.median(distances) or 1.2533 * statistics.fmean(distances)
    return tuple(
        name
        for place, bar in enumerate(bars)
        for name in bar.voters
        if abs(place - middle) >= OUTLIER_DISTANCE and abs(place - middle) > OUTLIER_SCORE * scale
    )
