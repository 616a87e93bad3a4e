"""Where the parts of a chart stand. Pure functions; templates draw what they return as SVG.

Widths and places from left to right are percents of the drawing, so that it fits on any screen while its text keeps
its size; heights are pixels. Both are written as SVG reads them, whatever the language of the page.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from statistics import fmean

from issues.statistics import DISCUSS_BELOW, Statistics

NAMES = 12  # told in one place; of the others only how many they are
HEIGHT = 180  # of the drawings over time
MAX_DOTS = 40  # more would run into each other on a phone
MAX_COLUMNS = 26
MAX_WIDTH = 9  # percent: a few columns are no walls
SMOOTH = 5  # values in the line through the dots
GRIDLINES = 4  # at most


@dataclass(frozen=True)
class Names:
    """The first names of a list, and how many more there are."""

    shown: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class Row:
    """A bar that lies, with its label before and its number behind it."""

    label: object
    count: int
    width: str  # "0%" to "100%", of the longest
    names: Names = Names((), 0)
    is_suggested: bool = False


@dataclass(frozen=True)
class Tick:
    """A line across the drawing, and the number at it."""

    y: int
    value: Decimal


@dataclass(frozen=True)
class Day:
    """A date below the drawing; `anchor` is the SVG text-anchor."""

    x: str
    anchor: str
    date: date


@dataclass(frozen=True)
class Value:
    """What a dot stands for."""

    date: date
    number: int
    name: str = ""


@dataclass(frozen=True)
class Dot:
    """One value, or the mean of `count` of them that follow each other."""

    x: str
    y: int
    date: date
    number: int
    count: int
    name: str
    is_low: bool


@dataclass(frozen=True)
class Segment:
    """A piece of a line."""

    x1: str
    y1: int
    x2: str
    y2: int


@dataclass(frozen=True)
class Dots:
    """Percents over time: a dot each, and a line through the mean of the last ones."""

    height: int
    dots: tuple[Dot, ...]
    line: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    days: tuple[Day, ...]
    limit: Tick  # below it a dot is low
    each: int  # how many values most dots stand for


@dataclass(frozen=True)
class Column:
    """A bar that stands: what was summed up over `weeks`."""

    x: str
    y: int
    width: str
    height: int
    date: date
    number: Decimal
    weeks: int


@dataclass(frozen=True)
class Columns:
    """Sums over time."""

    height: int
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    days: tuple[Day, ...]
    each: int  # how many weeks most columns stand for


def folded(names: Iterable[str], limit: int = NAMES) -> Names:
    """The names as far as they are told one by one; a single one more is told too, as that is as short."""
    names = tuple(names)
    shown = names if len(names) <= limit + 1 else names[:limit]
    return Names(shown, len(names) - len(shown))


def rows(counts: Sequence[tuple[object, int]]) -> tuple[Row, ...]:
    """A row for each label and its number."""
    longest = max((count for _label, count in counts), default=0)
    return tuple(Row(label, count, _part(count, longest)) for label, count in counts)


def distribution(statistics: Statistics) -> tuple[Row, ...]:
    """A row for each card from the lowest to the highest that was played, with those who played it."""
    played = [place for place, bar in enumerate(statistics.bars) if bar.count]
    if not played:
        return ()
    bars = statistics.bars[played[0] : played[-1] + 1]
    longest = max(bar.count for bar in bars)
    return tuple(
        Row(
            label=bar.card.label,
            count=bar.count,
            width=_part(bar.count, longest),
            names=folded(bar.voters),
            is_suggested=bar.card == statistics.suggested,
        )
        for bar in bars
    )


def dots(values: Sequence[Value]) -> Dots:
    """Percents in the order of time, the first one at the left; of too many the means of neighbours."""
    each = max(1, math.ceil(len(values) / MAX_DOTS))
    groups = [values[start : start + each] for start in range(0, len(values), each)]
    places = [_middle(number, len(groups)) for number in range(len(groups))]
    numbers = [math.floor(fmean(value.number for value in group)) for group in groups]
    drawn = tuple(
        Dot(
            x=_percent(place),
            y=_height(number, 100),
            date=group[0].date,
            number=number,
            count=len(group),
            name=group[0].name if len(group) == 1 else "",
            is_low=number < DISCUSS_BELOW,
        )
        for place, number, group in zip(places, numbers, groups, strict=True)
    )
    return Dots(
        height=HEIGHT,
        dots=drawn,
        line=_line(places, numbers),
        ticks=tuple(Tick(_height(number, 100), Decimal(number)) for number in (0, 50, 100)),
        days=_days(places, [dot.date for dot in drawn]),
        limit=Tick(_height(DISCUSS_BELOW, 100), Decimal(DISCUSS_BELOW)),
        each=each,
    )


def columns(weeks: Sequence[tuple[date, Decimal]]) -> Columns:
    """A column for each week, the first one at the left; of too many the sums of neighbours."""
    each = max(1, math.ceil(len(weeks) / MAX_COLUMNS))
    groups = [weeks[start : start + each] for start in range(0, len(weeks), each)]
    sums = [sum((number for _date, number in group), Decimal(0)) for group in groups]
    scale = _scale(max(sums, default=Decimal(0)))
    room = 100 / max(len(groups), 1)
    width = min(room * 0.7, MAX_WIDTH)
    drawn = tuple(
        Column(
            x=_percent(_middle(number, len(groups)) - width / 2),
            y=_height(total, scale[-1]),
            width=_percent(width),
            height=HEIGHT - _height(total, scale[-1]),
            date=group[0][0],
            number=total,
            weeks=len(group),
        )
        for number, (total, group) in enumerate(zip(sums, groups, strict=True))
    )
    return Columns(
        height=HEIGHT,
        columns=drawn,
        ticks=tuple(Tick(_height(number, scale[-1]), number) for number in scale),
        days=_days(
            [_middle(number, len(groups)) for number in range(len(groups))], [group[0][0] for group in groups]
        ),
        each=each,
    )


def share(number: int, whole: int = 100) -> str:
    """The part of the whole, as the width of a bar."""
    return _part(number, whole)


def _part(number: int, whole: int) -> str:
    return _percent(100 * number / whole if whole else 0)


def _percent(number: float) -> str:
    return f"{round(number, 2):g}%"


def _middle(number: int, count: int) -> float:
    """The middle of one of so many equal strips, in percent."""
    return 100 * (number + 0.5) / count


def _height(number: Decimal | float, top: Decimal | float) -> int:
    """How far from the upper edge a number stands, where `top` stands at it."""
    return round(HEIGHT * (1 - float(number) / float(top)))


def _line(places: Sequence[float], numbers: Sequence[int]) -> tuple[Segment, ...]:
    """Through the mean of the last SMOOTH numbers at each place; of fewer it would say nothing."""
    means = [
        (_percent(places[end - 1]), _height(fmean(numbers[end - SMOOTH : end]), 100))
        for end in range(SMOOTH, len(numbers) + 1)
    ]
    return tuple(Segment(x1, y1, x2, y2) for (x1, y1), (x2, y2) in itertools.pairwise(means))


def _days(places: Sequence[float], dates: Sequence[date]) -> tuple[Day, ...]:
    """The first date, the last one, and one between, as far as there is room for them on a phone."""
    if not places:
        return ()
    width, last = places[-1] - places[0], len(places) - 1
    chosen = {0: "middle"} if width < 60 else {0: "start", last: "end"}
    if width > 90:
        chosen = {0: "start", last // 2: "middle", last: "end"}
    return tuple(Day(_percent(places[place]), anchor, dates[place]) for place, anchor in chosen.items())


def _scale(highest: Decimal) -> Sequence[Decimal]:
    """Round numbers from 0 to the highest or just above, no more than GRIDLINES steps of 1, 2 or 5 times 10."""
    if highest <= 0:
        return [Decimal(0), Decimal(1)]
    step = Decimal(10) ** (highest / GRIDLINES).log10().to_integral_value(ROUND_FLOOR)
    step = next(step * factor for factor in (1, 2, 5, 10) if step * factor * GRIDLINES >= highest)
    return [step * number for number in range(math.ceil(highest / step) + 1)]
