"""Sessions: how hard they are to guess, when there is one, and how one gets out of it."""

import pytest
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from users.models import User

pytestmark = pytest.mark.django_db


def key_of(user: User) -> str:
    """The key of a new session of the user's."""
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


def test_a_key_is_drawn_from_more_than_128_bits(alice):
    keys = {key_of(alice) for _session in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {32}
    # Each place takes any of the 36 characters: 165 bits.
    assert set("".join(keys)) == set(VALID_KEY_CHARS)


@pytest.mark.parametrize("address", ["/", "/me/sign-in/", "/me/guest/", "/me/sign-up/", "/join/", "invite"])
def test_nobody_becomes_somebody_by_opening_an_address(payments, settings, address):
    client = Client()
    users = User.objects.count()
    client.get(f"/join/{payments.invite_token}/" if address == "invite" else address)
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert (Session.objects.count(), User.objects.count()) == (0, users)


def test_what_a_session_holds_is_not_in_its_cookie(client, alice):
    client.force_login(alice)
    (cookie,) = [cookie.value for cookie in client.cookies.values()]
    assert cookie == client.session.session_key


def test_a_session_that_was_signed_out_lets_nobody_in_again(client, alice):
    client.force_login(alice)
    kept = {name: cookie.value for name, cookie in client.cookies.items()}
    client.post(reverse("users:sign-out"))
    thief = Client()
    thief.cookies.load(kept)
    assert thief.get(reverse("users:account")).status_code == 302


def test_a_session_that_has_expired_lets_nobody_in(client, alice):
    client.force_login(alice)
    session = client.session
    session.set_expiry(-1)  # seconds
    session.save()
    assert client.get(reverse("users:account")).status_code == 302


@pytest.mark.parametrize("kind", ["account", "guest"])
def test_whoever_is_deactivated_is_out_of_every_browser(alice, guest, kind):
    user = alice if kind == "account" else guest
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert [browser.get(reverse("users:account")).status_code for browser in browsers] == [302, 302]


OF_A_GROUP = [
    "groups:group-detail",
    "groups:group-settings",
    "issues:room",
    "issues:issue-list",
    "issues:statistics",
]
PAGES = ["users:account", "users:password-change", "groups:group-list", "groups:group-new", "api"]


@pytest.mark.parametrize("name", [*PAGES, *OF_A_GROUP])
def test_every_page_offers_to_sign_out(client, alice, payments, name):
    client.force_login(alice)
    page = client.get(reverse(name, args=[payments.pk] if name in OF_A_GROUP else [])).content.decode()
    assert f'action="{reverse("users:sign-out")}"' in page


def test_every_page_leads_a_guest_to_where_one_signs_out(client, guest):
    client.force_login(guest)
    assert f'href="{reverse("users:account")}"' in client.get(reverse("groups:group-list")).content.decode()
    assert f'href="{reverse("users:sign-out")}"' in client.get(reverse("users:account")).content.decode()
