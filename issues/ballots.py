"""The one place where the votes of others are read: not before they may be."""

from dataclasses import dataclass

from groups import decks
from issues.models import Round, Vote
from issues.statistics import Statistics, summarise
from users.models import User


class Sealed(Exception):
    """The votes of this round may not be told: it is open, or was never revealed."""


@dataclass(frozen=True)
class Ballot:
    """A vote that may be seen."""

    name: str
    card: str
    reason: str
    voter_id: int | None = None  # None where the account is gone


def voters(round_: Round) -> frozenset[int]:
    """The numbers of the users who have voted; what they played is another matter."""
    return frozenset(Vote.objects.filter(round=round_, voter__isnull=False).values_list("voter", flat=True))


def own(round_: Round, user: User) -> Ballot | None:
    """What the user voted, whatever the state of the round."""
    vote = Vote.objects.filter(round=round_, voter=user).first()
    return Ballot(vote.name, vote.card, vote.reason, vote.voter_id) if vote else None


def revealed(round_: Round) -> list[Ballot]:
    """All votes of a revealed round, in the order of their cards. Raises Sealed."""
    if round_.is_sealed:
        raise Sealed
    places = {card.label: place for place, card in enumerate(round_.cards)}
    votes = Vote.objects.filter(round=round_).order_by("name", "pk")
    ballots = [Ballot(vote.name, vote.card, vote.reason, vote.voter_id) for vote in votes]
    return sorted(ballots, key=lambda ballot: places[ballot.card])


def statistics(round_: Round, missing: list[str]) -> Statistics:
    """The statistics of a revealed round. Raises Sealed."""
    cast = [(ballot.name, ballot.card) for ballot in revealed(round_)]
    return summarise(round_.cards, cast, missing)


def card(round_: Round, label: str) -> decks.Card | None:
    """The card of the round's deck with this label."""
    return decks.card_of(round_.cards, label)
