"""The issues of a group in their order: added at the end, moved by somebody."""

from collections.abc import Iterable, Sequence

from groups.models import Group
from issues.models import Issue
from issues.models.issue import GAP, IssueQuerySet
from issues.pasting import Entry
from issues.rooms import changing


def add(group: Group, entries: Iterable[Entry]) -> Sequence[Issue]:
    """New issues at the end, in the order given; all of them or none."""
    with changing(group):
        last = group.issues.order_by("-position").values_list("position", flat=True).first() or 0
        issues = [
            Issue(group=group, position=last + GAP * number, **vars(entry))
            for number, entry in enumerate(entries, 1)
        ]
        # One by one, since MySQL does not tell the numbers of several rows.
        for issue in issues:
            issue.save(force_insert=True)
    return issues


def move_up(issue: Issue) -> None:
    """Before the one that stands before it among those that are not archived."""
    with changing(issue.group):
        before = _active_others(issue).filter(position__lt=_position(issue))
        _swap(issue, before.order_by("-position").first())


def move_down(issue: Issue) -> None:
    """Behind the one that stands behind it."""
    with changing(issue.group):
        behind = _active_others(issue).filter(position__gt=_position(issue))
        _swap(issue, behind.order_by("position").first())


def move_after(issue: Issue, other: Issue | None) -> None:
    """Directly behind another issue of the group; to the front where there is none."""
    with changing(issue.group):
        low, high = _neighbours(issue, other)
        if high - low < 2:
            _spread(issue.group)
            low, high = _neighbours(issue, other)
        issue.position = (low + high) // 2
        issue.save(update_fields=["position"])


def _active_others(issue: Issue) -> IssueQuerySet:
    others: IssueQuerySet = issue.group.issues.active().exclude(pk=issue.pk)
    return others


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
