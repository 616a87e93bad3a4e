"""One screen that listens: Server-Sent Events, of which only the newest counts.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any

from issues.feed.headers import guarded
from issues.frames import Frames, Have
from issues.room_parts import Audience
from issues.snapshots import RoomSnapshot, Seat
from issues.tickets import Ticket

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PING = 15  # seconds without news, after which the screen is told that the stream lives
UNREAD = 30  # seconds after which a screen that reads nothing is given up

HEADERS = guarded(
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would keep frames back
)
_PING = b"event: ping\ndata: 0\n\n"
_GONE = b"event: gone\ndata: 0\n\n"


class Stream:
    """A screen's stream. It holds one slot, the newest frames: whoever reads slowly skips what lies between.

    Where nothing is on its way to the screen, what is offered is written at once, by whoever offers it. To wake the
    stream's own task for that takes as long again, and with a thousand streams that is what everyone waits for.

    `told` is called with the seconds from a change to the moment in which it was written to the screen.
    """

    def __init__(
        self, ticket: Ticket, have: Have, send: Send, told: Callable[[float], None] = lambda _seconds: None
    ) -> None:
        self.ticket = ticket
        self._have = have
        self._send = send
        self._note_delay = told
        self._changed_at: float | None = None  # of the oldest change that is not told, in monotonic time
        self._newest: Frames | None = None
        self._told: Frames | None = None
        # Who sits where does not change with each vote: the audience is worked out again only for another seat.
        self._seat: Seat | None = None
        self._audience: Audience | None = None
        self._is_idle = False  # its task waits for news
        self._begun: Awaitable[None] | None = None  # what was written by another, and not to its end
        self._is_over = False
        self._is_dismissed = False
        self._is_quiet = False
        self._is_unread = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None
        # Both in the loop's time: when it said something last, and since when that waits to be read.
        self._said_at = 0.0
        self._waits_since: float | None = None

    def offer(self, frames: Frames, since: float | None = None) -> None:
        """These are the newest; what is new in them has been so `since` this moment of the monotonic clock."""
        self._newest = frames
        if self._changed_at is None:
            self._changed_at = since
        if self._is_idle:
            self._tell_at_once()
        else:
            self._changed.set()

    def close(self) -> None:
        """End the stream, whatever is still to be told."""
        self._is_over = True
        self._wake()

    def dismiss(self) -> None:
        """Its person is no longer signed in: tell nothing more but that, and end."""
        self._is_dismissed = True
        self._wake()

    def audience(self, snapshot: RoomSnapshot) -> Audience | None:
        """What its person may do in the room at that moment; None where they have nothing to do with it any more."""
        user = self.ticket.user_id
        seat = snapshot.seat_of(user)
        if seat is None and user != snapshot.owner_id:
            return None
        if seat is None or seat != self._seat:
            self._seat, self._audience = seat, Audience.of(snapshot, user, self.ticket.language)
        return self._audience

    async def run(self) -> None:
        """Tell the screen what there is to tell, until it is closed. Raises TimeoutError when nobody reads it."""
        self._task = asyncio.current_task()
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self._said_at = asyncio.get_running_loop().time()
        try:
            while not self._is_over:
                await self._tell()
                await self._news_or_end()
        except asyncio.CancelledError:
            if self._is_unread:
                raise TimeoutError from None
            raise
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _news_or_end(self) -> None:
        """Wait until there is something to tell, and until what another has begun to write is written."""
        if not self._has_told_all:
            return
        self._changed.clear()
        self._is_idle = True
        await self._changed.wait()
        begun, self._begun = self._begun, None
        if begun is not None:
            await begun

    @property
    def _has_told_all(self) -> bool:
        return self._newest is self._told and not (self._is_over or self._is_dismissed)

    def _wake(self) -> None:
        self._is_idle = False
        self._changed.set()

    def _tell_at_once(self) -> None:
        """Write the news as far as the screen takes it now; its own task sees to the rest, and to what goes wrong."""
        telling = self._tell()
        try:
            waits_for = telling.send(None)
        except StopIteration:
            if not self._has_told_all:
                self._wake()
        except Exception as error:  # noqa: BLE001 (the others are told all the same)
            self._begun = asyncio.get_running_loop().create_future()
            self._begun.set_exception(error)
            self._wake()
        else:
            self._begun = _Rest(telling, waits_for)
            self._wake()

    async def _tell(self) -> None:
        """Write the news, if there are any."""
        news = self._news()
        since, self._changed_at = self._changed_at, None
        await self._write(news or (_PING if self._is_quiet else b""), asyncio.get_running_loop().time())
        if news and since is not None:
            self._note_delay(time.monotonic() - since)

    def beat(self, now: float) -> None:
        """Called every few seconds, instead of two timers for each stream: pings, and gives up who reads nothing."""
        if self._waits_since is not None:
            if now - self._waits_since > UNREAD and self._task is not None:
                self._is_unread = True
                self._task.cancel()
        elif now - self._said_at > PING:
            self._is_quiet = True
            self._wake()

    def _news(self) -> bytes:
        """The newest frame as an event; nothing where the screen knows it all."""
        frames = self._newest
        if self._is_dismissed:
            self.close()
            return _GONE
        if frames is None or frames is self._told:
            return b""
        audience = self.audience(frames.snapshot)
        if audience is None:
            self.close()
            return _GONE
        knows_it = self._told is not None and not frames.says_more(audience, self._told)
        event = b"" if knows_it else frames.event(audience, self._have)
        self._told, self._have = frames, frames.keys(audience)
        return event

    async def _write(self, event: bytes, now: float) -> None:
        if not event:
            return
        self._is_quiet = False
        self._waits_since = self._said_at = now
        await self._send({"type": "http.response.body", "body": event, "more_body": True})
        self._waits_since = None


class _Rest:
    """What is left of a coroutine that was begun outside a task, and waits for a future; it can be awaited once."""

    def __init__(self, begun: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._begun, self._waits_for = begun, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            yield self._waits_for
            yield from self._begun.__await__()
        finally:
            self._begun.close()
