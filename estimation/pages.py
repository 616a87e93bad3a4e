"""The pages, a WSGI application, as one for an ASGI server: in a fixed pool of threads (docs/decisions/0005)."""

from collections.abc import Awaitable, Callable
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import WSGIResponder
from a2wsgi.wsgi_typing import WSGIApp


class Pages(WSGIMiddleware):
    """a2wsgi's middleware, whose threads hand what they have to say over to the loop, and do not wait for its turn.

    It comes to the loop in the order in which it was handed over. There is no bound for what waits to be sent: a thread
    that waited for a slow reader would be lost to everybody else.
    """

    def __init__(self, application: WSGIApp, threads: int) -> None:
        super().__init__(application, workers=threads, send_queue_size=0)

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        return await _Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)


class _Responder(WSGIResponder):
    def send(self, message: Any) -> None:
        self.loop.call_soon_threadsafe(self.send_queue.put_nowait, message)
