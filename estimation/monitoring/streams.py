"""The same for the streams of the live feed, which no middleware of Django's sees."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from estimation.monitoring import metrics
from estimation.monitoring.access_log import Line, access_log
from estimation.monitoring.facts import method_of
from estimation.monitoring.request_ids import HEADER, Current, current, id_for

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

ROUTE = "/groups/<int:group_id>/feed/"
_HEADER = HEADER.lower().encode()


class WatchedStream:
    """An ASGI application that serves streams, with an id for each and a line in the log when it opens and ends.

    Whose stream it is the application notes as `user` in the scope, before it begins to answer.
    """

    def __init__(self, serve: Application) -> None:
        self._serve = serve

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(_HEADER, b"").decode("latin-1")
        now = Current(id_for(given))
        current.set(now)  # of this stream's task alone
        stream = _Answer(scope, send, now.id)
        try:
            await self._serve(scope, receive, stream.send)
        finally:
            stream.end()


class _Answer:
    """One stream, from its first byte to its end."""

    def __init__(self, scope: Message, send: Send, number: str) -> None:
        self._scope, self._send, self._number = scope, send, number
        self._began = time.perf_counter()
        self._is_open = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (_HEADER, self._number.encode())]
            self._is_open = message["status"] == 200
            metrics.answered(
                method_of(self._scope["method"]), ROUTE, message["status"], time.perf_counter() - self._began
            )
            if self._is_open:
                metrics.STREAMS.inc()
            self._log(message["status"], "stream opened" if self._is_open else "request")
        await self._send(message)

    def end(self) -> None:
        if self._is_open:
            metrics.STREAMS.dec()
            self._log(200, "stream closed")

    def _log(self, status: int, message: str) -> None:
        took = time.perf_counter() - self._began
        method, user = method_of(self._scope["method"]), self._scope.get("user")
        access_log.add(Line(self._number, method, ROUTE, status, took, user, message))
