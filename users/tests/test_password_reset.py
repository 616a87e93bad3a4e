"""A forgotten password is replaced by a link in a mail, and the page tells nobody who has an account."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.test import Client

from conftest import PASSWORD
from users import mails
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/me/password/reset/"
NEW = "another long one"


def asked(email: str) -> Any:
    """The answer of the page, once every mail is sent."""
    answer = Client().post(URL, {"email": email})
    mails.wait()
    return answer


def link() -> str:
    (found,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    return str(found)


def choose(path: str, password: str = NEW) -> Any:
    client = Client()
    form = client.get(path)
    assert form.status_code == 302, form.content
    return client.post(form["Location"], {"new_password1": password, "new_password2": password}, follow=True)


def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(alice: User):
    asked("ALICE@example.org")
    assert mail.outbox[0].to == ["alice@example.org"]
    assert mail.outbox[0].subject == "Estimation: choose a new password"
    path = link()
    assert choose(path).redirect_chain[-1][0] == "/me/password/reset/done/"
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert "no longer works" in Client().get(path, follow=True).content.decode()


def test_the_owner_of_the_account_is_told_of_it(alice: User):
    asked("alice@example.org")
    choose(link())
    mails.wait()
    assert [message.subject for message in mail.outbox[1:]] == ["Estimation: your password was changed"]
    assert mail.outbox[1].to == ["alice@example.org"]


def test_other_browsers_are_signed_out_by_it(alice: User):
    other = Client()
    other.force_login(alice)
    asked("alice@example.org")
    choose(link())
    assert other.get("/me/").status_code == 302


def test_whoever_had_too_many_wrong_passwords_may_try_the_new_one_at_once(alice: User):
    sign_in = "/me/sign-in/"
    for _ in range(settings.AXES_FAILURE_LIMIT):
        Client().post(sign_in, {"username": alice.email, "password": "wrong"})
    assert Client().post(sign_in, {"username": alice.email, "password": PASSWORD}).status_code == 429
    asked("alice@example.org")
    choose(link())
    assert Client().post(sign_in, {"username": alice.email, "password": NEW}).status_code == 302


def test_the_mail_writes_a_hostile_nickname_as_it_is(alice: User):
    alice.change_nickname("A & <B>")
    asked("alice@example.org")
    assert "Hello A & <B>," in str(mail.outbox[0].body)


@pytest.mark.parametrize("email", ["nobody@example.org", "closed@example.org", "none@example.org"])
def test_an_email_that_can_have_no_new_password_is_answered_like_one_that_can(alice: User, email):
    User.objects.create_user("closed@example.org", "Closed", PASSWORD, is_active=False)
    User.objects.create_user("none@example.org", "None at all", None)
    known, unknown = asked("alice@example.org"), asked(email)
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]


def test_the_page_asks_the_database_for_nothing_before_it_answers(alice: User, django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().post(URL, {"email": "alice@example.org"})
    mails.wait()


def test_a_mailbox_gets_three_mails_an_hour_and_the_page_says_the_same(alice: User):
    answers = {asked("alice@example.org").content for _ in range(4)}
    assert len(answers) == 1
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(("minutes", "works"), [(59, True), (61, False)])
def test_the_link_is_good_for_an_hour(alice: User, monkeypatch, minutes, works):
    now = PasswordResetTokenGenerator._now
    monkeypatch.setattr(
        PasswordResetTokenGenerator, "_now", lambda self: now(self) - timedelta(minutes=minutes)
    )
    asked("alice@example.org")
    monkeypatch.undo()
    assert (Client().get(link()).status_code == 302) is works
