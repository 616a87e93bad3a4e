"""Rounds and votes in the admin: who voted, and what only once the group knows it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from groups import decks
from issues import rounds
from issues.models import Round, Transition, Vote
from issues.tests.room import at_the_table, new_issue
from users.models import User

pytestmark = pytest.mark.django_db

VOTES = "admin:issues_vote_changelist"


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """The browser of a superuser."""
    client.force_login(staff)
    return client


def queries(client, page) -> int:
    client.get("/admin/")  # notes, once a minute, that staff are here
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


@pytest.fixture
def round_(payments, alice) -> Round:
    """An open round in which Vera has played a zebra, for a reason."""
    payments.choose_deck(decks.parse("1 5 zebra=13"))
    vera = at_the_table(payments, "Vera")
    opened = rounds.begin(payments, alice, new_issue(payments))
    rounds.vote(vera, opened.pk, "zebra", "Because of the database")
    return opened


def vote_pages(client) -> list[str]:
    vote = Vote.objects.get()
    addresses = [
        reverse(VOTES),
        reverse("admin:issues_vote_change", args=[vote.pk]),
        reverse("admin:issues_vote_history", args=[vote.pk]),
    ]
    return [client.get(address).content.decode() for address in addresses]


def test_who_voted_is_told_and_nothing_else_while_the_round_is_open(desk, round_):
    pages = vote_pages(desk)
    assert "Vera" in pages[0]
    assert "sealed" in pages[0]
    assert "sealed" in pages[1]
    for page in pages:
        assert "Because of the database" not in page
        assert "zebra" not in page


def test_the_card_of_a_cancelled_round_stays_sealed(desk, round_, payments, alice):
    rounds.cancel(payments, round_.pk, alice)
    assert all("Because of the database" not in page and "zebra" not in page for page in vote_pages(desk))


def test_card_and_reason_are_told_once_the_round_is_revealed(desk, round_, payments, alice):
    rounds.reveal(payments, round_.pk, alice, early=True)
    for page in vote_pages(desk)[:2]:
        assert "Because of the database" in page
        assert "zebra" in page


@pytest.mark.parametrize(
    "query",
    [
        "card=zebra",
        "card__exact=5",
        "reason__startswith=B",
        "revealed_card=zebra",
        "round__votes__card=zebra",
        "o=5",
        "o=-6",
    ],
)
def test_no_address_tells_votes_apart_by_card_or_reason(desk, round_, payments, query):
    address = f"{reverse(VOTES)}?{query}"
    if query.startswith("o="):
        assert "ORDER BY" in (sql := str(desk.get(address).context["cl"].queryset.query))
        assert "card" not in sql.split("ORDER BY")[1]
    else:
        assert desk.get(address).status_code in {302, 400}


@pytest.mark.parametrize(
    "address",
    [
        "admin:issues_round_changelist?votes__card=zebra",
        "admin:issues_transition_changelist?round__votes__card=zebra",
        "admin:issues_issue_changelist?rounds__votes__card=zebra",
        "admin:groups_group_changelist?rounds__votes__card=zebra",
        "admin:groups_membership_changelist?group__rounds__votes__card=zebra",
        "admin:issues_issue_export?rounds__votes__card=zebra",
    ],
)
def test_nothing_else_is_filtered_by_a_card(desk, round_, address):
    name, query = address.split("?")
    assert desk.get(f"{reverse(name)}?{query}").status_code in {302, 400}


@pytest.mark.parametrize("text", ["zebra", "database"])
def test_a_search_finds_no_card_and_no_reason(desk, round_, text):
    assert not desk.get(reverse(VOTES), {"q": text}).context["cl"].result_list


def test_a_search_finds_who_voted(desk, round_):
    assert len(desk.get(reverse(VOTES), {"q": "Vera"}).context["cl"].result_list) == 1


@pytest.mark.parametrize("model", ["round", "transition", "vote"])
def test_rounds_and_votes_are_only_looked_at(desk, round_, model):
    models: dict[str, Any] = {"round": Round, "transition": Transition, "vote": Vote}
    row = models[model].objects.first()
    assert row is not None
    change = reverse(f"admin:issues_{model}_change", args=[row.pk])
    statuses = [
        desk.get(reverse(f"admin:issues_{model}_changelist")).status_code,
        desk.get(change).status_code,
        desk.post(change, {"card": "1", "state": "open"}).status_code,
        desk.get(reverse(f"admin:issues_{model}_add")).status_code,
        desk.post(reverse(f"admin:issues_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code,
    ]
    assert statuses == [200, 200, 403, 403, 403]


@pytest.mark.parametrize("model", ["round", "transition", "vote"])
def test_a_page_of_them_takes_as_many_queries_as_one_of_them(desk, round_, payments, alice, model):
    page = reverse(f"admin:issues_{model}_changelist")
    few = queries(desk, page)
    rounds.reveal(payments, round_.pk, alice, early=True)
    for number in range(5):
        seat = at_the_table(payments, f"Voter {number}")
        again = rounds.begin(payments, alice, new_issue(payments))
        rounds.vote(seat, again.pk, "5")
        rounds.reveal(payments, again.pk, alice, early=True)
    assert queries(desk, page) == few
