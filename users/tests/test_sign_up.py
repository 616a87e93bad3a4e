"""Sign up, as a visitor or as a guest who wants to keep what they have."""

import pytest
from django.urls import reverse

from users.forms import PASSWORD_HELP
from users.models import User
from users.signals import nickname_changed

pytestmark = pytest.mark.django_db
URL = "/me/sign-up/"
FORM = {"nickname": "Anna", "email": "Anna@Example.org", "password": "a long enough one"}


def test_a_visitor_gets_an_account_and_is_signed_in(client):
    response = client.post(URL, FORM, follow=True)
    account = User.objects.get()
    assert response.context["user"] == account
    assert account.check_password("a long enough one")


def test_the_email_is_kept_in_lower_case(client):
    client.post(URL, FORM)
    assert User.objects.get().email == "anna@example.org"


def test_an_email_that_has_an_account_is_refused_whatever_its_case(client, alice):
    response = client.post(URL, FORM | {"email": "ALICE@example.org"})
    assert response.context["form"].errors["email"] == ["There is an account with this e-mail already."]
    assert list(User.objects.all()) == [alice]


@pytest.mark.parametrize(
    "password",
    ["short", "password123", "anna@example.org", "Estimation-2026", "planning poker 1", "Scrum_Poker!!"],
)
def test_a_weak_password_is_refused(client, password):
    response = client.post(URL, FORM | {"password": password})
    assert "password" in response.context["form"].errors
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["estimations are lies", "my planning poker face"])
def test_a_word_of_the_site_may_stand_in_a_longer_password(client, password):
    client.post(URL, FORM | {"password": password})
    assert User.objects.exists()


def test_what_is_said_of_passwords_is_what_is_demanded(settings):
    lengths = [
        v["OPTIONS"]["min_length"] for v in settings.AUTH_PASSWORD_VALIDATORS if "Minimum" in v["NAME"]
    ]
    assert lengths == [10]
    assert "10" in str(PASSWORD_HELP)


def test_a_password_keeps_its_spaces(client):
    client.post(URL, FORM | {"password": "  a long enough one  "})
    assert User.objects.get().check_password("  a long enough one  ")


def test_the_password_is_not_sent_back_with_the_errors(client):
    response = client.post(URL, FORM | {"email": "no address"})
    assert "a long enough one" not in response.content.decode()


def test_a_guest_becomes_an_account_and_stays_the_same_user(client, guest):
    client.force_login(guest)
    client.post(URL, FORM | {"nickname": guest.nickname})
    account = User.objects.get()
    assert account.pk == guest.pk
    assert account.email == "anna@example.org"
    assert not account.is_guest
    assert client.get(reverse("users:account")).status_code == 200


def test_the_session_of_a_guest_who_signs_up_gets_another_key(client, guest):
    client.force_login(guest)
    before = client.session.session_key
    client.post(URL, FORM)
    assert client.session.session_key != before
    assert not client.session.exists(before)


def test_other_browsers_of_a_guest_who_signs_up_are_signed_out(client, guest, django_user_model):
    from django.test import Client

    other = Client()
    other.force_login(guest)
    client.force_login(guest)
    client.post(URL, FORM)
    assert other.get(reverse("users:account")).status_code == 302


def test_a_refused_form_leaves_the_guest_as_they_were(client, guest):
    client.force_login(guest)
    response = client.post(URL, FORM | {"password": "short"})
    assert response.context["user"].nickname == guest.nickname
    guest.refresh_from_db()
    assert guest.is_guest


def test_a_guest_who_changes_the_nickname_by_signing_up_is_announced(client, guest):
    told = []

    def listen(sender, user, **kwargs):
        told.append(user.nickname)
        return ["It stays in one place."]

    nickname_changed.connect(listen)
    try:
        client.force_login(guest)
        response = client.post(URL, FORM, follow=True)
    finally:
        nickname_changed.disconnect(listen)
    assert told == ["Anna"]
    assert "It stays in one place." in [str(m) for m in response.context["messages"]]


def test_who_has_an_account_needs_no_other(client, alice):
    client.force_login(alice)
    assert client.post(URL, FORM).url == reverse("users:account")
    assert list(User.objects.all()) == [alice]


def test_a_guest_who_has_become_an_account_is_known_for_a_month_and_no_longer_for_a_year(client, guest):
    client.force_login(guest)
    client.post(URL, FORM)
    assert client.session.get_expiry_age() == pytest.approx(30 * 24 * 60 * 60, abs=60)
