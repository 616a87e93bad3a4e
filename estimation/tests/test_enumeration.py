"""Nobody learns from an answer, or from what it cost, whether there is an account, a group or an invite."""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conftest import PASSWORD
from estimation.tests.test_routes import OWN_ROUTES
from groups import invitations
from groups.models import Group
from groups.tests.people import browser
from users import api_tokens, two_factor
from users.models import User

pytestmark = pytest.mark.django_db
NOWHERE = 99_999


# --- Accounts


class Counting(PBKDF2PasswordHasher):
    """The real one, with few rounds; counts how often it is used."""

    iterations = 10
    used = 0

    def encode(self, *args: Any, **kwargs: Any) -> str:
        type(self).used += 1
        return super().encode(*args, **kwargs)


@pytest.fixture
def hashes(settings: Any) -> type[Counting]:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    return Counting


def tried(email: str) -> tuple[int, str, list[str]]:
    """Status, text and kinds of queries of a wrong password for this account."""
    with CaptureQueriesContext(connection) as asked:
        answer = Client().post("/me/sign-in/", {"username": email, "password": "a wrong one"})
    kinds = [re.sub(r"'[^']*'|\d+", "?", query["sql"])[:60] for query in asked.captured_queries]
    text = re.sub(r'value="[^"]*"', "", answer.content.decode())
    return answer.status_code, text, kinds


@pytest.mark.parametrize("email", ["nobody@example.org", "closed@example.org"])
def test_a_wrong_password_costs_and_says_the_same_whether_there_is_the_account(hashes, email):
    User.objects.create_user("alice@example.org", "Alice", PASSWORD)
    User.objects.create_user("closed@example.org", "Closed", PASSWORD, is_active=False)
    costs = []
    for each in ("alice@example.org", email):
        hashes.used = 0
        costs.append((tried(each), hashes.used))
    (known, known_hashes), (unknown, unknown_hashes) = costs
    assert known == unknown
    assert known_hashes == unknown_hashes == 1


# --- Groups

IN_A_GROUP = {name: pattern for name, pattern in OWN_ROUTES.items() if "group_id" in pattern}


def text_of(answer: HttpResponse) -> str:
    return re.sub(r'value="[^"]*"|\d+', "", answer.content.decode())


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", IN_A_GROUP)
def test_a_stranger_is_told_of_a_group_what_is_told_of_none(payments: Group, charlie: User, name, method):
    answers = []
    for number in (payments.pk, NOWHERE):
        names = re.findall(r"<(?:\w+:)?(\w+)>", IN_A_GROUP[name])
        address = reverse(name, kwargs=dict.fromkeys(names, 1) | {"group_id": number})
        with CaptureQueriesContext(connection) as asked:
            answer = getattr(browser(charlie), method)(address)
        answers.append((answer.status_code, text_of(answer), len(asked)))
    there, nowhere = answers
    assert there[:2] == nowhere[:2]


# --- Invites


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_was_not_made_here_says_nothing_of_its_group(payments: Group, method):
    answers = []
    for number in (payments.pk, NOWHERE):
        with CaptureQueriesContext(connection) as asked:
            answer = getattr(Client(), method)(f"/join/{number}.0.{'x' * 43}/")
        answers.append((answer.status_code, text_of(answer), len(asked)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert answers[0][2] == 0  # the signature is looked at before the database is asked


# --- Tokens


def api_token(user: User) -> str:
    return api_tokens.make(user).removeprefix(api_tokens.PREFIX)


def recovery_code(user: User) -> str:
    return two_factor.new_recovery_codes(user)[0].replace("-", "")


@pytest.mark.parametrize(
    ("make", "letters", "bits"), [(api_token, 64, 256), (recovery_code, 32, 112)], ids=["API", "recovery"]
)
def test_a_token_can_not_be_guessed(alice: User, make, letters, bits):
    tokens = [make(alice) for _ in range(300)]
    length = len(tokens[0])
    assert len(set(tokens)) == 300
    assert length * (letters.bit_length() - 1) >= bits
    # Every place takes many letters; the last one of base64 holds two bits less.
    for place in range(length - 1):
        assert len({token[place] for token in tokens}) > letters * 3 // 4, place


def test_an_invite_is_signed_with_256_bits(payments: Group):
    signature = payments.invite_token.split(".")[-1]
    assert len(signature) == 43  # base64 of 32 bytes
    changed = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    assert invitations.read(f"{payments.pk}.0.{signature}") == (payments.pk, 0)
    assert invitations.read(f"{payments.pk}.0.{changed}") is None
