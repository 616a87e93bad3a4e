"""The ASGI application in front of the pages: takes the streams, passes on everything else."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from django.conf import settings

from issues import announcements, tickets
from issues.feed.channels import Channel
from issues.feed.deadlines import Deadlines
from issues.feed.deliveries import Deliveries
from issues.feed.heartbeat import Heartbeat
from issues.feed.streams import Send, Stream
from issues.feed.watch import Watch
from issues.frames import Have
from issues.tickets import Ticket

if TYPE_CHECKING:
    from issues.feed.broker import Subscription

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PAUSE = 0.5  # seconds between two questions whether the process may serve again
THREADS = 2  # and as many connections to the database
_ADDRESS = re.compile(r"/groups/([0-9]{1,10})/feed/")


class Feed:
    """Streams of rooms, in front of an application for all other addresses.

    While `may_serve` says no, no stream begins (the screens come again), and nothing here asks the database.
    """

    def __init__(self, pages: Application, may_serve: Callable[[], bool] = lambda: True) -> None:
        self._pages = pages
        self._may_serve = may_serve
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="feed")
        self._channels: dict[int, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: Watch | None = None
        self._heartbeat: Heartbeat | None = None
        self._subscription: Subscription | None = None
        announcements.listen(self._ring_from_a_thread)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif address is None or scope["method"] != "GET":
            await self._pages(scope, receive, send)
        else:
            await self._stream(scope, receive, send, int(address[1]))

    async def _stream(self, scope: Scope, receive: Receive, send: Send, group_id: int) -> None:
        if not self._may_serve():
            await _refuse(send, 503)
            return
        ticket = _ticket(scope, group_id)
        if ticket is None:
            # The page asks for its state, which brings a new one, or an answer.
            await _refuse(send, 403)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        stream = Stream(ticket, Have.read(query.get("have", [""])[0]), send)
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

    def _channel(self, group_id: int) -> Channel:
        if self._watch is None:
            self._loop = asyncio.get_running_loop()
            if settings.REDIS_URL:
                from issues.feed.broker import Subscription  # 5 MB, for those alone who have a Redis

                self._subscription = Subscription(settings.REDIS_URL, self._ring, self._ring_all)
            self._watch = Watch(self._channels, self._threads, self._serving, self._is_told)
            self._heartbeat = Heartbeat(self._channels)
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
            self._loop.call_soon_threadsafe(self._ring, group_id)

    def _ring(self, group_id: int) -> None:
        if channel := self._channels.get(group_id):
            channel.ring()

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
        for part in (self._watch, self._heartbeat, self._subscription):
            if part is not None:
                part.close()
        for channel in tuple(self._channels.values()):
            channel.close()
        self._threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def _ticket(scope: Scope, group_id: int) -> Ticket | None:
    """The ticket that the request shows, if it is good for this room and was sent from this site."""
    headers = dict(scope["headers"])
    if headers.get(b"sec-fetch-site", b"same-origin") != b"same-origin":
        return None
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return None
    return tickets.read(cookies[tickets.COOKIE].value, group_id) if tickets.COOKIE in cookies else None


async def _left(receive: Receive, stream: Stream) -> None:
    """Ends the stream when its screen has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
