"""What stands in the log, and what never does."""

import logging
import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from conftest import PASSWORD
from issues.tests.feed import eventually
from users import api_tokens, mails

pytestmark = pytest.mark.django_db

NEW = "a new password of hers"
SQL = "django.db.backends"  # is asked for by nobody but developers


@pytest.fixture
def lines(caplog) -> Callable[[], list[str]]:
    """Gives every line of the log, at the level that tells the most."""
    caplog.set_level(logging.DEBUG)
    format_ = logging.Formatter("%(levelname)s %(name)s %(message)s")
    return lambda: [format_.format(record) for record in caplog.records if record.name != SQL]


@pytest.fixture
def events(caplog) -> Callable[[], list[tuple[str, str]]]:
    """Gives level and name of every event of security."""
    caplog.set_level(logging.INFO)
    return lambda: [
        (record.levelname, record.fields["event"])
        for record in caplog.records
        if record.name == "estimation.security"
    ]


# --- What does


def test_whoever_is_not_allowed_something_stands_in_it(events, bob, payments):
    client = Client()
    client.force_login(bob)
    assert client.get(reverse("groups:group-settings", args=[payments.pk])).status_code == 403
    assert ("WARNING", "permission-refused") in events()


def test_whoever_looks_for_the_group_of_others_stands_in_it(events, charlie, payments):
    client = Client()
    client.force_login(charlie)
    assert client.get(reverse("issues:room", args=[payments.pk])).status_code == 404
    assert ("WARNING", "permission-refused") in events()


def test_a_form_of_another_site_stands_in_it(events, alice, payments):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse("groups:group-archive", args=[payments.pk])).status_code == 403
    assert ("WARNING", "csrf-refused") in events()


def test_a_program_without_a_good_token_stands_in_it(events, client):
    client.get("/api/v1/groups", headers={"Authorization": "Bearer est_wrong"})
    assert ("WARNING", "api-token-refused") in events()


def test_a_limit_that_was_met_stands_in_it(events):
    for _ in range(21):
        Client().get(f"/join/1.0.{'x' * 43}/")
    assert ("WARNING", "too-many-requests") in events()


@pytest.mark.django_db
def test_whoever_is_locked_out_of_an_account_stands_in_it(events, alice):
    for _ in range(10):
        Client().post(reverse("users:sign-in"), {"username": alice.email, "password": "wrong"})
    assert ("WARNING", "sign-in-locked") in events()


# --- What does not


def test_no_password_stands_in_it(lines, alice):
    client = Client()
    for password in ("a wrong one that she typed", PASSWORD):
        client.post(reverse("users:sign-in"), {"username": alice.email, "password": password})
    fields = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    client.post(reverse("users:password-change"), fields | {"new_password2": NEW.upper()})
    client.post(reverse("users:password-change"), fields)
    sign_up = {"nickname": "Eve", "email": alice.email, "password": "a long one of Eve's"}
    Client().post(reverse("users:sign-up"), sign_up)
    text = "\n".join(lines())
    for secret in ("a wrong one that she typed", PASSWORD, NEW, NEW.upper(), "a long one of Eve's"):
        assert secret not in text


def test_no_key_of_a_session_and_no_token_stands_in_it(lines, alice):
    client = Client()
    client.force_login(alice)
    token = api_tokens.make(alice)
    program = {"Authorization": f"Bearer {token}"}
    client.get("/api/v1/groups", headers=program)
    client.get("/api/v1/nowhere", headers=program)
    client.get("/nowhere/")
    eventually(lambda: "estimation.access" in "\n".join(lines()))  # a thread of its own writes them
    text = "\n".join(lines())
    assert token not in text
    assert str(client.session.session_key) not in text


@pytest.mark.django_db(transaction=True)
def test_no_link_that_resets_a_password_stands_in_it(lines, alice):
    client = Client()
    client.post(reverse("users:password-reset"), {"email": alice.email})
    mails.wait()
    (link,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[0].body))
    client.get(link, follow=True)
    assert link.rstrip("/").rpartition("/")[2] not in "\n".join(lines())
