"""What rounds say over time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groups import decks
from groups.models import Group
from issues import history
from issues.tests.room import at_the_table, new_issue
from issues.tests.session import cancelled, past_sprints, play
from issues.trends import PastIssue, PastRound, Record, Trends, trends

FIBONACCI = decks.parse(decks.PRESETS["fibonacci"])
MONDAY = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
TODAY = date(2026, 6, 30)


def voted(
    issue: int | None, *labels: str, day: int = 0, estimate: str = "", minutes: int = 5, deck=FIBONACCI
) -> PastRound:
    """A round that was opened so many days after the Monday, and settled where there is an estimate."""
    at = MONDAY + timedelta(days=day)
    return PastRound(
        issue,
        at,
        deck,
        {label: labels.count(label) for label in labels},
        at + timedelta(minutes=minutes) if estimate else None,
        decks.card(estimate) if estimate else None,
    )


def estimated(points: int | None, day: int = 0, sprint: str = "", name: str = "PAY-1") -> PastIssue:
    value = None if points is None else Decimal(points)
    return PastIssue(name, sprint, MONDAY + timedelta(days=day), value)


def of(
    *rounds: PastRound,
    issues: dict[int, PastIssue] | None = None,
    since: date | None = None,
    sprint: str = "",
) -> Trends:
    return trends(Record(rounds, issues or {}), TODAY, since, sprint)


def test_the_first_vote_of_an_issue_tells_whether_it_agreed_at_first_sight():
    found = of(voted(1, "1", "8"), voted(1, "5", "5", estimate="5"), voted(2, "5", "8"))
    assert ([one.agreement for one in found.judged], found.agreed) == ([67, 92], 1)


@pytest.mark.parametrize(("labels", "agreed"), [(("1", "8"), 0), (("0", "2", "8"), 1)])
def test_agreed_is_what_needs_no_discussion(labels, agreed):
    assert of(voted(1, *labels)).agreed == agreed


def test_a_vote_of_one_agrees_with_nobody():
    found = of(voted(1, "5"), voted(2, "?", "☕"))
    assert (len(found.estimations), len(found.judged), found.agreement) == (2, 0, None)


def test_each_vote_without_an_issue_stands_for_itself():
    assert [one.rounds for one in of(voted(None, "5", "5"), voted(None, "5", "8")).estimations] == [1, 1]


def test_rounds_and_time_are_counted_until_an_issue_is_settled():
    again = voted(1, "8", "8", day=40, estimate="8")
    (one,) = of(voted(1, "1", "8"), voted(1, "5", "5", day=1, estimate="5", minutes=15), again).settled
    assert (one.rounds, one.duration) == (2, timedelta(days=1, minutes=15))
    assert one.estimate == decks.card("5")


def test_what_is_not_settled_yet_is_in_no_mean_of_rounds():
    found = of(voted(1, "5", "5", estimate="5"), voted(2, "1", "8"), voted(2, "1", "8"))
    assert (found.rounds_an_issue, [one.rounds for one in found.estimations]) == (1, [1, 2])


def test_four_rounds_and_more_are_told_together():
    found = of(*[voted(1, "1", "8")] * 5, voted(1, "5", "5", estimate="5"), voted(2, "5", "5", estimate="5"))
    assert list(found.rounds_taken) == [(1, 1), (2, 0), (3, 0), (4, 1)]


@pytest.mark.parametrize(
    ("minutes", "place"), [(0, 0), (2, 0), (3, 1), (60, 3), (24 * 60, 4), (24 * 60 + 1, 5)]
)
def test_how_long_it_took_is_told_by_limits(minutes, place):
    found = of(voted(1, "5", "5", estimate="5", minutes=minutes)).durations
    assert [count for _limit, count in found].index(1) == place


def test_the_time_that_is_told_is_the_median():
    rounds = [
        voted(issue, "5", "5", estimate="5", minutes=minutes) for issue, minutes in enumerate((1, 6, 5000))
    ]
    assert of(*rounds).duration == timedelta(minutes=6)


@pytest.mark.parametrize(
    ("labels", "estimate", "steps"),
    [
        (("5", "5"), "5", 0),
        (("5", "8"), "8", 0),  # the suggestion of the two
        (("5", "5"), "13", 2),
        (("5", "5"), "1", -3),
        (("5", "5"), "6", 1),  # no card, and between two
        (("5", "5"), "4", 0),
        (("5", "5"), "7.5", 1),
        (("5", "5"), "L", None),
        (("?", "☕"), "5", None),
    ],
)
def test_a_move_is_counted_in_cards_from_the_first_suggestion(labels, estimate, steps):
    assert of(voted(1, *labels, estimate=estimate)).estimations[0].steps == steps


def test_moves_of_cards_without_numbers_count_too():
    shirts = decks.parse(decks.PRESETS["t-shirt"])
    found = of(voted(1, "S", "S", estimate="L", deck=shirts), voted(2, "S", "S", estimate="XS", deck=shirts))
    assert list(found.moves) == [(-2, 0), (-1, 1), (0, 0), (1, 0), (2, 1)]
    assert found.points is None


def test_halves_are_compared_from_eight_first_votes_on():
    seven = [voted(issue, "5", "5" if issue > 3 else "8") for issue in range(7)]
    assert of(*seven).halves is None
    assert of(*seven, voted(7, "5", "5")).halves == (92, 100)


@pytest.mark.parametrize(("earlier", "later", "change"), [("8", "5", 1), ("5", "8", -1), ("5", "5", 0)])
def test_a_clear_change_of_agreement_is_told(earlier, later, change):
    rounds = [voted(issue, "5", earlier if issue < 4 else later) for issue in range(8)]
    assert of(*rounds).change == change


def test_the_most_disputed_are_the_three_that_were_furthest_apart():
    rounds = [voted(issue, "1", high) for issue, high in enumerate(["8", "21", "2", "89", "55"])]
    assert [one.issue for one in of(*rounds).most_disputed] == [3, 4, 1]


def test_where_nobody_was_far_apart_nothing_is_disputed():
    assert list(of(voted(1, "5", "8")).most_disputed) == []


def test_points_are_summed_up_week_by_week_until_today():
    issues = {1: estimated(5), 2: estimated(8, day=6), 3: estimated(3, day=14), 4: estimated(None, day=14)}
    found = of(issues=issues)
    assert [(week.monday.day, int(week.points), week.issues) for week in found.weeks] == [
        (1, 13, 2),
        (8, 0, 0),
        (15, 3, 1),
        (22, 0, 0),
        (29, 0, 0),
    ]
    assert (found.points, found.estimated) == (Decimal(16), 4)


def test_a_sprint_has_its_own_numbers_and_the_latest_comes_first():
    issues = {
        1: estimated(5, sprint="A"),
        2: estimated(8, sprint="A"),
        3: estimated(None, day=9, sprint="B"),
        4: estimated(1),
    }
    found = of(
        voted(1, "5", "5", estimate="5"),
        voted(2, "5", "8"),
        voted(2, "8", "8", estimate="8"),
        voted(4, "1", "1", estimate="1"),
        issues=issues,
    )
    late, early = found.sprints
    assert (late.name, late.issues, late.points, late.agreement, late.rounds) == ("B", 1, None, None, None)
    assert (early.name, early.issues, early.points, early.agreement, early.rounds) == (
        "A",
        2,
        Decimal(13),
        96,
        1.5,
    )


def test_one_sprint_alone_can_be_asked_for():
    issues = {1: estimated(5, sprint="A"), 2: estimated(8, sprint="B")}
    found = of(voted(1, "5", "5"), voted(2, "5", "5"), voted(None, "5", "5"), issues=issues, sprint="B")
    assert ([one.issue for one in found.estimations], found.points) == ([2], Decimal(8))


@pytest.mark.parametrize(("since", "count"), [(date(2026, 6, 1), 1), (date(2026, 6, 2), 0)])
def test_a_time_begins_with_its_first_day(since, count):
    found = of(voted(1, "5", "5"), issues={1: estimated(5)}, since=since)
    assert (len(found.estimations), found.estimated) == (count, count)


def test_an_issue_whose_first_vote_came_earlier_is_not_in_the_time():
    assert list(of(voted(1, "1", "8"), voted(1, "5", "5", day=5), since=date(2026, 6, 3)).estimations) == []


def test_nothing_is_empty():
    found = of()
    assert found.is_empty
    assert (found.agreement, found.duration, found.rounds_an_issue, found.points) == (None, None, None, None)


LABELS = [card.label for card in FIBONACCI]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.lists(st.sampled_from(LABELS), max_size=6), st.sampled_from(["", "5", "L"])
        )
    )
)
def test_whatever_was_played_every_settled_issue_is_told_once(played):
    found = of(*(voted(issue, *labels, estimate=estimate) for issue, labels, estimate in played))
    settled = {issue for issue, _labels, estimate in played if estimate}
    assert sum(count for _rounds, count in found.rounds_taken) == len(settled)
    assert sum(count for _limit, count in found.durations) == len(settled)
    assert 0 <= found.kept <= found.moved <= len(settled)
    assert found.agreed <= len(found.judged) <= len(found.estimations)


# --- From the database


@pytest.mark.django_db
def test_sealed_rounds_change_no_trend(payments: Group):
    anna, ben = (at_the_table(payments, name) for name in ("Anna", "Ben"))
    issue = new_issue(payments)
    cancelled(payments, issue, {anna: "1", ben: "89"})
    play(payments, issue, [{anna: "5", ben: "8"}], "8")
    cancelled(payments, issue, {anna: "1", ben: "89"})
    (one,) = trends(history.of_group(payments), date.max).estimations
    assert (one.agreement, one.rounds) == (92, 1)


@pytest.mark.django_db
def test_a_played_history_has_something_for_every_chart(payments: Group):
    seats = [at_the_table(payments, name) for name in ("Anna", "Ben", "Cleo", "Dora", "Emil")]
    issues = past_sprints(payments, seats)
    found = trends(history.of_group(payments), date.max)
    assert len(found.settled) == len(issues) == 18
    assert [sprint.name for sprint in found.sprints] == ["Sprint 3", "Sprint 2", "Sprint 1"]
    assert found.most_disputed
    assert 0 < found.kept < found.moved
    assert 1 < (found.rounds_an_issue or 0) < 3


@pytest.mark.django_db
@pytest.mark.parametrize("number", [3, 60])
def test_four_queries_read_any_number_of_rounds(payments: Group, number, django_assert_num_queries):
    anna, ben = (at_the_table(payments, name) for name in ("Anna", "Ben"))
    for place in range(number):
        play(payments, new_issue(payments, f"Issue {place}"), [{anna: "5", ben: "8"}], "8")
    with django_assert_num_queries(4):
        record = history.of_group(payments)
    assert len(trends(record, date.max).estimations) == number
