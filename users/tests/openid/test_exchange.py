"""An exchange is of the browser that has begun it, and good once."""

import time

import pytest
from django.test import Client

from conftest import PASSWORD
from users.models import Identity
from users.pending_authorizations import VALID
from users.tests.openid.coming import BEGIN, CALLBACK, back, gone, signed_in_there, who
from users.tests.openid.provider import TOKEN

pytestmark = pytest.mark.django_db


def test_an_answer_that_nobody_asked_for_is_refused(client, there):
    answer = back(client, f"{CALLBACK}?code=a&state=b")
    assert answer.status_code == 400
    assert "This was not begun in this browser" in answer.content.decode()
    assert TOKEN not in dict(there.asked)


@pytest.mark.parametrize("query", ["", "code=a", "state=", "error=access_denied"])
def test_an_answer_without_a_state_is_refused(client, there, query):
    gone(client)
    assert back(client, f"{CALLBACK}?{query}").status_code == 400


def test_the_answer_to_another_browser_is_refused(client, there):
    address = signed_in_there(gone(Client()))
    gone(client)
    assert back(client, address).status_code == 400
    assert who(client) is None


def test_an_answer_is_good_once(client, there):
    address = signed_in_there(gone(client))
    back(client, address)
    client.post("/me/sign-out/")
    assert back(client, address).status_code == 400
    assert who(client) is None


def test_an_answer_is_refused_once_it_was_refused(client, there):
    address = signed_in_there(gone(client))
    there.answers[TOKEN] = (503, "")
    assert back(client, address).status_code == 502
    there.answers.clear()
    assert back(client, address).status_code == 400


def test_an_answer_that_comes_too_late_is_refused(client, there, monkeypatch):
    address = signed_in_there(gone(client))
    later = time.time() + VALID + 1
    monkeypatch.setattr("users.pending_authorizations.time.time", lambda: later)
    assert back(client, address).status_code == 400


def test_a_link_that_somebody_else_has_begun_is_refused(client, there, alice, bob):
    client.force_login(alice)
    address = signed_in_there(gone(client, f"{BEGIN}link/", password=PASSWORD))
    begun = dict(client.session.items())["pending_authorizations"]
    client.force_login(bob)
    session = client.session
    session["pending_authorizations"] = begun
    session.save()
    assert back(client, address).status_code == 400
    assert not Identity.objects.exists()


def test_whoever_has_signed_in_by_password_meanwhile_is_not_linked(client, there, alice):
    address = signed_in_there(gone(client))
    client.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD})
    assert back(client, address).status_code == 400
    assert not Identity.objects.exists()


def test_a_guest_who_begins_twice_links_nobody_by_the_second(client, there, guest):
    there.knows("eve", email="eve@example.org", email_verified=True)
    client.force_login(guest)
    first, second = signed_in_there(gone(client)), signed_in_there(gone(client), sub="eve")
    assert back(client, first).status_code == 302
    assert back(client, second).status_code == 400
    assert Identity.objects.get().subject == "ada"


def test_two_tabs_do_not_disturb_each_other(client, there):
    first, _second = gone(client), gone(client)
    assert back(client, signed_in_there(first)).status_code == 302
