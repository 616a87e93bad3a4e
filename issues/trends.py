"""What a group's revealed rounds say over time. Pure functions."""

import statistics
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache

from groups.decks import Card, Deck, card_of
from issues.statistics import DISCUSS_BELOW, Statistics, summarise

MANY_ROUNDS = 4  # so many or more are told as one
MANY_STEPS = 2  # cards, likewise
# How long it took, up to each of these; what is longer comes last.
DURATIONS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 60, 24 * 60))
COMPARED_FROM = 8  # first votes, before a half of them is compared with the other
CLEARLY = 3  # percent of agreement: less is no difference
SPRINTS = 30  # told, the latest first


@dataclass(frozen=True)
class PastRound:
    """A revealed round. `issue` is the number of its issue; `counts` tells how often each card was played."""

    issue: int | None
    opened: datetime
    deck: Deck
    counts: Mapping[str, int]
    settled: datetime | None = None
    estimate: Card | None = None


@dataclass(frozen=True)
class PastIssue:
    """An issue that was voted on, or has an estimate."""

    name: str
    sprint: str = ""
    estimated: datetime | None = None
    points: Decimal | None = None


@dataclass(frozen=True)
class Record:
    """All that a group has done: its revealed rounds in their order, and its issues by their numbers."""

    rounds: Sequence[PastRound]
    issues: Mapping[int, PastIssue]

    @property
    def sprints(self) -> Sequence[str]:
        """The sprints that there are, by name."""
        return sorted({issue.sprint for issue in self.issues.values() if issue.sprint})


@dataclass(frozen=True)
class Estimation:
    """How an issue came to its estimate, from its first vote on. A vote without an issue stands for itself."""

    issue: int | None
    name: str
    sprint: str
    at: datetime
    agreement: int | None  # of the first vote, in percent
    first: Card | None  # what the first vote suggested
    median: Decimal | None  # of the first vote
    rounds: int  # until it was settled, or until now
    estimate: Card | None  # what was settled first; None while nothing is
    duration: timedelta | None  # from the first opening to the settling
    steps: int | None  # cards from `first` to `estimate`

    @property
    def is_settled(self) -> bool:
        return self.estimate is not None


@dataclass(frozen=True)
class Week:
    """The issues that got their estimate in the week that begins on this Monday."""

    monday: date
    points: Decimal
    issues: int


@dataclass(frozen=True)
class Sprint:
    """The issues of a sprint label. What is not known is None."""

    name: str
    issues: int
    points: Decimal | None
    agreement: int | None  # of the first votes, on average
    rounds: float | None  # an issue, on average


