"""Cookies under TLS: names that browsers take from this host alone, and sessions of before go on."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookies import Morsel, SimpleCookie

import pytest
from django.test import Client

from estimation.tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Iterator[Site]:
    """Behind a proxy that speaks TLS."""
    running = Site(HTTPS="on", TRUSTED_PROXIES="127.0.0.1")
    running.start()
    yield running
    running.kill()


def asked(site: Site, path: str, cookies: str = "") -> tuple[int, SimpleCookie]:
    """The status, and the cookies that are set."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", path, headers={"X-Forwarded-Proto": "https", "Cookie": cookies})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    set_: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie", []):
        set_.load(line)
    return answer.status, set_


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


def test_a_session_of_before_goes_on_under_the_name_that_is_for_this_host_alone(site: Site, guest: User):
    key = session_of(guest)
    status, cookies = asked(site, "/me/", f"sessionid={key}")
    assert status == 200
    ours = cookies["__Host-sessionid"]
    assert ours.value == key
    assert (ours["secure"], ours["httponly"], ours["path"], ours["domain"]) == (True, True, "/", "")
    assert cookies["sessionid"]["max-age"] == "0"
    assert asked(site, "/me/", f"__Host-sessionid={key}")[0] == 200


def test_a_session_that_another_host_has_planted_replaces_nobodys(site: Site, guest: User, alice: User):
    mine, planted = session_of(guest), session_of(alice)
    status, cookies = asked(site, "/me/", f"__Host-sessionid={mine}; sessionid={planted}")
    assert status == 200
    assert "__Host-sessionid" not in cookies
    assert cookies["sessionid"]["max-age"] == "0"


def test_every_cookie_is_for_tls_alone_and_says_so(site: Site, payments, alice: User):
    key = session_of(alice)
    names: dict[str, Morsel[str]] = {}
    for path in ("/", "/me/", f"/groups/{payments.pk}/"):
        names |= asked(site, path, f"__Host-sessionid={key}")[1]
    names |= asked(site, "/me/sign-in/")[1]
    assert set(names) == {"__Host-csrftoken", "__Secure-feed"}
    assert all(cookie["secure"] for cookie in names.values())


# --- The stream


@contextmanager
def stream(site: Site, path: str, cookies: str, proto: str = "https") -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"X-Forwarded-Proto": proto, "Cookie": cookies})
        with closing(connection.getresponse()) as answer:
            yield answer


@pytest.fixture
def admission(site: Site, payments, alice: User) -> str:
    """Alice's cookies, with which her room's stream opens."""
    session = f"__Host-sessionid={session_of(alice)}"
    _status, cookies = asked(site, f"/groups/{payments.pk}/", session)
    return f"{session}; __Secure-feed={cookies['__Secure-feed'].value}"


@pytest.mark.parametrize(("admitted", "status"), [(True, 200), (False, 403)])
def test_the_stream_says_what_every_answer_says(site: Site, payments, admission: str, admitted, status):
    with stream(site, f"/groups/{payments.pk}/feed/", admission if admitted else "") as answer:
        said = {name.lower(): value for name, value in answer.getheaders()}
        assert answer.status == status
    assert said["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert said["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (said["x-content-type-options"], said["referrer-policy"]) == ("nosniff", "same-origin")
    assert said["content-type"].endswith("charset=utf-8")


def test_without_tls_no_stream_begins(site: Site, payments, admission: str):
    with stream(site, f"/groups/{payments.pk}/feed/", admission, proto="http") as answer:
        assert answer.status == 403
