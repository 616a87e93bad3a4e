"""Sessions and open streams: given before somebody signs in, and after somebody is gone. On servers of their own.

Two processes serve the site, and each thing is done at the one and looked at at the other.
"""

import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session

from estimation.tests.person import Person
from estimation.tests.site import Site
from issues import rounds
from issues.feed import sessions
from users.models import User, UserSession

pytestmark = pytest.mark.django_db(transaction=True)

ENDS_WITHIN = sessions.EVERY + 3  # seconds, on a machine that has more to do
PASSWORD = "correct horse battery"
OTHER = "quite another pass phrase"
SIGN_IN = "/me/sign-in/"


@pytest.fixture(autouse=True)
def _passwords_as_the_servers_know_them(alice: User, bob: User) -> None:
    """The cast's are kept under a hash that is quick, and that no server takes."""
    for user in (alice, bob):
        user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
        user.save()


@pytest.fixture(scope="module")
def sites(django_db_setup: None) -> Iterator[tuple[Site, Site]]:
    pair = Site(), Site()
    for site in pair:
        site.start()
    yield pair
    for site in pair:
        site.kill()


def signed_in(site: Site, user: User) -> Person:
    person = Person(site.url)
    person.send(SIGN_IN, username=user.email or "", password=PASSWORD)
    assert person.address == "/groups/"
    return person


def bearer(site: Site, session: str) -> Person:
    """Somebody who has got hold of a session's key."""
    other = Person(site.url)
    other.take_session(session)
    return other


def is_nobody(person: Person) -> bool:
    """Whether the server asks for a sign-in first."""
    person.get("/me/")
    return person.address == SIGN_IN


def events_until_the_end(stream: HTTPResponse) -> list[str]:
    """The names of what a stream still says. Fails where it does not end in time."""
    names, began = [], time.monotonic()
    while line := stream.readline():
        if line.startswith((b"event: ", b"data: {")):
            names.append(line.split()[1].decode() if line.startswith(b"event") else "state")
        assert time.monotonic() - began < ENDS_WITHIN, "The stream goes on."
    return [name for name in names if name != "ping"]


def first_state(stream: HTTPResponse) -> None:
    """Read the stream's first frame."""
    assert stream.status == 200
    while not stream.readline().startswith(b"data: {"):
        pass


# --- Fixation


@pytest.mark.parametrize("given", ["made up", "a guest's"])
def test_a_session_given_before_signing_in_is_not_the_one_after(sites, alice, given):
    site, other = sites
    attacker = Person(site.url)
    if given == "made up":
        attacker.take_session("0123456789abcdefghijklmnopqrstuv")
    else:
        attacker.send("/me/guest/", nickname="Mallory")
    planted = attacker.cookie("sessionid")
    victim = bearer(site, planted)
    victim.send(SIGN_IN, username="alice@example.org", password=PASSWORD)
    assert "Alice" in victim.get("/me/")
    assert victim.cookie("sessionid") not in {"", planted}
    assert is_nobody(bearer(other, planted))
    assert not Session.objects.filter(pk=planted).exists()


def test_a_session_given_before_coming_in_as_a_guest_is_not_the_one_after(sites):
    site, other = sites
    planted = "0123456789abcdefghijklmnopqrstuv"
    victim = bearer(site, planted)
    victim.send("/", nickname="Anna", name="Payments")
    assert victim.cookie("sessionid") not in {"", planted}
    assert is_nobody(bearer(other, planted))


def test_a_guest_s_session_is_not_that_of_the_account_which_it_becomes(sites):
    site, other = sites
    guest = Person(site.url)
    guest.send("/me/guest/", nickname="Anna")
    planted = guest.cookie("sessionid")
    guest.send("/me/sign-up/", nickname="Anna", email="anna@example.org", password=PASSWORD)
    assert "anna@example.org" in guest.get("/me/")
    assert guest.cookie("sessionid") not in {"", planted}
    assert is_nobody(bearer(other, planted))


# --- The end


def test_signing_out_ends_the_session_on_the_server(sites, alice):
    site, other = sites
    person = signed_in(site, alice)
    kept = person.cookie("sessionid")
    assert not is_nobody(bearer(other, kept))
    assert "You are signed out." in person.send("/me/sign-out/")
    assert person.cookie("sessionid") != kept
    assert is_nobody(bearer(other, kept))
    assert not Session.objects.filter(pk=kept).exists()


def test_signing_out_ends_the_open_stream_and_lets_none_begin(sites, bob, payments):
    site, other = sites
    person = signed_in(site, bob)
    elsewhere = bearer(other, person.cookie("sessionid"))
    with elsewhere.listening(payments.pk) as stream:
        first_state(stream)
        person.send("/me/sign-out/")
        assert events_until_the_end(stream) == ["gone"]
    with elsewhere.listening(payments.pk, looks=False) as refused:
        assert refused.status == 403


def test_a_new_password_ends_the_sessions_and_streams_of_the_other_devices(sites, alice, payments):
    laptop, phone = (signed_in(site, alice) for site in sites)
    before = laptop.cookie("sessionid")
    with phone.listening(payments.pk) as stream:
        first_state(stream)
        laptop.send("/me/password/", old_password=PASSWORD, new_password1=OTHER, new_password2=OTHER)
        assert events_until_the_end(stream) == ["gone"]
    with phone.listening(payments.pk, looks=False) as refused:
        assert refused.status == 403
    assert is_nobody(phone)
    assert "alice@example.org" in laptop.get("/me/")
    assert laptop.cookie("sessionid") != before
    assert is_nobody(bearer(sites[1], before))


def test_a_session_that_is_ended_from_another_browser_ends_its_stream_and_no_other(sites, alice, payments):
    laptop, phone = (signed_in(site, alice) for site in sites)
    with laptop.listening(payments.pk) as kept, phone.listening(payments.pk) as stream:
        first_state(kept)
        first_state(stream)
        number = UserSession.objects.get(session=phone.cookie("sessionid")).pk
        assert "1 browser is signed out." in laptop.send(
            "/me/sessions/", sessions=str(number), password=PASSWORD
        )
        assert events_until_the_end(stream) == ["gone"]
        rounds.begin(payments, alice)
        first_state(kept)
    assert is_nobody(phone)
    assert not is_nobody(laptop)


def test_a_member_who_is_removed_is_told_no_state_any_more(sites, alice, bob, payments, bobs_seat):
    _site, other = sites
    with signed_in(other, bob).listening(payments.pk) as stream:
        first_state(stream)
        payments.remove(bobs_seat)
        rounds.begin(payments, alice)
        assert events_until_the_end(stream) == ["gone"]
