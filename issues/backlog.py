"""The issues of a group in their order: added at the end, changed and moved by somebody.

Everyone in the room is told of each change. In an archived group there is none: GroupArchived.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from groups import decks
from groups.models import Group
from issues import agenda
from issues.agenda import Agenda
from issues.models import Issue, Round
from issues.models.issue import GAP, IssueQuerySet
from issues.models.round import State
from issues.pasting import Entry
from issues.rooms import changing
from users.models import User

ROWS_AT_ONCE = 500  # that one statement writes


class GroupArchived(Exception):
    """The group is put away, with its issues as they are. Nothing was changed."""


class EditedMeanwhile(Exception):
    """The issue says something else than what somebody began to edit. Nothing was changed."""


class VoteOpen(Exception):
    """The issue is being voted on. Nothing was changed."""


def upcoming(group: Group, present: Agenda | None = None) -> IssueQuerySet:
    """The issues that the table may take up next, in their order: to estimate, and not on the agenda already.

    `present` is the group's agenda, for those who have read it.
    """
    issues: IssueQuerySet = group.issues.to_estimate().in_order()
    elsewhere = (present or agenda.of(group)).issues
    return issues.exclude(pk__in=elsewhere) if elsewhere else issues


def not_voted_on(group: Group) -> IssueQuerySet:
    """The issues to estimate, in their order, on which no vote is open."""
    issues: IssueQuerySet = group.issues.to_estimate().in_order()
    return issues.exclude(Exists(Round.objects.open().filter(issue=OuterRef("pk"))))


def add(group: Group, entries: Iterable[Entry]) -> Sequence[Issue]:
    """New issues at the end, in the order given; all of them or none. Raises GroupArchived, as all others here."""
    with _changing(group):
        issues = _at_the_end(group, entries)
        # One by one, since MySQL does not tell the numbers of several rows.
        for issue in issues:
            issue.save(force_insert=True)
    return issues


def add_estimated(
    group: Group, entries: Sequence[tuple[Entry, decks.Card | None]], by: User | None
) -> Sequence[Issue]:
    """As `add`, for a whole file of issues that may have their estimates, which `by` gives them.

    The room must be locked: see `rooms.changing`. What comes back does not know its numbers.
    """
    issues = _at_the_end(group, [entry for entry, _card in entries])
    for issue, (_entry, card) in zip(issues, entries, strict=True):
        if card is not None:
            _estimate(issue, card, by)
    Issue.objects.bulk_create(issues, batch_size=ROWS_AT_ONCE)
    return issues


def add_last(issue: Issue) -> None:
    """Save a new issue behind all others of its group. Raises GroupArchived."""
    with _changing(issue.group):
        put_last(issue)
        issue.save(force_insert=True)


def put_last(issue: Issue) -> None:
    """Give a new issue the position behind all others. The room must be locked until it is saved."""
    issue.position = _last(issue.group) + GAP


def update(
    changes: Iterable[tuple[Issue, Mapping[str, Any], decks.Card | None]], by: User | None
) -> Sequence[Issue]:
    """Write the fields, and an estimate where there is one, into each issue; those that really change come back.

    An estimate that an issue has already stays as it was given. The room must be locked: see `rooms.changing`.
    """
    changed = [issue for issue, fields, card in changes if _take(issue, fields, card, by)]
    written = ["key", "title", "url", "description", "sprint"]
    written += ["estimate", "estimate_value", "estimated_at", "estimated_by"]
    Issue.objects.bulk_update(changed, written, batch_size=ROWS_AT_ONCE // 5)
    return changed


def edit(issue: Issue, entry: Entry, edition: str = "") -> None:
    """Let the issue say what the entry says. Its place and its estimate stay.

    With the `edition` that somebody began to edit it raises EditedMeanwhile where there is another one by now.
    """
    with _changing(issue.group):
        issue.refresh_from_db(fields=list(vars(entry)))
        if edition and edition != issue.edition:
            raise EditedMeanwhile
        for name, value in vars(entry).items():
            setattr(issue, name, value)
        issue.save(update_fields=list(vars(entry)))


def archive(issue: Issue) -> None:
    """Put the issue away. Raises VoteOpen."""
    with _changing(issue.group):
        if Round.objects.filter(issue=issue, state=State.OPEN).exists():
            raise VoteOpen
        issue.archive()


def restore(issue: Issue) -> None:
    """Bring the issue back, to where it stood."""
    with _changing(issue.group):
        issue.restore()


def archive_all(issues: IssueQuerySet) -> int:
    """Put away those that are not, are not being voted on, and whose group is not archived; returns how many."""
    voted_on = Round.objects.filter(issue__isnull=False, state=State.OPEN).values("issue")
    return _write_archived(issues.active().exclude(pk__in=voted_on), timezone.now())


def restore_all(issues: IssueQuerySet) -> int:
    """Bring back those that are archived and whose group is not; returns how many."""
    return _write_archived(issues.archived(), None)


def clear_estimate(issue: Issue) -> None:
    """Let the issue wait for an estimate again."""
    with _changing(issue.group):
        issue.clear_estimate()


def move_up(issue: Issue, among: IssueQuerySet | None = None) -> None:
    """Before the one that stands before it `among` these, or else among all that are not archived."""
    with _changing(issue.group):
        before = _others(issue, among).filter(position__lt=_position(issue))
        _swap(issue, before.order_by("-position").first())


def move_down(issue: Issue, among: IssueQuerySet | None = None) -> None:
    """Behind the one that stands behind it."""
    with _changing(issue.group):
        behind = _others(issue, among).filter(position__gt=_position(issue))
        _swap(issue, behind.order_by("position").first())


def move_after(issue: Issue, other: Issue | None) -> None:
    """Directly behind another issue of the group; to the front where there is none."""
    with _changing(issue.group):
        low, high = _neighbours(issue, other)
        if high - low < 2:
            _spread(issue.group)
            low, high = _neighbours(issue, other)
        issue.position = (low + high) // 2
        issue.save(update_fields=["position"])


@contextmanager
def _changing(group: Group) -> Iterator[None]:
    with changing(group):
        if Group.objects.archived().filter(pk=group.pk).exists():
            raise GroupArchived
        yield


def _others(issue: Issue, among: IssueQuerySet | None) -> IssueQuerySet:
    rows: IssueQuerySet = issue.group.issues.active() if among is None else among
    return rows.exclude(pk=issue.pk)


def _at_the_end(group: Group, entries: Iterable[Entry]) -> list[Issue]:
    last = _last(group)
    return [
        Issue(group=group, position=last + GAP * number, **vars(entry))
        for number, entry in enumerate(entries, 1)
    ]


def _last(group: Group) -> int:
    return int(group.issues.order_by("-position").values_list("position", flat=True).first() or 0)


def _write_archived(issues: IssueQuerySet, moment: datetime | None) -> int:
    count = 0
    numbers = set(issues.order_by().values_list("group", flat=True))
    # One room after the other, so that nobody holds one and waits for another.
    for group in Group.objects.active().filter(pk__in=numbers).order_by("pk"):
        with _changing(group):
            # By their numbers: a statement of MySQL can't write the table that it chooses from.
            found = list(issues.order_by().filter(group=group).values_list("pk", flat=True))
            count += Issue.objects.filter(pk__in=found).update(archived_at=moment)
    return count


def _take(issue: Issue, fields: Mapping[str, Any], card: decks.Card | None, by: User | None) -> bool:
    different = {name: value for name, value in fields.items() if getattr(issue, name) != value}
    for name, value in different.items():
        setattr(issue, name, value)
    if card is None or (issue.estimate, issue.estimate_value) == (card.label, card.value):
        return bool(different)
    _estimate(issue, card, by)
    return True


def _estimate(issue: Issue, card: decks.Card, by: User | None) -> None:
    issue.estimate, issue.estimate_value = card.label, card.value
    issue.estimated_at, issue.estimated_by = timezone.now(), by


def _position(issue: Issue) -> int:
    return int(Issue.objects.values_list("position", flat=True).get(pk=issue.pk))


def _swap(issue: Issue, neighbour: Issue | None) -> None:
    if neighbour is None:
        return
    issue.position, neighbour.position = neighbour.position, _position(issue)
    for moved in (issue, neighbour):
        moved.save(update_fields=["position"])


def _neighbours(issue: Issue, other: Issue | None) -> tuple[int, int]:
    """The positions between which the issue comes when it is put behind `other`."""
    others = issue.group.issues.exclude(pk=issue.pk).order_by("position").values_list("position", flat=True)
    if other is None:
        high = int(others.first() or 0)
        return high - 2 * GAP, high
    low = _position(other)
    following = others.filter(position__gt=low).first()
    return low, low + 2 * GAP if following is None else int(following)


def _spread(group: Group) -> None:
    """Give all positions the same gap again."""
    issues = list(group.issues.in_order())
    for number, issue in enumerate(issues, 1):
        issue.position = GAP * number
    Issue.objects.bulk_update(issues, ["position"], batch_size=500)
