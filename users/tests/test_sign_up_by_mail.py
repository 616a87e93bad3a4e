"""Where mails are sent, whoever signs up shows by a link that the mailbox is theirs."""

import re
import time
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from users import mails, sign_up_links
from users.models import User
from users.sign_up_links import VALID, SignUpLink

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/me/sign-up/"
FORM = {"nickname": "Anna", "password": "long enough for it"}


@pytest.fixture(autouse=True)
def _by_mail(settings: Any) -> None:
    settings.SIGN_UP_BY_MAIL = True


@pytest.fixture
def guests() -> Client:
    """The browser of a guest."""
    client = Client()
    client.post("/me/guest/", {"nickname": "Gast"})
    return client


def asked(client: Client, email: str = "anna@example.org", **more: str) -> Any:
    answer = client.post(URL, {"email": email} | more)
    mails.wait()
    return answer


def link() -> str:
    (found,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    return str(found)


def who(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_the_link_in_the_mail_leads_to_the_account(client):
    assert asked(client, "Anna@Example.org")["Location"] == "/me/sign-up/sent/"
    assert mail.outbox[0].to == ["anna@example.org"]
    assert "anna@example.org" in client.get(link()).content.decode()
    client.post(link(), FORM)
    assert who(client).email == "anna@example.org"
    assert who(client).check_password(FORM["password"])


def test_before_that_there_is_no_account(client):
    asked(client)
    assert not User.objects.filter(email="anna@example.org").exists()


def test_a_guest_becomes_the_account(guests):
    guest = who(guests)
    asked(guests)
    guests.post(link(), FORM)
    assert who(guests) == guest
    assert who(guests).email == "anna@example.org"


def test_they_get_to_where_they_wanted(client):
    asked(client, next="/join/")
    assert client.post(link(), FORM)["Location"] == "/join/"


def test_an_email_that_has_an_account_is_answered_alike_and_its_owner_is_told_where_to_sign_in(client, alice):
    known, unknown = asked(client, "alice@example.org"), asked(client, "nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.subject for message in mail.outbox] == [
        "Estimation: you have an account",
        "Estimation: your link to sign up",
    ]
    assert "http://testserver/me/sign-in/" in str(mail.outbox[0].body)


def test_the_page_asks_the_database_for_nothing_before_it_answers(client, alice, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.post(URL, {"email": "alice@example.org"})
    mails.wait()


def test_a_link_that_was_used_leads_to_the_page_to_sign_in(client):
    asked(client)
    client.post(link(), FORM)
    answer = Client().get(link(), follow=True)
    assert answer.redirect_chain[-1][0] == "/me/sign-in/"
    assert "There is an account with this e-mail already" in answer.content.decode()


def test_another_guest_does_not_give_away_what_they_have(client, guests):
    asked(client)
    page = guests.post(link(), FORM)
    assert "asked for elsewhere" in page.content.decode()
    assert who(guests).is_guest
    assert not User.objects.filter(email="anna@example.org").exists()


def test_on_another_device_the_link_makes_an_account_of_its_own(guests):
    guest = who(guests)
    asked(guests)
    phone = Client()
    phone.post(link(), FORM)
    assert who(phone) != guest
    assert who(guests).is_guest


def test_a_weak_password_is_refused_and_the_link_works_still(client):
    asked(client)
    assert client.post(link(), FORM | {"password": "short"}).context["form"].errors["password"]
    assert client.post(link(), FORM).status_code == 302


@pytest.mark.parametrize(("age", "status"), [(VALID, 200), (VALID + 2, 404)])
def test_the_link_is_good_for_a_day(client, monkeypatch, age, status):
    token = sign_up_links.token(SignUpLink("anna@example.org", None, "/"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: int(now) + age)
    assert client.get(f"{URL}{token}/").status_code == status


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "sent2"])
def test_a_link_that_is_not_ours_is_said_to_work_no_more(client, token):
    answer = client.get(f"{URL}{token}/")
    assert answer.status_code == 404
    assert "no longer works" in answer.content.decode()
