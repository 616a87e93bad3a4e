"""What has happened: the rounds of an issue, and those of a whole group. Votes are told by `ballots` alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from groups import decks
from groups.models import Group
from issues import ballots
from issues.ballots import Ballot
from issues.models import Issue, Round, Transition
from issues.models.round import State
from issues.statistics import Statistics, summarise
from issues.trends import PastIssue, PastRound, Record

MAX_ROUNDS = 5000  # of a group, the latest; more would make its page slow


@dataclass(frozen=True)
class Cell:
    """What somebody played in a round, beside what they played before; `card` is empty where they did not."""

    card: str = ""
    reason: str = ""
    before: str = ""  # the card of the last round in which they voted, where it was another one
    steps: int = 0  # how many cards further up or down; 0 too where the cards cannot be compared

    @property
    def has_moved(self) -> bool:
        return bool(self.before)


@dataclass(frozen=True)
class Person:
    """A row of the table: what somebody played in each of the revealed rounds."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Mover:
    """Whoever played another card than before."""

    name: str
    before: str
    card: str


@dataclass(frozen=True)
class Chapter:
    """A round of an issue: the lines about it, and what its votes say where they may be told."""

    number: int
    round: Round
    transitions: Mapping[str, Transition]  # by state
    statistics: Statistics | None
    movers: Sequence[Mover]

    @property
    def opened(self) -> Transition | None:
        return self.transitions.get(State.OPEN)

    @property
    def revealed(self) -> Transition | None:
        return self.transitions.get(State.REVEALED)

    @property
    def settled(self) -> Transition | None:
        return self.transitions.get(State.SETTLED)

    @property
    def cancelled(self) -> Transition | None:
        return self.transitions.get(State.CANCELLED)


@dataclass(frozen=True)
class History:
    """All rounds of an issue in their order; the columns of `people` are those that were revealed."""

    issue: Issue
    rounds: Sequence[Chapter]
    people: Sequence[Person]

    @property
    def revealed(self) -> Sequence[Chapter]:
        return [chapter for chapter in self.rounds if chapter.statistics is not None]


def of_issue(issue: Issue) -> History:
    """The history of an issue, in three queries."""
    rounds = list(Round.objects.filter(issue=issue).in_order().with_transitions())
    unsealed = [round_ for round_ in rounds if not round_.is_sealed]
    cast = ballots.revealed_of(unsealed)
    people = _people(unsealed, cast)
    places = {round_.pk: place for place, round_ in enumerate(unsealed)}
    chapters = []
    for number, round_ in enumerate(rounds, 1):
        place = places.get(round_.pk)
        chapters.append(
            Chapter(
                number=number,
                round=round_,
                transitions={line.state: line for line in round_.transitions.all()},
                statistics=None if place is None else _statistics(round_, cast[round_.pk]),
                movers=[] if place is None else _movers(people, place),
            )
        )
    return History(issue, chapters, people)


def _statistics(round_: Round, cast: Iterable[Ballot]) -> Statistics:
    return summarise(round_.cards, [(ballot.name, ballot.card) for ballot in cast])


def _people(rounds: Sequence[Round], cast: Mapping[int, Sequence[Ballot]]) -> Sequence[Person]:
    """A row for each voter, under the last name they had; by name alone whose account is deleted."""
    votes: dict[object, dict[int, Ballot]] = {}
    for round_ in rounds:
        for ballot in cast[round_.pk]:
            votes.setdefault(ballot.voter or ballot.name, {})[round_.pk] = ballot
    people = [Person(list(row.values())[-1].name, _cells(rounds, row)) for row in votes.values()]
    return sorted(people, key=lambda person: person.name.casefold())


def _cells(rounds: Sequence[Round], row: Mapping[int, Ballot]) -> Sequence[Cell]:
    cells, before = [], ""
    for round_ in rounds:
        ballot = row.get(round_.pk)
        if ballot is None:
            cells.append(Cell())
            continue
        moved = before not in ("", ballot.card)
        steps = _steps(round_.cards, before, ballot.card) if moved else 0
        cells.append(Cell(ballot.card, ballot.reason, before if moved else "", steps))
        before = ballot.card
    return cells


def _steps(deck: decks.Deck, before: str, card: str) -> int:
    labels = [card.label for card in deck if not card.is_special]
    return labels.index(card) - labels.index(before) if {before, card} <= set(labels) else 0


def _movers(people: Iterable[Person], place: int) -> Sequence[Mover]:
    cells = [(person.name, person.cells[place]) for person in people]
    return [Mover(name, cell.before, cell.card) for name, cell in cells if cell.has_moved]


def of_group(group: Group) -> Record:
    """What a group has done, without what is sealed, in four queries."""
    latest = Round.objects.filter(group=group).unsealed().order_by("-opened_at", "-pk")[:MAX_ROUNDS]
    rounds = list(latest)[::-1]
    zone = timezone.get_current_timezone()
    settled = _settled(rounds)
    counts = ballots.counts_of(rounds)
    cards = {text: decks.parse(text) for text in {round_.deck for round_ in rounds}}
    past = [
        PastRound(
            issue=round_.issue_id,
            opened=round_.opened_at.astimezone(zone),
            deck=cards[round_.deck],
            counts=counts[round_.pk],
            settled=at.astimezone(zone) if (at := settled.get(round_.pk)) else None,
            estimate=_estimate(cards[round_.deck], round_.estimate),
        )
        for round_ in rounds
    ]
    return Record(past, _issues(group, {round_.issue_id for round_ in rounds if round_.issue_id}))


def _settled(rounds: Iterable[Round]) -> Mapping[int, datetime]:
    """When each of the rounds was settled."""
    numbers = [round_.pk for round_ in rounds]
    lines = Transition.objects.filter(round__in=numbers, state=State.SETTLED).values_list("round", "at")
    return dict(lines)


def _estimate(deck: decks.Deck, label: str) -> decks.Card | None:
    """A card of the deck, or one that somebody wrote."""
    if not label:
        return None
    return decks.card_of(deck, label) or decks.card(label)


def _issues(group: Group, numbers: Iterable[int]) -> Mapping[int, PastIssue]:
    """Those with these numbers, and those with an estimate."""
    issues = Issue.objects.filter(group=group).filter(Q(pk__in=list(numbers)) | Q(estimated_at__isnull=False))
    rows = issues.values_list("pk", "key", "title", "sprint", "estimated_at", "estimate_value")
    zone = timezone.get_current_timezone()
    return {
        number: PastIssue(f"{key} {title}".strip(), sprint, at and at.astimezone(zone), points)
        for number, key, title, sprint, at, points in rows
    }
