"""What is sent to the pages is received whole before a thread takes it up, in bounded time and of bounded size.

The pages have a fixed number of threads (docs/decisions/0005). A thread that waited for the rest of a form would be
lost to everybody else: a few connections that send half of one would stop the site.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from issues import api
from issues.feed.headers import Headers, guarded

LIMIT = 4 * 1024 * 1024  # bytes: twice the largest file that a page takes
DRAINED = 32 * 1024 * 1024  # bytes that are read and thrown away, so that a browser shows the answer
SECONDS = 30.0  # for all of it

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refused(Exception):
    """The request is answered with `status`, and reaches no page."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Disconnected(Exception):
    """Whoever sent the request has gone before its end."""


class RequestBodies:
    """In front of an application: it gets requests that are all there, of at most LIMIT bytes.

    A longer one is answered with 413, one that takes more than SECONDS with 408.
    """

    def __init__(self, application: Application, *, seconds: float = SECONDS) -> None:
        self._application = application
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _has_body(scope):
            try:
                async with asyncio.timeout(self._seconds):
                    body = await _read(scope, receive)
            except Disconnected:
                return
            except TimeoutError:
                await _answer(scope, send, HTTPStatus.REQUEST_TIMEOUT)
                return
            except Refused as refused:
                await _answer(scope, send, refused.status)
                return
            receive = _replayed(body, receive)
        await self._application(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    return bool(_header(scope, b"content-length")) or bool(_header(scope, b"transfer-encoding"))


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _read(scope: Scope, receive: Receive) -> bytes:
    if int(_header(scope, b"content-length") or 0) > DRAINED:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > DRAINED:
            break
        if size <= LIMIT:
            parts.append(part)
        more = message.get("more_body", False)
    if size > LIMIT:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then whatever else comes."""
    first: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def received() -> Message:
        return next(first, None) or await receive()

    return received


async def _answer(scope: Scope, send: Send, status: HTTPStatus) -> None:
    """A sentence in JSON for programs, a page in the reader's language for everybody else."""
    is_api = str(scope.get("path", "")).startswith(api.ADDRESS)
    headers, body = _problem(status) if is_api else _page(scope, status)
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _problem(status: HTTPStatus) -> tuple[Headers, bytes]:
    detail = (
        f"Send at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes at a time."
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else f"Send all of it within {SECONDS:.0f} seconds."
    )
    headers = guarded(
        (b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"connection", b"close")
    )
    return headers, json.dumps({"detail": detail}).encode()


def _page(scope: Scope, status: HTTPStatus) -> tuple[Headers, bytes]:
    language = _language(_header(scope, b"accept-language").decode("latin-1"))
    with translation.override(language):
        page = render_to_string(f"{status.value}.html", {"megabytes": LIMIT // 1024**2})
    headers = guarded(
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-language", language.encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        policy="default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
    )
    return headers, page.encode()


def _language(accepted: str) -> str:
    for code, _quality in parse_accept_lang_header(accepted):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return "en"
