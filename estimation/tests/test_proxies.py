"""Behind a proxy: who a request comes from, and whether it came by TLS, is believed of trusted proxies alone."""

import http.client
from collections.abc import Callable, Iterator

import pytest

from estimation.tests.site import Site
from groups.views.invites import WRONG_LINKS

pytestmark = pytest.mark.django_db(transaction=True)
AS_OFTEN_AS_ALLOWED = int(WRONG_LINKS.rates.split("/")[0])
CLIENT = "198.51.100.7"


@pytest.fixture
def start() -> Iterator[Callable[..., Site]]:
    """Starts the site with these variables."""
    started: list[Site] = []

    def site(**environment: str) -> Site:
        started.append(Site(**environment))
        started[-1].start()
        return started[-1]

    yield site
    for each in started:
        each.kill()


def status(site: Site, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def tries(site: Site, *said: str) -> list[int]:
    """What the site answers to as many wrong links as one address may try, and one more, with what is said of it."""
    return [
        status(site, f"/join/1.1.{'x' * 43}/", X_Forwarded_For=said[number % len(said)])
        for number in range(AS_OFTEN_AS_ALLOWED + 1)
    ]


REFUSED = [404] * AS_OFTEN_AS_ALLOWED + [429]


def test_what_a_client_says_itself_does_not_help_it(start):
    assert tries(start(), *(f"203.0.113.{number}" for number in range(50))) == REFUSED


def test_what_a_client_adds_in_front_of_what_the_proxy_says_does_not_help_it(start):
    forged = (f"203.0.113.{number}, {CLIENT}" for number in range(50))
    assert tries(start(TRUSTED_PROXIES="127.0.0.1"), *forged) == REFUSED


def test_the_clients_of_a_proxy_count_each_for_themselves(start):
    clients = (f"198.51.100.{number}" for number in range(50))
    assert set(tries(start(TRUSTED_PROXIES="127.0.0.1"), *clients)) == {404}


def test_of_two_proxies_in_a_row_neither_counts_as_the_client(start):
    chain = (f"198.51.100.{number}, 10.1.2.{number}" for number in range(50))
    assert set(tries(start(TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8"), *chain)) == {404}


def test_what_is_no_address_counts_as_one_place(start):
    assert tries(start(TRUSTED_PROXIES="127.0.0.1"), "unknown", "nonsense", "_hidden") == REFUSED


@pytest.mark.parametrize(
    ("proxies", "proto", "answer"),
    [("", "https", 301), ("10.0.0.1", "https", 301), ("127.0.0.1", "http", 301), ("127.0.0.1", "https", 200)],
)
def test_only_a_trusted_proxy_says_what_came_by_tls(start, proxies, proto, answer):
    site = start(HTTPS="on", TRUSTED_PROXIES=proxies)
    assert status(site, "/", X_Forwarded_Proto=proto) == answer
