"""The page about a group's votes over time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from groups.models import Group, Membership
from groups.tests.people import browser
from issues import rounds, table
from issues.tests.room import at_the_table, new_issue
from issues.tests.session import cancelled, past_sprints, play

pytestmark = pytest.mark.django_db

SECRET = "Zebrafinch"  # a reason that stands nowhere else
SECRET_CARD = "77777"


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def ben(payments: Group) -> Membership:
    return at_the_table(payments, "Ben")


@pytest.fixture
def client(bob) -> Client:
    return browser(bob)


def page(client: Client, group: Group, **asked: str) -> str:
    response = client.get(reverse("issues:statistics", args=[group.pk]), asked)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def played(group: Group, seats: dict[Membership, str], days: int, **fields: Any) -> None:
    """An issue that was voted on and settled so many days ago."""
    play(group, new_issue(group, **fields), [seats], "8", at=timezone.now() - timedelta(days=days))


def test_a_group_with_nothing_yet_is_told_what_will_be_here(client, payments):
    text = page(client, payments)
    assert "Nothing to see yet" in text
    assert "how often you agree at first sight" in text
    assert "<select" not in text


def test_an_issue_that_waits_for_its_first_vote_is_nothing_yet(client, payments):
    new_issue(payments)
    assert "Nothing to see yet" in page(client, payments)


def test_the_first_sentence_says_how_often_the_team_agreed_at_first_sight(client, payments, anna, ben):
    played(payments, {anna: "5", ben: "8"}, 1)
    played(payments, {anna: "1", ben: "8"}, 2)
    assert "You agreed at first sight on 1 of 2 issues" in page(client, payments)


def test_the_page_shows_every_chart_of_a_played_history(client, payments, anna, ben):
    past_sprints(payments, [anna, ben, *(at_the_table(payments, name) for name in ("Cleo", "Dora"))])
    text = page(client, payments)
    assert text.count('role="img"') == 2
    for heading in (
        "Agreement of the first vote",
        "Rounds until settled",
        "How estimates moved",
        "Sprint by sprint",
    ):
        assert heading in text
    assert "PAY-11 Pay by card on the phone" in text


def test_a_group_without_numbers_on_its_cards_is_shown_without_points(client, payments, anna, ben):
    payments.deck = "S M L"
    payments.save()
    play(payments, new_issue(payments), [{anna: "S", ben: "M"}], "M")
    text = page(client, payments)
    assert "You agreed at first sight on 0 of 1 issue" in text
    assert "Points estimated per week" not in text


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({}, {"Now", "In spring"}),
        ({"days": "30"}, {"Now"}),
        ({"days": "365"}, {"Now", "In spring", "Last year"}),
        ({"days": "all"}, {"Now", "In spring", "Last year", "Long ago"}),
        ({"days": "all", "sprint": "Winter"}, {"Last year"}),
        ({"sprint": "Winter"}, set()),
    ],
)
def test_time_and_sprint_can_be_chosen(client, payments, anna, ben, asked, titles):
    votes = {anna: "5", ben: "8"}
    for title, days, sprint in [
        ("Now", 1, ""),
        ("In spring", 60, ""),
        ("Last year", 200, "Winter"),
        ("Long ago", 900, ""),
    ]:
        played(payments, votes, days, title=title, sprint=sprint)
    text = page(client, payments, **asked)
    assert {
        title for title in ("Now", "In spring", "Last year", "Long ago") if f"<bdi>{title}</bdi>" in text
    } == titles


def test_a_time_with_nothing_in_it_offers_all_the_time(client, payments, anna, ben):
    played(payments, {anna: "5", ben: "8"}, 100)
    text = page(client, payments)
    assert "Nothing was estimated in this time" in text
    assert 'href="?days=all"' in text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"days": "7"}, "There is no such time."),
        ({"sprint": "Nowhere"}, "There is no such sprint."),
        ({"days": "٣٠"}, "no such time"),
    ],
)
def test_a_wrong_choice_is_told_and_shows_what_is_shown_without_one(
    client, payments, anna, ben, asked, sentence
):
    played(payments, {anna: "5", ben: "8"}, 1)
    text = page(client, payments, **asked)
    assert sentence in text
    assert '<option value="90" selected>' in text
    assert "on 1 of 1 issue" in text


@pytest.mark.parametrize("number", [3, 60])
def test_the_number_of_queries_does_not_grow(client, payments, anna, ben, number, django_assert_num_queries):
    for place in range(number):
        play(
            payments, new_issue(payments, f"Issue {place}", sprint=f"S{place}"), [{anna: "5", ben: "8"}], "8"
        )
    with django_assert_num_queries(7):
        page(client, payments)


def test_what_people_wrote_is_never_read_as_html(client, payments, anna, ben):
    payments.deck = "1 <b> <i>"
    payments.save()
    play(payments, new_issue(payments, "<b>x</b>", sprint="<i>y"), [{anna: "<b>", ben: "1"}], "<i>")
    text = page(client, payments)
    assert "<b>" not in text
    assert "<i>" not in text


def test_numbers_in_charts_are_written_alike_in_every_language(client, payments, anna, ben):
    for day in range(3):
        played(payments, {anna: "5", ben: "8"}, day)
    client.cookies["django_language"] = "de"
    text = page(client, payments)
    assert 'lang="de"' in text
    assert 'cx="16.67%"' in text


@pytest.mark.parametrize("ending", ["open", "cancelled"])
@pytest.mark.parametrize("others", [False, True])
def test_nothing_of_a_sealed_round_is_told(client, payments, anna, ben, ending, others):
    payments.deck = f"5 8 {SECRET_CARD}"
    payments.save()
    issue = new_issue(payments)
    if others:
        play(payments, issue, [{anna: "5", ben: "8"}], "8")
    before = page(client, payments)
    if ending == "cancelled":
        cancelled(payments, issue, {anna: SECRET_CARD}, SECRET)
    else:
        round_ = rounds.begin(payments, payments.user, issue)
        table.see(anna)
        rounds.vote(anna, round_.pk, SECRET_CARD, SECRET)
    text = page(client, payments)
    assert SECRET not in text
    assert SECRET_CARD not in text
    assert len(text) == len(before)
