"""A team's sessions of planning poker, played through `issues.rounds` and put back to the days when they were."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from groups import decks
from groups.models import Group, Membership
from issues import rounds, table
from issues.models import Issue, Round, Transition, Vote
from issues.models.round import State
from issues.statistics import summarise

Cards = Mapping[Membership, str]

TITLES = (
    "Pay by card on the phone",
    "Refund a single item",
    "Receipt as PDF",
    "Move the old invoices",
    "Remember the delivery address",
    "Vouchers can be split",
    "Warn before a card expires",
    "Show prices without tax",
    "Retry a failed payment",
    "Export for the accountants",
    "Sign in with a passkey",
    "Faster search for orders",
    "Dark mode of the receipt",
    "Let support see a payment",
    "Round as the tax office does",
    "Upgrade the payment library",
)
REASONS = {
    "low": ("We have nearly the same in invoices.", "The library does it for us.", "Only a form and a test."),
    "high": (
        "The old data will surprise us.",
        "Nobody knows that interface.",
        "The bank tests it for weeks.",
    ),
}


def play(
    group: Group,
    issue: Issue | None,
    votes: Sequence[Cards],
    estimate: str = "",
    *,
    at: datetime | None = None,
    reasons: Mapping[Membership, str] | None = None,
) -> Sequence[Round]:
    """Vote on an issue round by round, and settle the last one where there is an estimate.

    Opened at `at`, each round is revealed three minutes later, and the last one settled two minutes after that. The
    owner facilitates. The reasons are those of the first round.
    """
    played = []
    for number, cards in enumerate(votes):
        round_ = rounds.begin(group, group.user, issue)
        for seat, card in cards.items():
            table.see(seat)
            reason = (reasons or {}).get(seat, "") if number == 0 else ""
            rounds.vote(seat, round_.pk, card, reason)
        rounds.reveal(group, round_.pk, group.user, early=True)
        played.append(round_)
    if estimate:
        rounds.settle(group, played[-1].pk, decks.card(estimate), group.user)
    if at is not None:
        for number, round_ in enumerate(played):
            _put_back(round_, at + timedelta(minutes=4 * number))
    return [Round.objects.get(pk=round_.pk) for round_ in played]


def cancelled(
    group: Group, issue: Issue | None, cards: Cards, reason: str = "", at: datetime | None = None
) -> Round:
    """A round that was voted in and cancelled; each vote has the reason."""
    round_ = rounds.begin(group, group.user, issue)
    for seat, card in cards.items():
        table.see(seat)
        rounds.vote(seat, round_.pk, card, reason)
    rounds.cancel(group, round_.pk, group.user)
    if at is not None:
        _put_back(round_, at)
    return Round.objects.get(pk=round_.pk)


def past_sprints(
    group: Group, seats: Sequence[Membership], *, sprints: int = 3, issues: int = 6, seed: int = 7
) -> Sequence[Issue]:
    """A sprint every two weeks, the last one of this week, whose issues the seats estimate one after the other.

    They agree more often from sprint to sprint; what they do not agree on they vote on again, and now and then
    somebody has no idea, wants a break, or cancels a round. The same every time but for the dates.
    """
    chance = random.Random(seed)
    done = []
    today = timezone.localtime().replace(hour=9, minute=30, second=0, microsecond=0)
    for sprint in range(sprints):
        at = today - timedelta(weeks=2 * (sprints - 1 - sprint), days=1)
        for number in range(issues):
            place = sprint * issues + number
            issue = Issue.objects.create(
                group=group,
                key=f"PAY-{place + 11}",
                title=TITLES[place % len(TITLES)],
                sprint=f"Sprint {sprint + 1}",
                position=1024 * (group.issues.count() + 1),
                created_at=at - timedelta(days=3),
            )
            at = _estimate(group, issue, seats, chance, at, spread=1.6 - sprint / max(1, sprints))
            done.append(issue)
    return done


def _estimate(
    group: Group,
    issue: Issue,
    seats: Sequence[Membership],
    chance: random.Random,
    at: datetime,
    spread: float,
) -> datetime:
    """One issue; returns when the next one may begin."""
    deck = decks.parse(group.deck)
    estimates = [card.label for card in deck if not card.is_special]
    size = min(chance.choice([2, 3, 3, 4, 4, 5, 6]), len(estimates) - 1)
    if chance.random() < 0.1:
        cancelled(group, issue, dict.fromkeys(seats[:2], estimates[size]), at=at)
        at += timedelta(minutes=5)
    # Now and then some have something else in mind until they have talked about it.
    apart = chance.choice([-2, 4, 5]) if chance.random() < spread / 4 else 0
    meant = {seat: size + (apart if place % 2 else 0) for place, seat in enumerate(seats)}
    votes, found = [], None
    for number in range(3):
        cards = {
            seat: estimates[
                max(0, min(len(estimates) - 1, round(chance.gauss(meant[seat], spread / (1 + 2 * number)))))
            ]
            for seat in seats
        }
        meant = dict.fromkeys(seats, size)
        if number == 0 and chance.random() < 0.25:
            cards[chance.choice(seats)] = deck[-1].label
        votes.append(cards)
        found = summarise(deck, [(str(seat), card) for seat, card in cards.items()])
        if (found.agreement or 0) >= 80:
            break
    first = summarise(deck, [(str(seat), card) for seat, card in votes[0].items()])
    reasons = {
        seat: chance.choice(REASONS[kind])
        for kind, bar in (("low", first.lowest), ("high", first.highest))
        for seat in seats
        if bar is not None and bar.voters[0] == str(seat)
    }
    suggested = found.suggested if found else None
    play(group, issue, votes, suggested.label if suggested else "", at=at, reasons=reasons)
    return at + timedelta(minutes=4 * len(votes) + chance.randint(2, 8))


def _put_back(round_: Round, at: datetime) -> None:
    """Move a round to the time when it shall have been."""
    minutes = {State.OPEN: 0, State.REVEALED: 3, State.CANCELLED: 3, State.SETTLED: 5}
    Round.objects.filter(pk=round_.pk).update(opened_at=at)
    Vote.objects.filter(round=round_).update(cast_at=at + timedelta(minutes=1))
    for state, later in minutes.items():
        Transition.objects.filter(round=round_, state=state).update(at=at + timedelta(minutes=later))
    settled = Transition.objects.filter(round=round_, state=State.SETTLED).first()
    if settled is not None and round_.issue_id is not None:
        Issue.objects.filter(pk=round_.issue_id).update(estimated_at=settled.at)


def many_rounds(group: Group, number: int, voters: int = 6) -> None:
    """So many settled rounds, one a day up to now, an issue each; written at once, since it is a matter of mass."""
    chance, now = random.Random(number), timezone.now()
    labels = [card.label for card in decks.parse(group.deck) if not card.is_special]
    issues = [
        Issue(
            group=group,
            title=f"Issue {place}",
            sprint=f"Sprint {place // 12}",
            position=1024 * place,
            estimate="5",
            estimate_value=Decimal(5),
            estimated_at=now - timedelta(days=number - place),
        )
        for place in range(number)
    ]
    first = (Issue.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    for place, issue in enumerate(issues):
        issue.pk = first + place
    Issue.objects.bulk_create(issues, batch_size=500)
    start = (Round.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    played = [
        Round(
            pk=start + place,
            group=group,
            issue=issue,
            state=State.SETTLED,
            deck=group.deck,
            estimate="5",
            opened_at=now - timedelta(days=number - place, minutes=chance.randint(2, 40)),
        )
        for place, issue in enumerate(issues)
    ]
    Round.objects.bulk_create(played, batch_size=500)
    Transition.objects.bulk_create(
        [
            Transition(round=one, state=State.SETTLED, at=one.issue.estimated_at, votes=voters, voters=voters)
            for one in played
            if one.issue and one.issue.estimated_at
        ],
        batch_size=500,
    )
    Vote.objects.bulk_create(
        [
            Vote(round=one, name=f"Voter {voter}", card=chance.choice(labels[2:7]))
            for one in played
            for voter in range(voters)
        ],
        batch_size=500,
    )
