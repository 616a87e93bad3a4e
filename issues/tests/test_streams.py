"""One screen's stream: what is offered is written at once, in its order, to its end, or the screen is given up."""

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from issues import snapshots, tickets
from issues.feed import streams
from issues.feed.streams import Stream
from issues.frames import Frames, Have

pytestmark = pytest.mark.django_db


class Screen:
    """What an ASGI server has been given for a screen, which takes nothing while it is not open."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.failure: Exception | None = None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if self.failure is not None:
            raise self.failure
        if message["type"] == "http.response.body":
            self.told.append(message["body"])
            await self.is_open.wait()

    @property
    def versions(self) -> list[int]:
        """Of the frames that it was given."""
        return [int(event.split(b"\n")[0].removeprefix(b"id: ")) for event in self.told if event]


def by_itself(play: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread of its own: the browsers of other tests keep a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, play).result()


Play = Callable[[Stream, Screen, "asyncio.Task[None]"], Coroutine[Any, Any, None]]


@pytest.fixture
def frames(payments):
    """The room as it is, in any version."""
    snapshot = snapshots.take(payments.pk)
    assert snapshot is not None
    return lambda version: Frames(replace(snapshot, version=version))


@pytest.fixture
def played(payments, alice, frames):
    """Runs a play on a stream that has told version 1 and waits for more."""

    async def run(play: Play) -> None:
        screen = Screen()
        stream = Stream(tickets.Ticket(payments.pk, alice.pk, "en", "", ""), Have(), screen.send)
        stream.offer(frames(1))
        running = asyncio.create_task(stream.run())
        while not screen.told:
            await asyncio.sleep(0)
        try:
            await play(stream, screen, running)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await running

    return lambda play: by_itself(run(play))


def test_what_is_offered_is_written_before_anything_else_happens(played, frames):
    async def play(stream: Stream, screen: Screen, _running: "asyncio.Task[None]") -> None:
        stream.offer(frames(2))
        assert screen.versions == [1, 2]
        stream.offer(frames(3))
        assert screen.versions == [1, 2, 3]

    played(play)


def test_a_screen_that_reads_slowly_gets_the_newest_once_it_has_read(played, frames):
    async def play(stream: Stream, screen: Screen, _running: "asyncio.Task[None]") -> None:
        screen.is_open.clear()
        for version in (2, 3, 4):
            stream.offer(frames(version))
            await asyncio.sleep(0)
        assert screen.versions == [1, 2]
        screen.is_open.set()
        while 4 not in screen.versions:
            await asyncio.sleep(0)
        assert screen.versions == [1, 2, 4]
        stream.offer(frames(5))
        assert screen.versions == [1, 2, 4, 5]

    played(play)


def test_a_screen_that_has_read_at_last_is_not_given_up(played, frames):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        screen.is_open.clear()
        stream.offer(frames(2))
        await asyncio.sleep(0)
        screen.is_open.set()
        for _turn in range(3):
            await asyncio.sleep(0)
        stream.beat(asyncio.get_running_loop().time() + streams.UNREAD + 1)
        await asyncio.sleep(0)
        assert not running.cancelling()

    played(play)


def test_a_stream_that_is_closed_while_nothing_happens_ends(played):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        await asyncio.sleep(0)
        stream.close()
        await running
        assert screen.told[-1] == b""

    played(play)


def test_a_screen_that_cannot_be_written_to_ends_its_own_stream_alone(played, frames):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        screen.failure = ConnectionResetError()
        stream.offer(frames(2))  # whoever offers hears nothing of it
        with pytest.raises(ConnectionResetError):
            await running

    played(play)


def test_a_stream_that_is_closed_while_a_screen_reads_slowly_ends_when_it_has_read(played, frames):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        screen.is_open.clear()
        stream.offer(frames(2))
        stream.close()
        await asyncio.sleep(0)
        assert not running.done()
        screen.is_open.set()
        await running
        assert screen.told[-1] == b""

    played(play)


def test_who_was_signed_out_is_told_nothing_but_that(played, frames):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        stream.dismiss()
        stream.offer(frames(2))
        await running
        assert screen.told[1:] == [streams._GONE, b""]

    played(play)


@pytest.mark.parametrize("seconds", [streams.UNREAD - 1, streams.UNREAD + 1])
def test_a_screen_that_reads_nothing_is_given_up_after_half_a_minute(played, frames, seconds):
    async def play(stream: Stream, screen: Screen, running: "asyncio.Task[None]") -> None:
        screen.is_open.clear()
        began = asyncio.get_running_loop().time()
        stream.offer(frames(2))
        await asyncio.sleep(0)
        stream.beat(began + seconds)
        if seconds > streams.UNREAD:
            with pytest.raises(TimeoutError):
                await running
        else:
            await asyncio.sleep(0)
            assert not running.done()

    played(play)


def test_so_is_one_that_never_read_anything(payments, alice, frames):
    async def play() -> None:
        screen = Screen()
        screen.is_open.clear()
        stream = Stream(tickets.Ticket(payments.pk, alice.pk, "en", "", ""), Have(), screen.send)
        running = asyncio.create_task(stream.run())
        stream.offer(frames(1))
        while not screen.told:
            await asyncio.sleep(0)
        stream.beat(asyncio.get_running_loop().time() + streams.UNREAD + 1)
        with pytest.raises(TimeoutError):
            await running

    by_itself(play())
