"""A form that was sent twice does its work once."""

from functools import partial

import pytest
from django.test import Client

from users.models import User
from users.tests.races import at_once

URL = "/me/guest/"
FORM = {"nickname": "Anna", "csrfmiddlewaretoken": "t" * 64}


@pytest.mark.django_db
def test_a_form_that_is_sent_twice_makes_one_guest_who_is_signed_in_both_times():
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.post(URL, FORM)
    guest = User.objects.get()
    assert [browser.session["_auth_user_id"] for browser in browsers] == [str(guest.pk)] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"nickname": "Bea"}, {"csrfmiddlewaretoken": "u" * 64}])
def test_another_form_makes_another_guest(other):
    Client().post(URL, FORM)
    Client().post(URL, FORM | other)
    assert User.objects.count() == 2


@pytest.mark.django_db
def test_a_receipt_does_not_open_what_has_become_an_account():
    first, second = Client(), Client()
    first.post(URL, FORM)
    User.objects.update(email="anna@example.org")
    second.post(URL, FORM)
    assert "_auth_user_id" not in second.session


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one_guest():
    browsers = [Client(), Client()]
    at_once([partial(browser.post, URL, FORM) for browser in browsers])
    guest = User.objects.get()
    assert {browser.session["_auth_user_id"] for browser in browsers} == {str(guest.pk)}
