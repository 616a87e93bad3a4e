"""What a group's asynchronous rounds come to: those still open, those on which all agree, and the disputed ones.

Only the disputed ones need the table's time; they are its agenda.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groups.decks import Card
from groups.models import Group
from issues import ballots
from issues.models import Issue, Round
from issues.statistics import Statistics, summarise
from users.compiled_queries import CompiledRows

MAX_ITEMS = 200  # revealed and not settled, the latest
_asynchronous = CompiledRows(
    lambda group: Round.objects.asynchronous().filter(group=group).values_list("pk")[:1], 1
)


@dataclass(frozen=True)
class Item:
    """A revealed asynchronous round that nobody has settled."""

    round: Round
    issue: Issue
    statistics: Statistics

    @property
    def suggested(self) -> Card:
        """The card that was suggested. Only where there is an estimate at all."""
        assert self.statistics.suggested is not None  # noqa: S101 (agreed ones have at least two) # nosec B101
        return self.statistics.suggested


@dataclass(frozen=True)
class Agenda:
    """In the order of the issues in the group's list."""

    open: Sequence[Round]
    agreed: Sequence[Item]
    disputed: Sequence[Item]

    @property
    def issues(self) -> frozenset[int | None]:
        """The numbers of the issues on it."""
        return frozenset(
            round_.issue_id
            for round_ in (*self.open, *(item.round for item in (*self.agreed, *self.disputed)))
        )

    @property
    def deadline(self) -> datetime | None:
        """When the next of the open ones ends; None where there is none."""
        return min((round_.deadline for round_ in self.open if round_.deadline), default=None)


NOTHING = Agenda((), (), ())


def of(group: Group, *, described: bool = False) -> Agenda:
    """The agenda of a group; with the issues' descriptions only where they are asked for.

    One short query for a group that always votes at the table, three at most.
    """
    if not _asynchronous.read(group.pk):
        return NOTHING
    rounds = _rounds(group, described=described)
    revealed = [round_ for round_ in rounds if not round_.is_open]
    cast = ballots.revealed_of(revealed) if revealed else {}
    items = [
        Item(
            round_,
            round_.issue,
            summarise(round_.cards, [(vote.name, vote.card) for vote in cast[round_.pk]]),
        )
        for round_ in revealed
        if round_.issue is not None
    ]
    return Agenda(
        [round_ for round_ in rounds if round_.is_open],
        [item for item in items if not item.statistics.is_disputed],
        [item for item in items if item.statistics.is_disputed],
    )


def _rounds(group: Group, *, described: bool) -> Sequence[Round]:
    rounds = Round.objects.on_agenda().filter(group=group).select_related("issue", "group")
    latest = rounds.order_by("-opened_at", "-pk")
    found = latest if described else latest.defer("issue__description")
    return sorted(
        found[:MAX_ITEMS], key=lambda round_: (round_.issue.position if round_.issue else 0, round_.pk)
    )
