"""The ASGI application in front of the pages: takes the streams, passes on everything else."""

import asyncio
import io
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError

from issues import announcements, tickets
from issues.feed.channels import Channel
from issues.feed.deadlines import Deadlines
from issues.feed.deliveries import Deliveries
from issues.feed.headers import guarded
from issues.feed.heartbeat import Heartbeat
from issues.feed.sessions import Sessions
from issues.feed.streams import Send, Stream
from issues.feed.watch import Watch
from issues.frames import Have
from issues.tickets import Ticket

if TYPE_CHECKING:
    from issues.feed.broker import Subscription

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two questions whether the process may serve again
THREADS = 2  # and as many connections to the database
_ADDRESS = re.compile(r"/groups/([0-9]{1,10})/feed/")


class Feed:
    """Streams of rooms, in front of an application for all other addresses.

    While `may_serve` says no, no stream begins (the screens come again), and nothing here asks the database.
    `watched` is ASGI middleware for the streams, which finds in the scope, as `user`, the number of who listens.
    `told` is called for each stream to which a change was written, with the seconds since this process knew of it.
    """

    def __init__(
        self,
        pages: Application,
        may_serve: Callable[[], bool] = lambda: True,
        watched: Callable[[Application], Application] = lambda streams: streams,
        told: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._pages = pages
        self._streams = watched(self._stream)
        self._may_serve = may_serve
        self._told = told
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="feed")
        self._channels: dict[int, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: Watch | None = None
        self._heartbeat: Heartbeat | None = None
        self._sessions: Sessions | None = None
        self._subscription: Subscription | None = None
        announcements.listen(self._ring_from_a_thread)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif address is None or scope["method"] != "GET":
            await self._pages(scope, receive, send)
        else:
            scope["group"] = int(address[1])
            await self._streams(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        group_id: int = scope["group"]
        if not self._may_serve():
            await _refuse(send, 503)
            return
        ticket = _ticket(scope, group_id)
        try:
            is_admitted = ticket is not None and await self._attend().admits(ticket)
        except DatabaseError:
            logger.exception("Whether somebody is signed in could not be read.")
            await _refuse(send, 503)
            return
        if ticket is None or not is_admitted:
            # The page asks for its state, which brings a new ticket, or an answer.
            await _refuse(send, 403)
            return
        scope["user"] = ticket.user_id
        query = parse_qs(scope["query_string"].decode("latin-1"))
        stream = Stream(ticket, Have.read(query.get("have", [""])[0]), send, self._told)
        channel = self._channel(group_id)
        channel.add(stream)
        leaving = asyncio.create_task(_left(receive, stream))
        try:
            await stream.run()
        except (TimeoutError, OSError):
            pass  # reads nothing, or has gone: it comes back by itself
        finally:
            leaving.cancel()
            self._leave(channel, stream)

    def _attend(self) -> Sessions:
        """All that looks after streams begins with the first one."""
        if self._sessions is None:
            self._loop = asyncio.get_running_loop()
            if settings.REDIS_URL:
                from issues.feed.broker import Subscription  # 5 MB, for those alone who have a Redis

                self._subscription = Subscription(settings.REDIS_URL, self._ring, self._ring_all)
            self._watch = Watch(self._channels, self._threads, self._serving, self._is_told)
            self._heartbeat = Heartbeat(self._channels)
            self._sessions = Sessions(self._channels, self._threads, self._serving)
        return self._sessions

    def _channel(self, group_id: int) -> Channel:
        if group_id not in self._channels:
            self._channels[group_id] = Channel(group_id, self._threads, self._serving)
        return self._channels[group_id]

    def _leave(self, channel: Channel, stream: Stream) -> None:
        channel.streams.discard(stream)
        if not channel.streams:
            self._channels.pop(channel.group_id, None)
            channel.close()

    def _ring_from_a_thread(self, group_id: int) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring, group_id, time.monotonic())

    def _ring(self, group_id: int, since: float | None = None) -> None:
        if channel := self._channels.get(group_id):
            channel.ring(since)

    def _ring_all(self) -> None:
        for channel in self._channels.values():
            channel.ring()

    def _is_told(self) -> bool:
        """Whether other processes announce their changes."""
        return self._subscription is not None and self._subscription.is_heard

    async def _serving(self) -> None:
        """Returns when this process may serve."""
        while not self._may_serve():
            await asyncio.sleep(PAUSE)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The server starts and stops."""
        await receive()
        background = (Deadlines(self._threads, self._serving), Deliveries(self._serving))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in background:
            task.close()
        announcements.unlisten(self._ring_from_a_thread)
        for part in (self._watch, self._heartbeat, self._sessions, self._subscription):
            if part is not None:
                part.close()
        for channel in tuple(self._channels.values()):
            channel.close()
        self._threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def _ticket(scope: Scope, group_id: int) -> Ticket | None:
    """The ticket that the request shows, if it may be good for this room and was sent from this site."""
    # Made here, to be gone afterwards: a thousand streams would each keep one.
    request = ASGIRequest({**scope, "query_string": b""}, io.BytesIO())
    cookie, session = (
        request.COOKIES.get(name, "") for name in (tickets.COOKIE, settings.SESSION_COOKIE_NAME)
    )
    if not cookie or not session or not _is_own(request):
        return None
    return tickets.read(cookie, session, group_id)


def _is_own(request: ASGIRequest) -> bool:
    """Whether a page of this site sends it, by TLS where the site is reached so, as far as the browser tells.

    Browsers send Sec-Fetch-Site with everything, and Origin where another site, or a page that hides its own, asks.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    if settings.SECURE_SSL_REDIRECT and request.scheme != "https":
        return False
    try:
        own = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False
    return request.headers.get("Origin", own) == own


async def _left(receive: Receive, stream: Stream) -> None:
    """Ends the stream when its screen has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


async def _refuse(send: Send, status: int) -> None:
    headers = guarded((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
