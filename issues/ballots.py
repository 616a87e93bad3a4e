"""The one place where the votes of others are read: not before they may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, CharField, Count, F, Func, QuerySet, When

from issues.models import Round, Vote
from issues.models.round import UNSEALED
from users.compiled_queries import CompiledQuery, CompiledRows
from users.models import User

_vote = CompiledQuery(lambda round_, voter: Vote.objects.filter(round=round_, voter=voter), 1, 2)
_voters = CompiledRows(
    lambda round_: Vote.objects.filter(round=round_, voter__isnull=False).values_list("voter"), 1
)


class Sealed(Exception):
    """The votes of this round may not be told: it is open, or was never revealed."""


@dataclass(frozen=True)
class Ballot:
    """A vote that may be seen."""

    name: str
    card: str
    reason: str
    voter: int | None = None  # the user; None where the account is deleted


def voters(round_: Round) -> frozenset[int]:
    """The numbers of the users who have voted; what they played is another matter."""
    return frozenset(voter for (voter,) in _voters.read(round_.pk))


def own(round_: Round, user: User) -> Ballot | None:
    """What the user voted, whatever the state of the round."""
    vote = _vote.find(round_.pk, user.pk)
    return Ballot(vote.name, vote.card, vote.reason, vote.voter_id) if vote else None


def own_of(rounds: Iterable[Round], user: User) -> dict[int, Ballot]:
    """The same for several rounds, by their numbers; one query for all."""
    votes = Vote.objects.filter(round__in=[round_.pk for round_ in rounds], voter=user)
    return {vote.round_id: Ballot(vote.name, vote.card, vote.reason, vote.voter_id) for vote in votes}


def voters_of(rounds: Iterable[Round]) -> dict[int, frozenset[int]]:
    """The numbers of the users who have voted in several rounds, by the rounds' numbers; one query for all."""
    voted: dict[int, set[int]] = {round_.pk: set() for round_ in rounds}
    votes = Vote.objects.filter(round__in=list(voted), voter__isnull=False)
    for number, user in votes.values_list("round", "voter"):
        voted[number].add(user)
    return {number: frozenset(users) for number, users in voted.items()}


def revealed(round_: Round) -> list[Ballot]:
    """All votes of a revealed round, in the order of their cards. Raises Sealed."""
    return revealed_of([round_])[round_.pk]


def revealed_of(rounds: Iterable[Round]) -> dict[int, list[Ballot]]:
    """All votes of revealed rounds by the number of the round, as `revealed` tells them; one query for all.

    Raises Sealed where one of them may not be told.
    """
    rounds = _unsealed(rounds)
    cast: dict[int, list[Ballot]] = {round_.pk: [] for round_ in rounds}
    votes = Vote.objects.filter(round__in=list(cast)).order_by("name", "pk")
    for vote in votes:
        cast[vote.round_id].append(Ballot(vote.name, vote.card, vote.reason, vote.voter_id))
    for round_ in rounds:
        places = {card.label: place for place, card in enumerate(round_.cards)}
        cast[round_.pk].sort(key=lambda ballot: places[ballot.card])
    return cast


def counts_of(rounds: Iterable[Round]) -> dict[int, dict[str, int]]:
    """How often each card was played in revealed rounds, by the number of the round; one query for all.

    Raises Sealed where one of them may not be told.
    """
    counts: dict[int, dict[str, int]] = {round_.pk: {} for round_ in _unsealed(rounds)}
    # By their bytes: some databases take e and é for the same, and a deck does not.
    spelt = Func("card", function="HEX", output_field=CharField())
    votes = Vote.objects.filter(round__in=list(counts)).annotate(spelt=spelt)
    for number, label, count in votes.values_list("round", "spelt").annotate(Count("pk")).order_by():
        counts[number][bytes.fromhex(label).decode()] = count
    return counts


def with_revealed(votes: "QuerySet[Vote]") -> "QuerySet[Vote]":
    """Adds `revealed_card` and `revealed_reason`, None where the round is sealed; card and reason are not read."""
    told = {
        f"revealed_{name}": Case(When(round__state__in=UNSEALED, then=F(name))) for name in ("card", "reason")
    }
    return votes.annotate(**told).defer("card", "reason")


def _unsealed(rounds: Iterable[Round]) -> Sequence[Round]:
    rounds = list(rounds)
    if any(round_.is_sealed for round_ in rounds):
        raise Sealed
    return rounds
