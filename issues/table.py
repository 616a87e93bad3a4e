"""Who sits at the table: present, away, or gone; and whose vote is waited for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from groups.models import Group, Membership, Role
from issues import ballots
from issues.models import Presence, Round

VOTING_ROLES = (Role.FACILITATOR, Role.VOTER)
GRACE = timedelta(minutes=2)  # after which a table without a facilitator may be taken over
PRESENT = timedelta(seconds=60)  # since somebody was seen; a page that is open shows itself more often
NOTE_AGAIN = timedelta(seconds=25)  # not with every look: a note is a write
AT_THE_TABLE = timedelta(minutes=5)  # a phone that sleeps keeps its seat, and its vote is waited for


@dataclass(frozen=True)
class Progress:
    """How far a round is: the users who voted, and those at the table who have not."""

    voted: frozenset[int]
    missing: frozenset[int]

    @property
    def voters(self) -> int:
        """How many could vote."""
        return len(self.voted) + len(self.missing)

    @property
    def is_complete(self) -> bool:
        return bool(self.voted) and not self.missing


def see(membership: Membership, at: datetime | None = None) -> None:
    """Note that a member is at the table."""
    seen = {"seen_at": at or timezone.now()}
    if not Presence.objects.filter(pk=membership.pk).update(**seen):
        Presence.objects.get_or_create(membership=membership, defaults=seen)


def see_all(group_id: int, users: Collection[int]) -> None:
    """Note that these users, whose pages are open, are at the table of a group."""
    seats = Membership.objects.filter(group=group_id, user__in=users)
    Presence.objects.filter(membership__in=seats).update(seen_at=timezone.now())


def is_led(group: Group) -> bool:
    """Whether somebody who facilitates, the owner too, was at the table a moment ago."""
    lead = group.memberships.filter(Q(role=Role.FACILITATOR) | Q(user=group.user_id))
    return lead.filter(presence__seen_at__gte=timezone.now() - GRACE).exists()


def progress(round_: Round) -> Progress:
    """Who has voted, and who could and has not. Whoever voted and left has voted.

    Of an asynchronous round these are all who may vote; else those of them who are at the table.
    """
    waited_for = voting_seats(round_.group_id)
    if not round_.is_async:
        waited_for = waited_for.filter(presence__seen_at__gte=timezone.now() - AT_THE_TABLE)
    voted = ballots.voters(round_)
    return Progress(voted, frozenset(waited_for.values_list("user", flat=True)) - voted)


def voting_seats(group_id: int) -> "QuerySet[Membership]":
    """The members who may vote, wherever they are."""
    return Membership.objects.filter(group=group_id, role__in=VOTING_ROLES, user__is_active=True)


def names(group: Group, users: frozenset[int]) -> list[str]:
    """The nicknames of members, as they are called in the group."""
    seats = group.memberships.filter(user__in=users).order_by("nickname", "pk")
    return list(seats.values_list("nickname", flat=True))
