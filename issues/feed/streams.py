"""One screen that listens: Server-Sent Events, of which only the newest counts.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
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
        self._changed.set()

    def close(self) -> None:
        """End the stream, whatever is still to be told."""
        self._is_over = True
        self._changed.set()

    def dismiss(self) -> None:
        """Its person is no longer signed in: tell nothing more but that, and end."""
        self._is_dismissed = True
        self._changed.set()

    def audience(self, snapshot: RoomSnapshot) -> Audience | None:
        """What its person may do in the room at the moment of the snapshot; None where they have nothing to do with it."""
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
        loop = asyncio.get_running_loop()
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self._said_at = loop.time()
        while not self._is_over:
            news = self._news()
            since, self._changed_at = self._changed_at, None
            await self._write(news or (_PING if self._is_quiet else b""), loop.time())
            if news and since is not None:
                self._note_delay(time.monotonic() - since)
            if self._newest is self._told and not (self._is_over or self._is_dismissed):
                self._changed.clear()
                await self._changed.wait()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def beat(self, now: float) -> None:
        """Called every few seconds, instead of two timers for each stream: pings, and gives up who reads nothing."""
        if self._waits_since is not None:
            if now - self._waits_since > UNREAD and self._task is not None:
                self._is_unread = True
                self._task.cancel()
        elif now - self._said_at > PING:
            self._is_quiet = True
            self._changed.set()

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
        try:
            await self._send({"type": "http.response.body", "body": event, "more_body": True})
        except asyncio.CancelledError:
            if self._is_unread:
                raise TimeoutError from None
            raise
        self._waits_since = None
