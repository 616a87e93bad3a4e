"""The issues of a group in their order."""

from functools import partial

import pytest

from groups import decks
from groups.models import Group
from issues import backlog
from issues.models import Issue
from issues.models.issue import GAP, IssueQuerySet
from issues.pasting import Entry
from issues.rooms import room_of
from users.models import User
from users.tests.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def issues(payments: Group) -> list[Issue]:
    """A, B, C and D."""
    return list(backlog.add(payments, map(Entry, "ABCD")))


def order(group: Group) -> str:
    return order_of(group.issues.all())


def order_of(found: IssueQuerySet) -> str:
    return "".join(issue.title for issue in found.in_order())


def test_new_issues_come_last_in_the_order_given(payments, issues):
    backlog.add(payments, [Entry("E", key="PAY-5", url="https://jira.example/PAY-5"), Entry("F")])
    assert order(payments) == "ABCDEF"
    assert payments.issues.get(title="E").key == "PAY-5"


@pytest.mark.parametrize(("title", "after"), [("A", "ABCD"), ("B", "BACD"), ("D", "ABDC")])
def test_up_is_before_the_one_before(payments, issues, title, after):
    backlog.move_up(payments.issues.get(title=title))
    assert order(payments) == after


@pytest.mark.parametrize(("title", "after"), [("A", "BACD"), ("C", "ABDC"), ("D", "ABCD")])
def test_down_is_behind_the_one_behind(payments, issues, title, after):
    backlog.move_down(payments.issues.get(title=title))
    assert order(payments) == after


def test_an_archived_issue_is_no_neighbour(payments, issues):
    issues[1].archive()
    backlog.move_up(issues[2])
    assert order_of(payments.issues.active()) == "CAD"


@pytest.mark.parametrize(
    ("title", "other", "after"),
    [("A", "C", "BCAD"), ("D", "A", "ADBC"), ("B", "D", "ACDB"), ("C", None, "CABD"), ("A", None, "ABCD")],
)
def test_an_issue_is_put_behind_another_or_to_the_front(payments, issues, title, other, after):
    behind = payments.issues.get(title=other) if other else None
    backlog.move_after(payments.issues.get(title=title), behind)
    assert order(payments) == after


def test_issues_are_put_between_the_same_two_for_as_long_as_one_likes(payments, issues):
    first = issues[0]
    for number in range(GAP.bit_length() + 3):
        backlog.move_after(payments.issues.get(title="CD"[number % 2]), first)
        first.refresh_from_db()
    assert order(payments) in {"ACDB", "ADCB"}
    assert len(set(payments.issues.values_list("position", flat=True))) == 4


def test_moving_tells_the_room(payments, issues):
    before = room_of(payments).version
    backlog.move_up(issues[1])
    assert room_of(payments).version == before + 1


@pytest.mark.django_db(transaction=True)
def test_moves_at_the_same_moment_lose_no_issue():
    owner = User.objects.create_user("owner@example.org", "Owner", "correct horse battery")
    group = Group.objects.start(owner, "Payments")
    issues = backlog.add(group, map(Entry, "ABCDEFGH"))
    assert at_once([partial(backlog.move_up, issue) for issue in issues]) == [None] * 8
    assert sorted(order(group)) == list("ABCDEFGH")
    assert len(set(group.issues.values_list("position", flat=True))) == 8


# --- Finding


@pytest.mark.parametrize(
    ("text", "found"),
    [("card", "Pay by card"), ("PAY-2", "Refund"), ("pay card", "Pay by card"), ("S7", "Refund")],
)
def test_an_issue_is_found_by_words_of_its_key_title_or_sprint(payments, text, found):
    backlog.add(payments, [Entry("Pay by card", key="PAY-1"), Entry("Refund", key="PAY-2", sprint="S7")])
    assert [issue.title for issue in payments.issues.matching(text)] == [found]


def test_estimated_archived_and_those_that_wait_stand_apart(payments, issues, alice):
    issues[0].settle(decks.card("5"), alice)
    issues[1].archive()
    assert order_of(payments.issues.to_estimate()) == "CD"
    assert order_of(payments.issues.estimated()) == "A"
    assert order_of(payments.issues.archived()) == "B"


def test_an_estimate_that_is_cleared_waits_again(payments, issues, alice):
    issues[0].settle(decks.card("5"), alice)
    issues[0].clear_estimate()
    assert order_of(payments.issues.to_estimate()) == "ABCD"


def test_an_archived_issue_comes_back(payments, issues):
    issues[0].archive()
    issues[0].restore()
    assert order_of(payments.issues.active()) == "ABCD"
