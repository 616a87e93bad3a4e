"""The configurations in `deploy`, as they are shipped, tried with the real nginx and the real Caddy by TLS."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from estimation import request_bodies
from estimation.tests.proxies import PATIENCE, Visitor, offered, running
from estimation.tests.site import Site
from groups.models import Group
from groups.views.invites import WRONG_LINKS
from issues import rounds
from issues.feed import streams

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

NAME = "estimation.example.org"
PROXIES = {"Nginx": "127.0.0.11", "Caddy": "127.0.0.12"}  # and where those come from who visit it
AS_OFTEN_AS_ALLOWED = int(WRONG_LINKS.rates.split("/")[0])
AT_ONCE = 3.0  # seconds: much less than the next ping, which would push a frame out of a buffer
SECRET = "a-token-that-nobody-else-may-know"
PATHS = [f"/join/1.{SECRET}/", f"/me/password/reset/MQ/{SECRET}/", f"/me/sign-up/{SECRET}/"]

# "Intermediate" in version 5.7 of https://wiki.mozilla.org/Security/Server_Side_TLS
RECOMMENDED = [
    f"{exchange}-{cipher}"
    for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
]


@pytest.fixture(scope="module")
def site(django_db_setup) -> Iterator[Site]:
    site = Site(HTTPS="on", TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS=f"{NAME},127.0.0.1")
    site.start()
    yield site
    site.kill()


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, site: Site, tmp_path_factory) -> Iterator[Any]:
    with running(request.param, tmp_path_factory.mktemp("proxy"), site.port) as server:
        yield server


@pytest.fixture
def visitor(proxy: Any) -> Visitor:
    return Visitor(proxy, NAME, PROXIES[type(proxy).__name__])


def only(visitor: Visitor, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = visitor.context()
    context.minimum_version = context.maximum_version = version
    return context


# --- TLS


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_page_comes_by_tls_1_2_and_by_1_3(visitor, version):
    assert visitor.status("/", context=only(visitor, version)) == 200


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_earlier_versions_of_tls_are_refused(proxy, version):
    done = offered(proxy, NAME, version, "-cipher", "ALL:@SECLEVEL=0")
    assert done.returncode != 0
    assert "alert protocol version" in done.stderr


def test_no_cipher_is_taken_that_mozilla_does_not_recommend(proxy):
    others = ":".join(["ALL", *(f"!{name}" for name in RECOMMENDED), "@SECLEVEL=0"])
    done = offered(proxy, NAME, "-tls1_2", "-cipher", others)
    assert done.returncode != 0
    assert "handshake failure" in done.stderr


@pytest.mark.parametrize("cipher", [name for name in RECOMMENDED if name.startswith("ECDHE-RSA")])
def test_those_that_it_recommends_are_taken(proxy, cipher):
    assert f"Cipher is {cipher}" in offered(proxy, NAME, "-tls1_2", "-cipher", cipher).stdout


@pytest.mark.parametrize("proxy", ["Nginx"], indirect=True)
def test_nginx_takes_the_strongest_that_is_offered(proxy):
    offer = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
    done = offered(proxy, NAME, "-tls1_2", "-cipher", offer)
    assert "Cipher is ECDHE-RSA-AES256-GCM-SHA384" in done.stdout


def test_whoever_comes_without_tls_is_led_there(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=PATIENCE)
    connection.request("GET", "/groups/", headers={"Host": NAME})
    answer = connection.getresponse()
    connection.close()
    assert answer.status in {301, 308}
    assert answer.headers["Location"] == f"https://{NAME}/groups/"


# --- The certificate


@pytest.mark.parametrize("proxy", ["Caddy"], indirect=True)
def test_caddy_gets_a_public_certificate_by_acme(proxy):
    configuration = json.loads(proxy.effective(CERTIFICATE=""))
    (server,) = configuration["apps"]["http"]["servers"].values()
    # No certificate of its own, no other issuer, and nothing that switches automatic HTTPS off: what Caddy does with a
    # name then is to ask Let's Encrypt (https://caddyserver.com/docs/automatic-https).
    assert "tls" not in configuration["apps"] or "internal" not in str(configuration["apps"]["tls"])
    assert "automatic_https" not in server
    assert [route["match"] for route in server["routes"]] == [[{"host": [NAME]}]]
    assert server["listen"] == [f":{proxy.https_port}"]


def test_nginx_takes_the_certificate_that_certbot_got():
    shipped = (settings.BASE_DIR / "deploy" / "nginx" / "estimation.conf").read_text()
    assert f"ssl_certificate /etc/letsencrypt/live/{NAME}/fullchain.pem;" in shipped
    assert f"ssl_certificate_key /etc/letsencrypt/live/{NAME}/privkey.pem;" in shipped


# --- The stream


def sits_down(visitor: Visitor, group: Group, user: Any) -> None:
    browser = Client()
    browser.force_login(user)
    visitor.cookies["__Host-sessionid"] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert visitor.status(f"/groups/{group.pk}/") == 200


def until(stream: http.client.HTTPResponse, text: str) -> float:
    """Seconds until a line with the text comes."""
    began = time.monotonic()
    while text not in stream.readline().decode():
        assert time.monotonic() - began < PATIENCE
    return time.monotonic() - began


def test_the_streams_first_frame_and_each_change_come_at_once(visitor, payments, alice, bob):
    sits_down(visitor, payments, bob)
    with visitor.ask(f"/groups/{payments.pk}/feed/?have=", headers={"Accept-Encoding": "gzip"}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert until(stream, "data: ") < AT_ONCE
        assert stream.readline() == b"\n"
        rounds.begin(payments, alice)
        assert until(stream, "data: ") < AT_ONCE


def numbers_of(configuration: Any, name: str) -> list[int]:
    """Every value of this name in a JSON document."""
    if isinstance(configuration, dict):
        own = [value for key, value in configuration.items() if key == name]
        return own + [found for value in configuration.values() for found in numbers_of(value, name)]
    if isinstance(configuration, list):
        return [found for value in configuration for found in numbers_of(value, name)]
    return []


def test_no_time_limit_cuts_a_stream_between_two_pings(proxy):
    effective = proxy.effective()
    if type(proxy).__name__ == "Nginx":
        feed = re.search(r"location ~ \^/groups/.+?\{(.+?)\}", effective, re.DOTALL)
        assert feed
        seconds = re.search(r"proxy_read_timeout (\d+)s;", feed[1])
        assert seconds
        assert int(seconds[1]) >= 2 * streams.PING
    else:
        for name in ("read_timeout", "write_timeout", "response_header_timeout", "stream_timeout"):
            assert numbers_of(json.loads(effective), name) == []


# --- What a client says of itself


def test_a_forged_address_gives_nobody_more_tries(visitor):
    def tried(number):
        return visitor.status(
            f"/join/1.1.{'x' * 43}/", headers={"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.{number}"}
        )

    answers = [tried(number) for number in range(AS_OFTEN_AS_ALLOWED + 1)]
    assert answers == [404] * AS_OFTEN_AS_ALLOWED + [429]


def test_clients_count_each_for_themselves(proxy, visitor):
    wrong = f"/join/1.1.{'x' * 43}/"
    others = [Visitor(proxy, NAME, visitor.address.replace("127.0.0", f"127.0.{n}")) for n in range(2, 30)]
    assert {other.status(wrong) for other in others} == {404}


@pytest.mark.parametrize("proto", ["http", "wss", "nonsense"])
def test_a_forged_protocol_changes_nothing(visitor, proto):
    assert visitor.status("/", headers={"X-Forwarded-Proto": proto, "Forwarded": f"proto={proto}"}) == 200


# --- What passes, and what does not


@pytest.mark.parametrize("framing", ["with its length", "in chunks"])
def test_five_mebibytes_are_refused(visitor, framing):
    body = b"x" * (request_bodies.LIMIT + 1024 * 1024)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sent: Any = body if framing == "with its length" else iter([body])
    assert visitor.status("/me/guest/", method="POST", body=sent, headers=headers) == 413


def test_as_much_as_the_application_takes_comes_through(visitor):
    body = b"x" * (request_bodies.LIMIT - 1024)
    # Without the form's token: refused by the page, not on the way there.
    assert visitor.status("/me/guest/", method="POST", body=body) == 403


def test_no_page_is_compressed_on_the_way(visitor):
    with visitor.ask("/", headers={"Accept-Encoding": "gzip, br, zstd"}) as answer:
        assert answer.headers["Content-Encoding"] is None


def test_no_answer_tells_the_version_of_a_server(visitor):
    with visitor.ask("/") as answer:
        assert not re.search(r"\d", answer.headers.get("Server", ""))


# --- Restarts and logs


def test_while_the_application_is_away_a_page_says_so_and_afterwards_it_is_back(site, visitor):
    site.kill()
    try:
        for method in ("GET", "POST"):
            with visitor.ask("/groups/", method=method) as answer:
                assert answer.status == 503
                assert "Load this page again in a few seconds." in answer.read().decode()
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Retry-After"] == "5"
    finally:
        site.start()
    assert visitor.status("/") == 200


def test_no_log_holds_a_token_from_an_address(site, visitor):
    def follow(paths: list[str]) -> None:
        for path in paths:
            visitor.status(path, headers={"Referer": f"https://{NAME}{path}"})
            visitor.status(f"/me/sign-in/?next={path}")
            visitor.status(
                "/me/guest/", method="POST", body=b"", headers={"Referer": f"https://{NAME}{path}"}
            )
            connection = http.client.HTTPConnection("127.0.0.1", visitor.proxy.http_port, timeout=PATIENCE)
            connection.request("GET", path, headers={"Host": NAME})
            connection.getresponse().read()
            connection.close()

    follow(PATHS)
    site.kill()
    try:
        follow(PATHS[:1])  # Caddy waits for each
    finally:
        site.start()
    logged = visitor.proxy.logged()
    assert "/join" in logged
    assert SECRET not in logged