@dataclass(frozen=True)
class Trends:
    """A stretch of time in numbers. What it does not yield is None, or empty."""

    estimations: Sequence[Estimation]
    estimated: int  # issues that got their estimate in it
    points: Decimal | None  # of these
    weeks: Sequence[Week]
    sprints: Sequence[Sprint]

    @property
    def is_empty(self) -> bool:
        return not self.estimations and not self.estimated

    @cached_property
    def settled(self) -> Sequence[Estimation]:
        return [one for one in self.estimations if one.is_settled]

    @cached_property
    def judged(self) -> Sequence[Estimation]:
        """Those whose first vote had two estimates or more, so that these agree or do not."""
        return [one for one in self.estimations if one.agreement is not None]

    @property
    def agreed(self) -> int:
        """How many needed no discussion after their first vote."""
        return sum((one.agreement or 0) >= DISCUSS_BELOW for one in self.judged)

    @property
    def agreement(self) -> int | None:
        return _mean_agreement(self.judged)

    @property
    def halves(self) -> tuple[int, int] | None:
        """The agreement of the earlier half of the first votes, and of the later one; of few it says nothing."""
        middle = len(self.judged) // 2
        if len(self.judged) < COMPARED_FROM:
            return None
        return _mean_agreement(self.judged[:middle]) or 0, _mean_agreement(self.judged[middle:]) or 0

    @property
    def change(self) -> int:
        """1 where the later half agreed clearly more than the earlier one, -1 where it agreed less, or 0."""
        earlier, later = self.halves or (0, 0)
        return (later - earlier >= CLEARLY) - (earlier - later >= CLEARLY)

    @property
    def rounds_an_issue(self) -> float | None:
        return _mean_rounds(self.settled)

    @property
    def duration(self) -> timedelta | None:
        """The median."""
        seconds = [one.duration.total_seconds() for one in self.settled if one.duration is not None]
        return timedelta(seconds=statistics.median(seconds)) if seconds else None

    @property
    def most_disputed(self) -> Sequence[Estimation]:
        """Up to three whose first votes were furthest apart, among those that wanted discussion."""
        apart = [one for one in self.judged if (one.agreement or 0) < DISCUSS_BELOW]
        return sorted(apart, key=lambda one: one.agreement or 0)[:3]

    @property
    def rounds_taken(self) -> Sequence[tuple[int, int]]:
        """How many issues took one round, two, three, and so on."""
        counts = Counter(min(one.rounds, MANY_ROUNDS) for one in self.settled)
        return [(rounds, counts[rounds]) for rounds in range(1, MANY_ROUNDS + 1)]

    @property
    def durations(self) -> Sequence[tuple[timedelta | None, int]]:
        """How many issues took up to each of DURATIONS; longer ones under None."""
        counts = Counter(
            bisect_left(DURATIONS, one.duration) for one in self.settled if one.duration is not None
        )
        return [(limit, counts[place]) for place, limit in enumerate([*DURATIONS, None])]

    @property
    def moves(self) -> Sequence[tuple[int, int]]:
        """How many were settled so many cards below what the first vote suggested, at it, or above it."""
        limited = (
            max(-MANY_STEPS, min(one.steps, MANY_STEPS)) for one in self.settled if one.steps is not None
        )
        counts = Counter(limited)
        return [(steps, counts[steps]) for steps in range(-MANY_STEPS, MANY_STEPS + 1)]

    @property
    def moved(self) -> int:
        """How many were compared with what their first vote suggested."""
        return sum(count for _steps, count in self.moves)

    @property
    def kept(self) -> int:
        """How many were settled on the card that the first vote suggested."""
        return dict(self.moves)[0]


def trends(record: Record, until: date, since: date | None = None, sprint: str = "") -> Trends:
    """The trends of the days from `since` to `until`, and of one sprint alone where it is named.

    An issue counts on the day of its first vote; its points count on the day when it got its estimate.
    """

    def is_meant(day: date, label: str) -> bool:
        return (since is None or since <= day) and day <= until and sprint in ("", label)

    estimations = [
        _estimation(rounds, issue)
        for rounds, issue in _voted(record)
        if is_meant(rounds[0].opened.date(), issue.sprint)
    ]
    estimated = {
        number: issue
        for number, issue in record.issues.items()
        if issue.estimated is not None and is_meant(issue.estimated.date(), issue.sprint)
    }
    return Trends(
        estimations=estimations,
        estimated=len(estimated),
        points=_sum(estimated.values()),
        weeks=_weeks(estimated.values(), until),
        sprints=_sprints(estimations, estimated, record.issues),
    )


def _voted(record: Record) -> Iterable[tuple[Sequence[PastRound], PastIssue]]:
    """The rounds of each issue, and each round without one, in the order of their first votes."""
    voted: dict[object, list[PastRound]] = defaultdict(list)
    for place, past in enumerate(record.rounds):
        voted[(place, "alone") if past.issue is None else past.issue].append(past)
    nothing = PastIssue("")
    for rounds in voted.values():
        number = rounds[0].issue
        yield rounds, nothing if number is None else record.issues.get(number, nothing)


