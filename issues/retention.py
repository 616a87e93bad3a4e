"""What is kept no longer, where somebody who runs the site has said so: unused groups, archived ones, stray guests.

Nothing here happens by itself. A group is archived or deleted as a whole, in a transaction of its own, so that a run
which is cut short leaves each group as it was or as it shall be.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Aggregate, Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.text import slugify

from groups.models import Group, Membership
from groups.models import GroupQuerySet as Groups
from issues import ballots, exports
from issues.models import Issue, Presence, Room, Round, Transition, Vote
from users.models import User

MIN_DAYS = 30  # nobody loses in a month what they did not look at for a month
AT_ONCE = 500  # guests in one transaction


@dataclass(frozen=True)
class Contents:
    """A group and how much is in it. `last_used` is None where nobody was ever seen in it."""

    group: Group
    issues: int
    rounds: int
    votes: int
    last_used: datetime | None


def unused(since: datetime) -> Groups:
    """The groups in which nobody has been, voted or added anything since; without those archived already.

    One of which is not known when it was made, as of the Flask version, is among them only if it was ever used.
    """
    recent = (
        Presence.objects.filter(membership__group=OuterRef("pk"), seen_at__gte=since),
        Transition.objects.filter(round__group=OuterRef("pk"), at__gte=since),
        Vote.objects.filter(round__group=OuterRef("pk"), cast_at__gte=since),
        Issue.objects.filter(group=OuterRef("pk")).filter(
            Q(created_at__gte=since) | Q(estimated_at__gte=since)
        ),
        Round.objects.open().filter(group=OuterRef("pk"), deadline__gte=since),
    )
    groups: Groups = Group.objects.active().order_by("pk")
    for rows in recent:
        groups = groups.exclude(Exists(rows))
    used = Exists(Room.objects.filter(group=OuterRef("pk"), version__gt=0))
    return groups.filter(Q(created_at__lt=since) | (Q(created_at=None) & used))


def archived(before: datetime) -> Groups:
    """The groups that were archived before."""
    groups: Groups = Group.objects.filter(archived_at__lt=before).order_by("pk")
    return groups


def stray_guests(before: datetime) -> "QuerySet[User]":
    """Guests who belong to no group, own none, and have not come since."""
    guests = User.objects.filter(email=None, is_active=True, is_staff=False).order_by("pk")
    away = Q(last_login__lt=before) | Q(last_login=None, date_joined__lt=before)
    nowhere = ~Exists(Membership.objects.filter(user=OuterRef("pk"))) & ~Exists(
        Group.objects.filter(user=OuterRef("pk"))
    )
    return guests.filter(away, nowhere)


def contents(groups: Groups) -> Iterator[Contents]:
    """Each of the groups with what is in it, in one query for all."""
    figures = {
        "issue_count": _figure(Issue.objects, "group", Count("pk")),
        "round_count": _figure(Round.objects, "group", Count("pk")),
        "vote_count": _figure(Vote.objects, "round__group", Count("pk")),
        "last_seen": _figure(Presence.objects, "membership__group", Max("seen_at")),
        "last_step": _figure(Transition.objects, "round__group", Max("at")),
    }
    rows: Any = groups.select_related("user").annotate(**figures)
    for group in rows.iterator(chunk_size=AT_ONCE):
        times = [time for time in (group.last_seen, group.last_step) if time]
        counts = (group.issue_count or 0, group.round_count or 0, group.vote_count or 0)
        yield Contents(group, *counts, max(times, default=None))


def _figure(rows: Any, path: str, figure: Aggregate) -> Subquery:
    """What there is of these rows in a group, to which `path` leads."""
    of_group = rows.filter(**{path: OuterRef("pk")}).order_by().values(path)
    return Subquery(of_group.annotate(figure=figure).values("figure"))


def archive(group: Group, since: datetime) -> bool:
    """Archive it, unless somebody has used it meanwhile; returns whether it was."""
    with transaction.atomic():
        found = unused(since).filter(pk=group.pk).first()
        if found is not None:
            found.archive()
    return found is not None


def delete(group: Group, before: datetime) -> bool:
    """Delete it with all that is in it, unless it was brought back meanwhile; returns whether it was.

    Of the people in it nothing but their seats is deleted.
    """
    with transaction.atomic():
        found = archived(before).select_for_update().filter(pk=group.pk).first()
        if found is None:
            return False
        Room.objects.filter(group=found).delete()
        Vote.objects.filter(round__group=found).delete()
        Round.objects.filter(group=found).delete()
        Issue.objects.filter(group=found).delete()
        Membership.objects.filter(group=found).delete()
        Group.objects.filter(pk=found.pk).delete()
        # What has just been noted of the deletion, too: it names people and what they worked on.
        Membership.history.filter(group_id=group.pk).delete()
        Group.history.filter(id=group.pk).delete()
    return True


def delete_guests(before: datetime) -> int:
    """Delete the stray guests, a few hundred at a time; returns how many. What they voted stays, under their names."""
    deleted = 0
    while numbers := list(stray_guests(before).values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            deleted += stray_guests(before).filter(pk__in=numbers).delete()[1].get("users.User", 0)
    return deleted


def export(group: Group, folder: Path) -> Path:
    """Write all that is in a group into a file of the folder, as JSON, safely on the disk. Raises OSError.

    Votes of rounds that were never revealed are not told here either, only how many there are.
    """
    name = f"group-{group.pk}-{slugify(str(group))}".rstrip("-")
    path, part = folder / f"{name}.json", folder / f"{name}.json.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(_record(group), file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def _record(group: Group) -> dict[str, Any]:
    seats = group.memberships.order_by("pk")
    return {
        "group": {"id": group.pk, "name": str(group), "owner": group.user.nickname, "deck": group.deck},
        "archived_at": group.archived_at.isoformat() if group.archived_at else None,
        "exported_at": timezone.now().isoformat(),
        "members": [{"nickname": seat.nickname, "role": seat.role} for seat in seats],
        "issues": [exports.record(issue) for issue in exports.with_columns(group.issues.in_order())],
        "rounds": _rounds(group),
    }


def _rounds(group: Group) -> list[dict[str, Any]]:
    rounds = list(Round.objects.filter(group=group).in_order().with_transitions())
    cast = ballots.revealed_of(round_ for round_ in rounds if not round_.is_sealed)
    return [
        {
            "issue": round_.issue_id,
            "state": round_.state,
            "deck": round_.deck,
            "opened_at": round_.opened_at.isoformat(),
            "estimate": round_.estimate,
            "steps": [
                {
                    "state": line.state,
                    "at": line.at.isoformat(),
                    "by": line.name,
                    "votes": line.votes,
                    "voters": line.voters,
                }
                for line in round_.transitions.all()
            ],
            "votes": [
                {"name": vote.name, "card": vote.card, "reason": vote.reason}
                for vote in cast.get(round_.pk, [])
            ],
        }
        for round_ in rounds
    ]
