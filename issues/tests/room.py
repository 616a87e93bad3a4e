"""A team at its table, for tests of what happens there."""

import re
from collections.abc import Sequence

from groups.models import Group, Membership, Role
from groups.tests.people import seated
from issues import table
from issues.models import Issue, Transition


def at_the_table(group: Group, nickname: str, role: str = Role.VOTER) -> Membership:
    """A new guest who has sat down and was seen this moment."""
    seat = seated(group, nickname, role)
    table.see(seat)
    return seat


def new_issue(group: Group, title: str = "Pay by card", **fields: object) -> Issue:
    """An issue at the end of the list."""
    position = 1024 * (1 + group.issues.count())
    issue: Issue = Issue.objects.create(group=group, title=title, position=position, **fields)
    return issue


def audit(round_id: int) -> Sequence[tuple[str, str, int, int]]:
    """The lines about a round: state, by whom, votes, of how many."""
    lines = Transition.objects.filter(round=round_id).order_by("pk")
    return list(lines.values_list("state", "name", "votes", "voters"))


def shown(html: str) -> str:
    """The keys of what a page of the room shows, as it tells them to the server."""
    found = re.search(r'data-have="([^"]*)"', html)
    assert found, "the page has no room in it"
    return found.group(1)