def _estimation(rounds: Sequence[PastRound], issue: PastIssue) -> Estimation:
    """Of one issue: what came after its first settling is another story."""
    first = rounds[0]
    found = _statistics(first.deck, frozenset(first.counts.items()))
    settled = next((place for place, past in enumerate(rounds) if past.estimate is not None), None)
    last = rounds[-1 if settled is None else settled]
    return Estimation(
        issue=first.issue,
        name=issue.name,
        sprint=issue.sprint,
        at=first.opened,
        agreement=found.agreement,
        first=found.suggested,
        median=found.median,
        rounds=len(rounds) if settled is None else settled + 1,
        estimate=last.estimate,
        duration=last.settled - first.opened if last.settled is not None else None,
        steps=_steps(first.deck, found.suggested, last.estimate),
    )


@lru_cache(4096)
def _statistics(deck: Deck, counts: Iterable[tuple[str, int]]) -> Statistics:
    """What so many votes of each card say. Kept, as a small team's votes are often the same but for the names."""
    return summarise(deck, [("", label) for label, count in counts for _vote in range(count)])


def _steps(deck: Deck, first: Card | None, estimate: Card | None) -> int | None:
    """How many cards the estimate lies above the first suggestion; None where they cannot be compared."""
    if first is None or estimate is None:
        return None
    cards = [card for card in deck if not card.is_special]
    known = card_of(cards, estimate.label)
    if known is not None:
        return cards.index(known) - cards.index(first)
    values = sorted(card.value for card in cards if card.value is not None)
    if first.value is None or estimate.value is None:
        return None
    steps = bisect_left(values, estimate.value) - bisect_left(values, first.value)
    # Between two cards it still lies above the lower one.
    return steps or int(estimate.value > first.value)


def _sum(issues: Iterable[PastIssue]) -> Decimal | None:
    points = [issue.points for issue in issues if issue.points is not None]
    return sum(points, Decimal(0)) if points else None


def _weeks(issues: Iterable[PastIssue], until: date) -> Sequence[Week]:
    """Every week from the first points until now, those without any too."""
    points: dict[date, list[Decimal]] = defaultdict(list)
    for issue in issues:
        if issue.estimated is not None and issue.points is not None:
            points[_monday(issue.estimated.date())].append(issue.points)
    if not points:
        return []
    first = min(points)
    mondays = [first + timedelta(weeks=week) for week in range((_monday(until) - first).days // 7 + 1)]
    return [Week(monday, sum(points[monday], Decimal(0)), len(points[monday])) for monday in mondays]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _sprints(
    estimations: Iterable[Estimation], estimated: Mapping[int, PastIssue], issues: Mapping[int, PastIssue]
) -> Sequence[Sprint]:
    """The latest first; a sprint is as late as the last thing that was done in it."""
    voted: dict[str, list[Estimation]] = defaultdict(list)
    numbers: dict[str, set[int]] = defaultdict(set)
    latest: dict[str, datetime] = {}
    for one in estimations:
        if one.issue is not None and one.sprint:
            voted[one.sprint].append(one)
            numbers[one.sprint].add(one.issue)
            latest[one.sprint] = max(one.at, latest.get(one.sprint, one.at))
    for number, issue in estimated.items():
        if issue.sprint and issue.estimated is not None:
            numbers[issue.sprint].add(number)
            latest[issue.sprint] = max(issue.estimated, latest.get(issue.sprint, issue.estimated))
    return [
        Sprint(
            name=name,
            issues=len(numbers[name]),
            points=_sum(issues[number] for number in numbers[name] if number in estimated),
            agreement=_mean_agreement(voted[name]),
            rounds=_mean_rounds([one for one in voted[name] if one.is_settled]),
        )
        for name in sorted(latest, key=lambda name: latest[name], reverse=True)[:SPRINTS]
    ]


def _mean_agreement(estimations: Iterable[Estimation]) -> int | None:
    """Rounded down, so that 100 is for those alone who always agree."""
    found = [one.agreement for one in estimations if one.agreement is not None]
    return sum(found) // len(found) if found else None


def _mean_rounds(estimations: Iterable[Estimation]) -> float | None:
    rounds = [one.rounds for one in estimations]
    return statistics.fmean(rounds) if rounds else None
