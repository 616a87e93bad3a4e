"""Sign in and out."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.crypto import salted_hmac

from conftest import PASSWORD
from users.models import User
from users.signals import guest_signed_in

pytestmark = pytest.mark.django_db
URL = "/me/sign-in/"


def test_email_and_password_open_the_account(client, alice):
    response = client.post(URL, {"username": "alice@example.org", "password": PASSWORD}, follow=True)
    assert response.context["user"] == alice


def test_the_case_of_the_email_does_not_matter(client, alice):
    client.post(URL, {"username": "ALICE@Example.ORG", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_the_session_gets_another_key(client, alice):
    session = client.session
    session["a"] = 1
    session.save()
    client.post(URL, {"username": "alice@example.org", "password": PASSWORD})
    assert client.session.session_key != session.session_key


def test_an_unknown_email_and_a_wrong_password_are_answered_alike(client, alice):
    unknown = client.post(URL, {"username": "nobody@example.org", "password": PASSWORD})
    wrong = client.post(URL, {"username": "alice@example.org", "password": "wrong"})
    assert unknown.context["form"].errors == wrong.context["form"].errors
    assert unknown.status_code == wrong.status_code == 200


def test_an_account_that_was_closed_is_answered_like_an_unknown_one(client, alice):
    alice.is_active = False
    alice.save()
    closed = client.post(URL, {"username": "alice@example.org", "password": PASSWORD})
    unknown = client.post(URL, {"username": "nobody@example.org", "password": PASSWORD})
    assert closed.context["form"].errors == unknown.context["form"].errors


@pytest.mark.parametrize("email", ["", " ", "None", "\x00"])
def test_no_email_finds_no_guest(client, guest, email):
    response = client.post(URL, {"username": email, "password": ""})
    assert response.status_code == 200
    assert User.objects.filter(pk=guest.pk, last_login=None).exists()


def test_an_empty_natural_key_finds_no_guest(guest):
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key("")


def test_who_wanted_to_go_somewhere_gets_there(client, alice):
    response = client.post(
        URL, {"username": "alice@example.org", "password": PASSWORD, "next": "/groups/new/"}
    )
    assert response.url == "/groups/new/"


def test_a_page_that_needs_somebody_sends_visitors_here_and_back(client):
    assert client.get("/groups/").url == f"{URL}?next=/groups/"
    assert client.get(URL + "?next=/groups/").context["next"] == "/groups/"


def test_a_guest_ends_when_signing_in_to_an_account(client, guest, alice):
    client.force_login(guest)
    client.post(URL, {"username": "alice@example.org", "password": PASSWORD})
    guest.refresh_from_db()
    assert not guest.is_active
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_a_guest_who_fails_to_sign_in_stays_a_guest(client, guest, alice):
    client.force_login(guest)
    client.post(URL, {"username": "alice@example.org", "password": "wrong"})
    guest.refresh_from_db()
    assert guest.is_active
    assert client.session["_auth_user_id"] == str(guest.pk)


def test_a_guest_whose_things_cannot_be_moved_stays_a_guest(client, guest, alice):
    def fail(sender, **kwargs):
        raise RuntimeError("cannot be moved")

    guest_signed_in.connect(fail)
    try:
        client.force_login(guest)
        with pytest.raises(RuntimeError):
            client.post(URL, {"username": "alice@example.org", "password": PASSWORD})
    finally:
        guest_signed_in.disconnect(fail)
    guest.refresh_from_db()
    assert guest.is_active
    assert client.session["_auth_user_id"] == str(guest.pk)


def test_who_is_signed_in_already_goes_on(client, alice):
    client.force_login(alice)
    assert client.get(URL + "?next=/me/").url == "/me/"


def test_signing_out_ends_the_session(client, alice):
    client.force_login(alice)
    key = client.session.session_key
    response = client.post(reverse("users:sign-out"))
    assert response.url == reverse("start")
    assert not client.session.exists(key)


def test_opening_the_address_of_signing_out_only_asks(client, guest):
    client.force_login(guest)
    response = client.get(reverse("users:sign-out"))
    assert "only this browser knows you" in response.content.decode()
    assert client.session["_auth_user_id"] == str(guest.pk)


# --- In other browsers


def test_whoever_signs_out_elsewhere_stays_here(client, alice):
    other = Client()
    for each in (client, other):
        each.force_login(alice)
    before = client.session.session_key
    client.post("/me/sign-out/elsewhere/", {"password": PASSWORD})
    assert client.get("/me/").status_code == 200
    assert other.get("/me/").status_code == 302
    assert client.session.session_key != before


def test_sessions_from_before_sessions_were_counted_go_on(client, alice):
    client.force_login(alice)
    assert alice.session_generation == 0
    key = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
    assert alice.get_session_auth_hash() == salted_hmac(key, alice.password, algorithm="sha256").hexdigest()


def test_with_another_key_of_the_site_sessions_that_were_counted_go_on(client, alice, settings):
    client.force_login(alice)
    client.post("/me/sign-out/elsewhere/", {"password": PASSWORD})
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key" * 5
    assert client.get("/me/").status_code == 200


def test_staff_sign_somebody_out_everywhere(client, alice, guest, staff):
    theirs, guests = Client(), Client()
    theirs.force_login(alice)
    guests.force_login(guest)
    client.force_login(staff)
    action = {"action": "sign_out_everywhere", "_selected_action": [alice.pk, guest.pk]}
    page = client.post("/admin/users/user/", action, follow=True).content.decode()
    assert "1 account is signed out everywhere." in page
    assert theirs.get("/me/").status_code == 302
    assert guests.get("/me/").status_code == 200


def test_signing_out_clears_what_the_browser_keeps(client, alice):
    client.force_login(alice)
    assert client.post("/me/sign-out/")["Clear-Site-Data"] == '"cache", "storage"'
