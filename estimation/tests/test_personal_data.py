"""People may have what is kept about them, and may be deleted: rounds stay, the name goes."""

import json
from typing import cast

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from conftest import PASSWORD
from groups import decks
from groups.models import Group, Membership
from groups.tests.people import browser
from issues import rounds, table
from issues.models import Issue, Transition, Vote
from issues.tests.room import at_the_table, new_issue
from users import api_tokens, two_factor
from users.models import ApiToken, Identity, User

pytestmark = pytest.mark.django_db
PAGE = "/me/data/"
NICKNAME = "Bob the Unmistakable"
SUBJECT = "bob-at-the-provider"
REASON = "nobody knows that interface"


@pytest.fixture
def past(payments: Group, alice: User, bob: User) -> Issue:
    """Bob has voted, and another time not; he had an account, a token, a second factor, and talked to the admin."""
    seat = payments.memberships.get(user=bob)
    seat.rename(NICKNAME)
    User.objects.filter(pk=bob.pk).update(nickname=NICKNAME)
    other = at_the_table(payments, "Anna")
    table.see(seat)
    issue = new_issue(payments)
    first = rounds.begin(payments, alice, issue)
    rounds.vote(seat, first.pk, "5", REASON)
    rounds.vote(other, first.pk, "5", "")
    rounds.reveal(payments, first.pk, alice, early=True)
    rounds.settle(payments, first.pk, decks.card("5"), bob)
    second = rounds.begin(payments, alice, None)
    rounds.vote(other, second.pk, "8", "")
    Transition.objects.filter(round=second).update(missing=[NICKNAME, "Somebody"])
    api_tokens.make(bob)
    two_factor.new_recovery_codes(bob)
    Identity.objects.create(user=bob, issuer="https://id.example", subject=SUBJECT, digest="of both")
    return issue


def send(user: User, **form: str) -> HttpResponse:
    return cast("HttpResponse", browser(user).post(f"{PAGE}delete/", form))


def everything_kept() -> str:
    """All that stands in the database, sessions apart."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        texts = []
        for name in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            texts += [str(row) for row in cursor.fetchall()]
    return "\n".join(texts)


def test_what_is_kept_comes_as_a_file(past: Issue, bob: User):
    answer = browser(bob).get(f"{PAGE}export/")
    told = json.loads(answer.content)
    assert answer["Content-Disposition"] == 'attachment; filename="estimation.json"'
    assert told["person"]["email"] == "bob@example.org"
    assert [one["subject"] for one in told["person"]["identities"]] == [SUBJECT]
    assert [(vote["card"], vote["reason"]) for vote in told["votes"]] == [("5", REASON)]
    assert told["seats"][-1]["nickname"] == NICKNAME
    assert [estimate["estimate"] for estimate in told["estimates"]] == ["5"]
    assert [browser["browser"] for browser in told["signed_in"]] == ["A browser"]


def test_nobody_elses_votes_and_no_secrets_are_in_it(past: Issue, bob: User):
    text = browser(bob).get(f"{PAGE}export/").content.decode()
    assert "Anna" not in text
    assert '"8"' not in text
    assert bob.password not in text
    assert ApiToken.objects.get().digest not in text


def test_whoever_is_deleted_is_named_nowhere_any_more(past: Issue, bob: User):
    assert NICKNAME in everything_kept()
    assert send(bob, password=PASSWORD, sure="on").status_code == 302
    kept = everything_kept()
    assert NICKNAME not in kept
    assert "bob@example.org" not in kept
    assert SUBJECT not in kept


def test_rounds_and_votes_stay(past: Issue, bob: User):
    before = (Vote.objects.count(), Transition.objects.count(), Issue.objects.get(pk=past.pk).estimate)
    send(bob, password=PASSWORD, sure="on")
    assert (
        Vote.objects.count(),
        Transition.objects.count(),
        Issue.objects.get(pk=past.pk).estimate,
    ) == before
    former = f"Former member {bob.pk}"
    assert Vote.objects.get(voter=bob).name == former
    assert Vote.objects.get(voter=bob).reason == REASON
    assert [former, "Somebody"] in list(Transition.objects.values_list("missing", flat=True))


def test_sessions_tokens_and_the_second_factor_are_over(past: Issue, bob: User):
    other, token = browser(bob), api_tokens.make(bob)
    send(bob, password=PASSWORD, sure="on")
    assert other.get("/me/").status_code == 302
    assert api_tokens.user_of(token) is None
    assert not bob.recovery_codes.exists()
    assert not bob.user_sessions.exists()
    form = {"username": "bob@example.org", "password": PASSWORD}
    assert Client().post("/me/sign-in/", form).status_code == 200


def test_the_page_of_the_issue_names_a_former_member(past: Issue, alice: User, bob: User):
    send(bob, password=PASSWORD, sure="on")
    page = browser(alice).get(f"/groups/{past.group_id}/issues/{past.pk}/").content.decode()
    assert f"Former member {bob.pk}" in page


@pytest.mark.parametrize(
    "form", [{"password": PASSWORD}, {"sure": "on"}, {"sure": "on", "password": "wrong"}]
)
def test_without_the_password_and_a_yes_nobody_is_deleted(past: Issue, bob: User, form):
    assert send(bob, **form).status_code == 200
    assert User.objects.get(pk=bob.pk).email == "bob@example.org"


def test_a_guest_has_no_password_to_give(payments: Group):
    guest = at_the_table(payments, "Gast").user
    assert send(guest, sure="on").status_code == 302
    assert not Membership.objects.filter(user=guest).exists()
    assert User.objects.get(pk=guest.pk).nickname == f"Former member {guest.pk}"


def test_whoever_owns_a_group_of_others_hands_it_over_first(payments: Group, alice: User):
    answer = send(alice, password=PASSWORD, sure="on")
    assert "Hand over “Payments” to another member, or archive it." in answer.content.decode()
    assert User.objects.get(pk=alice.pk).email == "alice@example.org"


def test_a_group_where_nobody_else_sits_is_archived(bob: User):
    alone = Group.objects.start(bob, "Alone")
    send(bob, password=PASSWORD, sure="on")
    assert Group.objects.get(pk=alone.pk).is_archived


def test_the_only_superuser_stays(staff: User):
    page = send(staff, password=PASSWORD, sure="on").content.decode()
    assert "Make somebody else a superuser: you are the only one." in page
    User.objects.create_superuser("other@example.org", "Other", PASSWORD)
    assert send(staff, password=PASSWORD, sure="on").status_code == 302
    assert not User.objects.get(pk=staff.pk).is_superuser
