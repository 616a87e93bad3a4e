"""Who is let into the live feed, and who is sent away from it. On a real server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from groups.models import Group
from groups.tests.people import browser
from issues import rounds, tickets
from issues.feed import sessions
from issues.tests.feed import PATIENCE, Screen, eventually, served
from issues.tickets import Ticket
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"  # of the cast
Watch = Callable[..., Screen]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(sessions, "EVERY", 0.1)
    with served() as address:
        yield address


@pytest.fixture
def screen(server: str, payments: Group) -> Iterator[Watch]:
    """Opens a screen of a user in the group's room, with more headers."""
    with ExitStack() as opened:

        def watch(user: User, **headers: str) -> Screen:
            made = Screen(server, payments, user, **headers)
            opened.callback(made.close)
            return made

        yield watch


def status(server: str, group: Group, **cookies: str) -> int:
    """What a request for the stream with these cookies is answered."""
    where = urlsplit(server)
    with closing(HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)) as asking:
        shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
        asking.request("GET", reverse("issues:room-feed", args=[group.pk]), headers={"Cookie": shown})
        return asking.getresponse().status


def cookies_of(client: Client, group: Group) -> dict[str, str]:
    """What the client's browser shows the stream."""
    client.get(reverse("issues:room", args=[group.pk]))
    return {name: cookie.value for name, cookie in client.cookies.items()}


def ends(watching: Screen) -> bool:
    """Reads on to the end: whether it is said that it is one, and nothing else of the room."""
    told = []
    while True:
        try:
            told.append(watching.next_event()[0])
        except EOFError:
            return [name for name in told if name != "ping"] == ["gone"]


# --- Where it is asked from


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers.items()),
)
def test_another_site_gets_no_stream_though_the_cookies_are_good(screen, alice, headers):
    refused = screen(alice, **headers)
    assert (refused.response.status, refused.response.read()) == (403, b"")
    assert refused.response.getheader("Set-Cookie") is None


def test_the_site_s_own_pages_get_one(screen, server, alice):
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": server}):
        assert screen(alice, **headers).response.status == 200


def test_behind_a_proxy_the_origin_is_that_of_the_proxy(screen, server, alice, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    https = {"X-Forwarded-Proto": "https", "Host": "localhost"}
    assert screen(alice, Origin="https://localhost", **https).response.status == 200
    assert screen(alice, Origin="http://localhost", **https).response.status == 403


def test_no_answer_of_the_stream_lets_another_site_read_it(screen, alice):
    answers = [screen(alice).response, screen(alice, Origin="https://evil.example").response]
    for answer in answers:
        names = {name.lower() for name in answer.headers}
        assert not {name for name in names if name.startswith("access-control-")}
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert "no-store" in answer.getheader("Cache-Control")


# --- The session


def test_a_ticket_is_good_with_its_own_session_alone(server, payments, alice, bob):
    alices, bobs = (cookies_of(browser(user), payments) for user in (alice, bob))
    assert status(server, payments, **alices) == 200
    assert status(server, payments, feed=alices["feed"]) == 403
    assert status(server, payments, feed=alices["feed"], sessionid=bobs["sessionid"]) == 403
    again = cookies_of(browser(alice), payments)
    assert status(server, payments, feed=alices["feed"], sessionid=again["sessionid"]) == 403


def test_whoever_signs_out_is_told_nothing_more_and_let_in_no_more(server, screen, payments, alice, bob):
    watching = screen(bob)
    watching.next_frame()
    cookies = cookies_of(watching.browser, payments)
    assert watching.browser.post(reverse("users:sign-out")).status_code == 302
    assert ends(watching)
    rounds.begin(payments, alice)
    assert status(server, payments, **cookies) == 403


def test_a_new_password_ends_the_streams_of_the_other_devices(server, screen, payments, alice):
    phone, laptop = screen(alice), screen(alice)
    for watching in (phone, laptop):
        watching.next_frame()
    cookies = cookies_of(phone.browser, payments)
    fields = {
        "old_password": PASSWORD,
        "new_password1": "a new pass phrase",
        "new_password2": "a new pass phrase",
    }
    assert laptop.browser.post(reverse("users:password-change"), fields).status_code == 302
    assert ends(phone)
    assert status(server, payments, **cookies) == 403
    assert status(server, payments, **cookies_of(laptop.browser, payments)) == 200


def test_whoever_may_no_longer_sign_in_is_sent_away_the_owner_too(screen, payments, alice):
    payments.memberships.filter(user=alice).delete()  # an owner without a seat
    watching = screen(alice)
    watching.next_frame()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert ends(watching)


def test_a_session_that_expires_ends_its_stream(screen, bob):
    watching = screen(bob)
    watching.next_frame()
    key = watching.browser.cookies["sessionid"].value
    past = timezone.now() - timedelta(seconds=1)
    assert Session.objects.filter(pk=key).update(expire_date=past) == 1
    assert ends(watching)


def test_while_the_database_is_away_nobody_is_let_in_and_all_may_come_again(
    server, payments, alice, monkeypatch
):
    cookies = cookies_of(browser(alice), payments)

    def fails(_tickets: object) -> frozenset[object]:
        raise OperationalError("The server has gone away")

    with monkeypatch.context() as away:
        away.setattr(sessions, "signed_in", fails)
        assert status(server, payments, **cookies) == 503
    assert status(server, payments, **cookies) == 200


def test_those_who_listen_go_on_listening_when_the_database_was_away(screen, payments, alice, monkeypatch):
    watching = screen(alice)
    watching.next_frame()
    failures: list[int] = []
    asked = sessions.signed_in

    def fails_twice(tickets):
        if len(failures) < 2:
            failures.append(len(tickets))
            raise OperationalError("The server has gone away")
        return asked(tickets)

    monkeypatch.setattr(sessions, "signed_in", fails_twice)
    eventually(lambda: len(failures) == 2)
    rounds.begin(payments, alice)
    assert watching.until(lambda frame: "stage" in frame)


def test_a_session_of_another_engine_is_looked_up_there(payments, alice, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    client = browser(alice)
    answer = client.get(reverse("issues:room", args=[payments.pk]))
    request = answer.wsgi_request
    ticket = tickets.of(request, payments.pk, alice, "en")
    assert sessions.signed_in([ticket]) == {ticket}
    client.logout()
    assert not sessions.signed_in([ticket])


def test_however_many_listen_the_database_is_asked_twice(
    payments: Group, alice: User, bob: User, charlie: User, django_assert_num_queries
):
    given = []
    for user in (alice, bob, charlie):
        key = str(browser(user).cookies["sessionid"].value)
        given.append(Ticket(payments.pk, user.pk, "en", tickets.seal(key, user), key))
    with django_assert_num_queries(2):
        assert sessions.signed_in(given) == set(given)
