"""Nobody stops the site by sending slowly, or a lot."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from estimation.request_bodies import DRAINED, LIMIT, RequestBodies
from estimation.tests.site import Site

THREADS = 8  # as estimation.asgi has them

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.kill()


def connection(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=20)


def run(work: Coroutine[None, None, None]) -> None:
    """In a thread of its own: the browsers of other tests keep an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def head(length: int) -> bytes:
    return (
        b"POST /me/sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + f"Content-Length: {length}\r\nAccept-Language: de\r\n\r\n".encode()
    )


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(65536).split(b" ")[1])


def test_forms_that_never_end_keep_nobody_else_waiting(site: Site):
    slow = [connection(site) for _ in range(THREADS * 2)]
    for each in slow:
        each.sendall(head(1000) + b"username=")
    with urllib.request.urlopen(f"{site.url}/me/sign-in/", timeout=10) as page:
        assert page.status == 200
    for each in slow:
        each.close()


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 403), (LIMIT + 1, 413), (DRAINED + 1, 413)])
def test_what_is_larger_than_the_limit_reaches_no_page(site: Site, size, status):
    # 403: it has no CSRF token, as the page says that received it.
    request = urllib.request.Request(
        f"{site.url}/me/sign-in/", data=b"x" * min(size, LIMIT + 1), headers={"Content-Type": "text/plain"}
    )
    if size > DRAINED:
        with connection(site) as line:
            line.sendall(head(size))
            assert status_of(line) == status
        return
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(request, timeout=20)
    with answered.value as answer:
        assert answer.code == status


def test_without_a_length_it_is_counted_as_it_comes(site: Site):
    with connection(site) as line:
        line.sendall(b"POST /me/sign-in/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        part = b"x" * 65536
        for _ in range(LIMIT // len(part) + 1):
            line.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        line.sendall(b"0\r\n\r\n")
        assert status_of(line) == 413


def test_the_answer_is_a_page_in_the_readers_language(site: Site):
    with connection(site) as line:
        line.sendall(head(DRAINED + 1))
        answer = b""
        while part := line.recv(65536):
            answer += part
    assert "Das ist zu groß" in answer.decode()


def test_what_does_not_arrive_in_time_is_answered():
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def page(*_):
        raise AssertionError("it is not all there")

    scope = {"type": "http", "headers": [(b"content-length", b"5")]}
    run(RequestBodies(page, seconds=0.01)(scope, receive, send))
    assert sent[0]["status"] == 408
    assert "That took too long" in sent[1]["body"].decode()


@pytest.mark.parametrize(("length", "status"), [(5, 408), (DRAINED + 1, 413)])
def test_a_program_that_uses_the_api_is_told_in_json(length, status):
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def page(*_):
        raise AssertionError("it is not all there")

    headers = [(b"content-length", str(length).encode())]
    scope = {"type": "http", "path": "/api/v1/groups/1/issues", "headers": headers}
    run(RequestBodies(page, seconds=0.01)(scope, receive, send))
    assert sent[0]["status"] == status
    assert dict(sent[0]["headers"])[b"content-type"] == b"application/json"
    assert json.loads(sent[1]["body"])["detail"].startswith("Send ")


def test_who_goes_before_the_end_is_answered_by_nobody():
    async def receive():
        return {"type": "http.disconnect"}

    async def nobody(*_):
        raise AssertionError("there is nobody to answer, and nothing to do")

    scope = {"type": "http", "headers": [(b"content-length", b"5")]}
    run(RequestBodies(nobody)(scope, receive, nobody))


def test_what_comes_in_parts_arrives_whole_and_then_the_rest():
    messages = iter(
        [
            {"type": "http.request", "body": b"a=", "more_body": True},
            {"type": "http.request", "body": b"1", "more_body": False},
            {"type": "http.disconnect"},
        ]
    )
    received = []

    async def receive():
        return next(messages)

    async def page(scope, receive, send):
        received.extend([await receive(), await receive()])

    scope = {"type": "http", "headers": [(b"content-length", b"3")]}

    async def send(message):
        raise AssertionError("the page answers nothing here")

    run(RequestBodies(page)(scope, receive, send))
    assert received == [
        {"type": "http.request", "body": b"a=1", "more_body": False},
        {"type": "http.disconnect"},
    ]
