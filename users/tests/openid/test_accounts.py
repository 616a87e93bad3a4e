"""Whose account it is that somebody opens by OpenID Connect, and how the two are linked."""

import re

import pytest
from django.core import mail
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from conftest import PASSWORD
from users import mails, two_factor
from users.models import Identity, User
from users.signals import guest_signed_in
from users.tests.openid.coming import ADA, BEGIN, back, come, gone, linked, signed_in_there, who
from users.tests.openid.provider import DISCOVERY
from users.tests.staff import staff_with

pytestmark = pytest.mark.django_db


# --- Whose account it is


@pytest.mark.parametrize("verified", [False, None, "false", 1.5])
def test_an_address_that_the_provider_has_not_confirmed_makes_no_account(client, there, verified):
    there.knows("ada", **ADA | {"email_verified": verified})
    answer = come(client)
    assert answer.status_code == 403
    assert "has not confirmed an e-mail address of yours" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("email", [None, "", "ada", "a" * 250 + "@example.org"])
def test_without_a_whole_address_there_is_no_account(client, there, email):
    there.knows("ada", **ADA | {"email": email})
    assert come(client).status_code == 403
    assert not User.objects.exists()


def test_an_account_of_that_address_is_not_taken_over(client, there, alice):
    there.knows("ada", **ADA | {"email": "Alice@Example.org"})
    answer = come(client)
    assert answer.status_code == 409
    assert "Sign in to it with its password, then link Example" in answer.content.decode()
    assert who(client) is None
    assert not Identity.objects.exists()


def test_a_guest_keeps_everything_in_the_new_account(client, there, guest):
    client.force_login(guest)
    before = client.session.session_key
    come(client)
    guest.refresh_from_db()
    assert (who(client), guest.email, guest.nickname) == (guest, "ada@example.org", "Gast")
    assert not guest.is_guest
    assert client.session.session_key != before
    assert client.session.get_expiry_age() < 31 * 24 * 60 * 60


def test_a_guest_whose_address_has_an_account_stays_a_guest(client, there, guest, alice):
    there.knows("ada", **ADA | {"email": alice.email})
    client.force_login(guest)
    assert come(client).status_code == 409
    guest.refresh_from_db()
    assert (who(client), guest.email) == (guest, None)


def test_what_a_guest_has_goes_to_the_account_that_there_is(client, there, guest, alice):
    linked(alice, there)
    client.force_login(guest)
    moved = []

    def note(sender, guest, account, **kwargs):
        moved.append((guest, account))

    guest_signed_in.connect(note)
    come(client)
    guest.refresh_from_db()
    assert who(client) == alice
    assert not guest.is_active
    assert moved == [(guest, alice)]


def test_whoever_was_deactivated_stays_out(client, there, alice):
    linked(alice, there)
    User.objects.update(is_active=False)
    answer = come(client)
    assert answer.status_code == 403
    assert "Your account here is closed." in answer.content.decode()
    assert who(client) is None


def test_staff_give_the_code_of_their_app_too(client, there, staff):
    linked(staff, there)
    TOTPDevice.objects.create(user=staff, name="app", confirmed=True)
    code = two_factor.new_recovery_codes(staff)[0]
    assert come(client, next="/admin/")["Location"] == "/me/sign-in/code/"
    assert who(client) is None
    assert client.post("/me/sign-in/code/", {"code": code}).headers["Location"] == "/admin/"
    assert who(client) == staff


def test_staff_without_a_second_factor_do_not_enter_the_admin(client, there, staff, settings):
    settings.STAFF_TWO_FACTOR = True
    linked(staff, there)
    come(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/me/two-factor/"


def test_only_superusers_take_from_staff_who_opens_their_account(client, there, staff, alice):
    clerk = staff_with("users.view_identity", "users.delete_identity")
    linked(alice, there)
    identity = Identity.objects.get()
    client.force_login(clerk)
    address = f"/admin/users/identity/{identity.pk}/delete/"
    assert client.get(address).status_code == 200
    Identity.objects.update(user=staff)
    assert client.get(address).status_code == 403


# --- Linking


@pytest.mark.django_db(transaction=True)
def test_an_account_is_linked_with_its_password_and_its_owner_is_told(client, there, alice):
    client.force_login(alice)
    address = gone(client, f"{BEGIN}link/", password=PASSWORD)
    assert back(client, signed_in_there(address))["Location"] == "/me/"
    assert "Example opens your account since" in client.get("/me/").content.decode()
    other = Client()
    come(other)
    assert who(other) == alice
    mails.wait()
    assert [message.subject for message in mail.outbox] == ["Estimation: another way into your account"]


def test_without_the_password_nothing_is_linked(client, there, alice):
    client.force_login(alice)
    page = client.post(f"{BEGIN}link/", {"password": "wrong"})
    assert "This is not your password." in page.content.decode()
    assert DISCOVERY not in dict(there.asked)


def test_whoever_opens_another_account_is_not_linked(client, there, alice, bob):
    linked(alice, there)
    client.force_login(bob)
    answer = back(client, signed_in_there(gone(client, f"{BEGIN}link/", password=PASSWORD)))
    assert answer.status_code == 409
    assert Identity.objects.get().user == alice


@pytest.mark.django_db(transaction=True)
def test_a_link_is_taken_back_and_the_owner_is_told(client, there, alice):
    linked(alice, there)
    client.force_login(alice)
    client.post(f"{BEGIN}unlink/")
    assert not Identity.objects.exists()
    mails.wait()
    assert mail.outbox[-1].subject == "Estimation: one way less into your account"


def test_the_only_way_in_is_not_taken_back(client, there):
    come(client)
    page = client.post(f"{BEGIN}unlink/", follow=True).content.decode()
    assert "This is your only way in. Choose a password first" in page
    assert Identity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_password_may_choose_one_by_mail(client, there):
    come(client)
    assert client.get("/me/password/").headers["Location"] == "/me/password/reset/"
    client.post("/me/password/reset/", {"email": "ada@example.org"})
    mails.wait()
    (link,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[0].body))
    form = client.get(link, follow=True).request["PATH_INFO"]
    client.post(form, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    client.post("/me/sign-in/", {"username": "ada@example.org", "password": PASSWORD})
    client.post(f"{BEGIN}unlink/")
    assert not Identity.objects.exists()


def test_whoever_has_no_password_is_told_so_where_one_is_asked_for(client, there):
    come(client)
    page = client.post("/me/data/delete/", {"password": "", "sure": "on"} | {"password": "anything"})
    assert "You have no password here yet." in page.content.decode()
