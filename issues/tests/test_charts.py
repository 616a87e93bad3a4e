"""Where the parts of charts stand."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groups import decks
from issues import charts
from issues.charts import Names, Value
from issues.statistics import summarise

pytestmark = pytest.mark.once

FIBONACCI = decks.parse(decks.PRESETS["fibonacci"])
MONDAY = date(2026, 6, 1)


def of(*labels: str):
    return summarise(FIBONACCI, [(f"Voter {number}", label) for number, label in enumerate(labels, 1)])


def values(*numbers: int):
    return [Value(MONDAY + timedelta(days=day), number, f"Issue {day}") for day, number in enumerate(numbers)]


def weeks(*points: int):
    return [(MONDAY + timedelta(weeks=week), Decimal(number)) for week, number in enumerate(points)]


def test_the_distribution_goes_from_the_lowest_to_the_highest_card_that_was_played():
    rows = charts.distribution(of("3", "13", "3"))
    assert [(row.label, row.count) for row in rows] == [("3", 2), ("5", 0), ("8", 0), ("13", 1)]


def test_a_bar_is_as_wide_as_its_part_of_the_longest():
    assert [row.width for row in charts.distribution(of("3", "5", "5", "5"))] == ["33.33%", "100%"]


def test_the_suggested_card_is_marked():
    assert [row.label for row in charts.distribution(of("3", "5", "5")) if row.is_suggested] == ["5"]


def test_special_cards_have_no_bar():
    assert charts.distribution(of("?", "☕")) == ()


def test_a_thousand_voters_are_twelve_names_and_a_number():
    (row,) = charts.distribution(of(*["5"] * 1000))
    assert (len(row.names.shown), row.names.more) == (12, 988)


@pytest.mark.parametrize(("count", "shown", "more"), [(0, 0, 0), (12, 12, 0), (13, 13, 0), (14, 12, 2)])
def test_names_are_folded_where_that_is_shorter(count, shown, more):
    names = tuple(f"Voter {number}" for number in range(count))
    assert charts.folded(names) == Names(names[:shown], more)


def test_rows_without_anything_have_no_width():
    assert [row.width for row in charts.rows([("a", 0), ("b", 0)])] == ["0%", "0%"]


def test_a_dot_stands_in_the_middle_of_its_strip_at_the_height_of_its_number():
    found = charts.dots(values(100, 50, 0, 70))
    assert [(dot.x, dot.y) for dot in found.dots] == [
        ("12.5%", 0),
        ("37.5%", 90),
        ("62.5%", 180),
        ("87.5%", 54),
    ]


@pytest.mark.parametrize(("percent", "low"), [(69, True), (70, False)])
def test_a_dot_below_70_percent_is_low(percent, low):
    assert charts.dots(values(percent)).dots[0].is_low is low


@pytest.mark.parametrize(("count", "dots", "each"), [(40, 40, 1), (41, 21, 2), (2000, 40, 50)])
def test_of_too_many_values_a_dot_is_the_mean_of_neighbours(count, dots, each):
    found = charts.dots(values(*[80, 60] * count)[:count])
    assert (len(found.dots), found.each) == (dots, each)
    assert sum(dot.count for dot in found.dots) == count


def test_a_dot_for_several_values_has_their_mean_the_first_date_and_no_name():
    dot = charts.dots(values(*[90, 60] * 21)).dots[1]
    assert (dot.number, dot.date, dot.name) == (75, MONDAY + timedelta(days=2), "")


def test_the_line_goes_through_the_mean_of_the_last_five():
    (segment,) = charts.dots(values(100, 0, 100, 0, 100, 0)).line
    assert (segment.x1, segment.y1, segment.x2, segment.y2) == ("75%", 72, "91.67%", 108)


def test_fewer_than_six_values_have_no_line():
    assert charts.dots(values(*[80] * 5)).line == ()


def test_columns_stand_on_the_ground_and_below_a_round_number():
    found = charts.columns(weeks(13, 0, 21))
    assert [tick.value for tick in found.ticks] == [0, 10, 20, 30]
    assert [(column.y, column.height) for column in found.columns] == [(102, 78), (180, 0), (54, 126)]


@pytest.mark.parametrize(("count", "columns", "each"), [(26, 26, 1), (27, 14, 2), (260, 26, 10)])
def test_of_too_many_weeks_a_column_is_the_sum_of_neighbours(count, columns, each):
    found = charts.columns(weeks(*[5] * count))
    assert (len(found.columns), found.each) == (columns, each)
    assert sum(column.number for column in found.columns) == 5 * count


def test_nothing_at_all_is_an_empty_drawing():
    assert (charts.dots([]).dots, charts.columns([]).columns) == ((), ())


@pytest.mark.parametrize(
    ("count", "anchors"),
    [(1, ["middle"]), (2, ["middle"]), (4, ["start", "end"]), (20, ["start", "middle", "end"])],
)
def test_there_are_as_many_dates_as_a_phone_has_room_for(count, anchors):
    assert [day.anchor for day in charts.dots(values(*[80] * count)).days] == anchors


@given(st.lists(st.decimals(0, 999_999, places=2), min_size=1, max_size=60))
def test_whatever_the_points_no_column_leaves_the_drawing(points):
    found = charts.columns([(MONDAY + timedelta(weeks=week), number) for week, number in enumerate(points)])
    assert 2 <= len(found.ticks) <= charts.GRIDLINES + 1
    for column in found.columns:
        assert 0 <= column.y <= column.y + column.height == charts.HEIGHT
        assert 0 <= float(column.x[:-1]) <= float(column.x[:-1]) + float(column.width[:-1]) <= 100.01
