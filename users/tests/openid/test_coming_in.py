"""Who comes in by OpenID Connect, with a real provider, and what they find."""

import pytest
from django.test import Client

from users import sessions
from users.models import Identity, User
from users.tests.openid.coming import BEGIN, CALLBACK, back, come, gone, linked, signed_in_there, who
from users.tests.openid.provider import provider
from users.views.sign_up import SIGN_UPS

pytestmark = pytest.mark.django_db


# --- Off


@pytest.mark.parametrize("path", [BEGIN, CALLBACK, f"{BEGIN}link/", f"{BEGIN}unlink/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_provider_there_is_no_such_page(client, alice, path, method):
    assert getattr(client, method)(path).status_code == 404
    client.force_login(alice)
    assert getattr(client, method)(path).status_code == 404


@pytest.mark.parametrize("path", ["/me/sign-in/", "/me/sign-up/", "/me/"])
def test_without_a_provider_no_page_speaks_of_one(client, guest, path):
    client.force_login(guest)
    assert "openid" not in client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/me/sign-in/", "/me/sign-up/"])
def test_with_a_provider_there_is_a_button(client, there, path):
    page = client.get(path).content.decode()
    assert f'action="{BEGIN}"' in page
    assert "Go on with Example" in page


# --- Coming in


def test_whoever_comes_for_the_first_time_gets_an_account(client, there):
    assert come(client)["Location"] == "/groups/"
    account = who(client)
    assert (account.nickname, account.email, account.has_usable_password()) == (
        "Ada",
        "ada@example.org",
        False,
    )
    assert not account.is_guest


def test_whoever_comes_again_gets_the_same_account_whatever_they_are_called_now(client, there):
    come(client)
    there.knows("ada", email="other@example.org", email_verified=True, given_name="Augusta")
    other = Client()
    come(other)
    assert who(other) == who(client)
    assert who(other).email == "ada@example.org"


def test_the_one_who_wanted_to_go_somewhere_gets_there(client, there):
    assert come(client, next="/groups/new/")["Location"] == "/groups/new/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client, there, elsewhere):
    assert come(client, next=elsewhere)["Location"] == "/groups/"


def test_the_session_gets_another_key(client, there):
    address = gone(client)
    before = client.session.session_key
    back(client, signed_in_there(address))
    assert client.session.session_key != before


def test_two_people_whose_names_there_differ_in_case_alone_are_two(client, there):
    there.knows("ADA", email="capital@example.org", email_verified=True)
    other = Client()
    come(client)
    come(other, "ADA")
    assert who(client) != who(other)
    assert Identity.objects.count() == 2


def test_the_same_name_at_another_provider_is_somebody_else(client, there, settings):
    come(client)
    with provider() as other:
        settings.OIDC_ISSUER = other.issuer
        other.knows("ada", email="eve@example.org", email_verified=True, given_name="Eve")
        eve = Client()
        come(eve)
    assert who(eve).email == "eve@example.org"
    assert who(eve) != who(client)


def test_sessions_end_as_those_by_password(client, there, alice, staff):
    linked(alice, there)
    come(client)
    assert client.session.get_expiry_age() == pytest.approx(sessions.ACCOUNTS.total_seconds(), abs=60)
    Identity.objects.update(user=staff)
    desk = Client()
    come(desk)
    assert desk.session.get_expiry_age() == pytest.approx(sessions.STAFF.total_seconds(), abs=60)


def test_who_is_signed_in_already_goes_nowhere(client, there, alice):
    client.force_login(alice)
    assert client.post(BEGIN, {"next": "/me/"}).headers["Location"] == "/me/"


def test_looking_begins_nothing(client, there):
    assert client.get(BEGIN).status_code == 405
    assert there.asked == [("/users/ada", {})]


def test_a_form_of_another_site_begins_nothing(there):
    assert Client(enforce_csrf_checks=True).post(BEGIN).status_code == 403


def test_what_is_begun_too_often_is_refused(client, there):
    for _ in range(30):
        client.post(BEGIN)
    assert client.post(BEGIN).status_code == 429


def test_new_accounts_are_limited_like_those_of_the_form(client, there):
    for _ in range(20):
        SIGN_UPS.take("127.0.0.1")
    assert come(client).status_code == 429
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("claims", "nickname"),
    [
        ({"nickname": "ada\u202e", "given_name": "Ada"}, "ada"),
        ({"given_name": "A" * 40}, "A" * 32),
        ({"nickname": "default", "name": "Ada Lovelace"}, "Ada Lovelace"),
        ({"preferred_username": "ada@example.org"}, "New member"),
        ({"nickname": " ", "given_name": 7}, "New member"),
    ],
)
def test_the_nickname_is_one_that_others_may_see(client, there, claims, nickname):
    there.knows("ada", **{"email": "ada@example.org", "email_verified": True} | claims)
    come(client)
    assert who(client).nickname == nickname


@pytest.mark.parametrize("held_back", [{"email", "email_verified"}, {"email_verified"}])
def test_what_the_provider_tells_only_when_asked_is_asked_for(client, there, held_back):
    there.spoil = lambda claims: {name: claims[name] for name in claims if name not in held_back}
    come(client)
    assert who(client).email == "ada@example.org"
