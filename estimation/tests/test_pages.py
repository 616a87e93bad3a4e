"""The pages behind an ASGI server: what their threads hand over comes whole and in its order."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from estimation.pages import Pages

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


def asked(application: Any) -> list[dict[str, Any]]:
    """What a server is told by the pages."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)  # as long as others have their turn
        sent.append(message)

    # Playwright's loop runs in the main thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Pages(application, 2)(SCOPE, receive, send)).result()
    return sent


def test_an_answer_in_many_pieces_comes_whole_and_in_its_order():
    def counting(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        for number in range(500):
            yield b"%d " % number

    head, *body = asked(counting)
    assert (head["type"], head["status"]) == ("http.response.start", 200)
    assert b"".join(piece["body"] for piece in body) == b"".join(b"%d " % number for number in range(500))
    assert [piece.get("more_body", False) for piece in body] == [True] * 500 + [False]


def test_what_was_handed_over_before_an_error_is_sent_and_the_server_learns_of_it():
    def failing(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"half"
        raise ValueError("the other half is not there")

    with pytest.raises(ValueError, match="the other half"):
        asked(failing)
