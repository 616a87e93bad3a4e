"""What goes through Redis between processes, and what happens when it does not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from issues.feed import broker
from issues.feed.broker import Publisher, Subscription
from issues.tests.receiver import certificate
from issues.tests.redis import running
from users.rate_limits import RateLimit

pytestmark = pytest.mark.once

PATIENCE = 10  # seconds
# The browsers of other tests keep an event loop running in the main thread. One thread for all tests, since a Redis
# that was started in it ends with it.
LOOP = ThreadPoolExecutor(1)


@pytest.fixture(scope="module")
def redis() -> Iterator[Any]:
    with running() as server:
        yield server


class Listener:
    """A subscription, and what it was told."""

    def __init__(self, url: str) -> None:
        self.rung: list[int] = []
        self.all_rung = 0
        self.subscription = Subscription(url, self.rung.append, self._count)

    def _count(self) -> None:
        self.all_rung += 1


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def listening(url: str, then: Callable[[Listener], Awaitable[None]]) -> Listener:
    """Do something while a listener hears."""

    async def play() -> Listener:
        listener = Listener(url)
        try:
            await until(lambda: listener.subscription.is_heard)
            await then(listener)
        finally:
            listener.subscription.close()
        return listener

    return LOOP.submit(lambda: asyncio.run(play())).result()


def test_a_change_of_another_process_rings(redis, monkeypatch):
    async def another(listener: Listener) -> None:
        monkeypatch.setattr(broker, "ORIGIN", "another")
        publisher = Publisher(redis.url)
        publisher.publish(7)
        monkeypatch.undo()
        await until(lambda: listener.rung == [7])

    listening(redis.url, another)


def test_one_s_own_changes_do_not_ring_twice(redis, monkeypatch):
    async def own(listener: Listener) -> None:
        Publisher(redis.url).publish(7)
        monkeypatch.setattr(broker, "ORIGIN", "another")
        Publisher(redis.url).publish(8)
        monkeypatch.undo()
        await until(lambda: 8 in listener.rung)

    assert listening(redis.url, own).rung == [8]


def test_whoever_begins_to_listen_looks_at_all_rooms(redis):
    async def nothing(listener: Listener) -> None:
        pass

    assert listening(redis.url, nothing).all_rung == 1


@pytest.mark.parametrize("data", ["", "x", "x -1", "x 1e3", "x 7 8", "x ٣"])
def test_what_is_no_announcement_rings_nothing(redis, data):
    async def shout(listener: Listener) -> None:
        with Redis.from_url(redis.url) as client:
            client.publish(broker.channel(), data)
            client.publish(broker.channel(), "x 9")
        await until(lambda: 9 in listener.rung)

    assert listening(redis.url, shout).rung == [9]


def test_another_site_on_the_same_redis_is_not_heard(redis, settings):
    ours = broker.channel()
    settings.SECRET_KEY = "another key"
    assert broker.channel() != ours


def test_a_redis_that_is_gone_is_noticed_and_found_again(redis, monkeypatch):
    monkeypatch.setattr(broker, "TRY_AGAIN", 0.05)

    async def lose(listener: Listener) -> None:
        redis.kill()
        await until(lambda: not listener.subscription.is_heard)
        redis.start()
        await until(lambda: listener.subscription.is_heard)

    assert listening(redis.url, lose).all_rung == 2


def test_a_redis_that_says_nothing_any_more_is_noticed(redis, monkeypatch):
    monkeypatch.setattr(broker, "SILENCE", 0.1)
    monkeypatch.setattr(broker, "TRY_AGAIN", 0.05)

    async def freeze(listener: Listener) -> None:
        redis.freeze()
        try:
            await until(lambda: not listener.subscription.is_heard)
        finally:
            redis.thaw()

    listening(redis.url, freeze)


def test_a_silent_redis_is_asked_and_stays_heard(redis, monkeypatch):
    monkeypatch.setattr(broker, "SILENCE", 0.5)
    heard: list[str] = []
    hear = Subscription._hear

    def note(subscription: Subscription, kind: str, data: object) -> None:
        heard.append(kind)
        hear(subscription, kind, data)

    monkeypatch.setattr(Subscription, "_hear", note)

    async def hush(listener: Listener) -> None:
        await until(lambda: heard.count("pong") == 2)

    assert listening(redis.url, hush).all_rung == 1


def test_a_publisher_gives_up_at_once_and_rests(redis, caplog):
    publisher = Publisher("redis://127.0.0.1:1/0")
    for _vote in range(20):
        publisher.publish(7)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_publisher_tries_again_after_its_rest(redis, caplog, monkeypatch):
    monkeypatch.setattr(broker, "TRY_AGAIN", 0)
    publisher = Publisher(redis.url)
    redis.kill()
    publisher.publish(7)
    redis.start()

    async def publish(listener: Listener) -> None:
        monkeypatch.setattr(broker, "ORIGIN", "another")
        publisher.publish(7)
        monkeypatch.setattr(broker, "ORIGIN", "mine")
        await until(lambda: listener.rung == [7])

    listening(redis.url, publish)


# --- By TLS


@pytest.fixture
def by_tls(tmp_path: Path) -> Iterator[Any]:
    with running(certificate(tmp_path, "localhost")) as server:
        yield server


def test_a_redis_is_spoken_to_by_tls(by_tls, monkeypatch, settings):
    test_a_change_of_another_process_rings(by_tls, monkeypatch)
    settings.REDIS_URL = by_tls.url
    RateLimit("by-tls", "1/minute").take("somebody")
    with Redis.from_url(by_tls.url) as client:
        assert any(b"by-tls" in key for key in client.scan_iter())


@pytest.mark.parametrize("way", ["a certificate that nobody knows", "another name", "no TLS"])
def test_a_redis_that_proves_not_who_it_is_is_told_nothing(by_tls, way, caplog):
    url = {
        "a certificate that nobody knows": by_tls.url.partition("?")[0],
        "another name": by_tls.url.replace("localhost", "127.0.0.1"),
        "no TLS": by_tls.url.partition("?")[0].replace("rediss://", "redis://"),
    }[way]
    Publisher(url).publish(7)
    assert "Redis does not answer" in caplog.text
