"""A server of the site with its live feed, and screens that listen to it."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import uvicorn
from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import reverse

from groups.models import Group
from issues.feed import Feed
from users.models import User

PATIENCE = 10  # seconds for what has to come


@contextmanager
def served(**options: Any) -> Iterator[str]:
    """The site at an address of its own, in a thread; its address. `options` are those of its feed."""
    pages = cast("Any", WSGIMiddleware(cast("Any", get_wsgi_application()), workers=4))
    config = uvicorn.Config(
        cast("Any", Feed(pages, **options)),
        port=0,
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    ear = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [ear]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{ear.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        ear.close()


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds. Fails where it does not come to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come to hold."
        threading.Event().wait(0.02)


class Screen:
    """One person's open stream, in a browser where the person is signed in."""

    def __init__(self, server: str, group: Group, user: User, have: str = "", **headers: str) -> None:
        self.browser = Client()
        self.browser.force_login(user)
        self.browser.get(reverse("issues:room", args=[group.pk]))
        where = urlsplit(server)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
        path = reverse("issues:room-feed", args=[group.pk])
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self.browser.cookies.items())
        self._connection.request("GET", f"{path}?have={have}", headers={"Cookie": cookies} | headers)
        self.response = self._connection.getresponse()
        self.frames: list[dict[str, Any]] = []
        self.raw = b""

    def next_event(self) -> tuple[str, str]:
        """The next event's name and data. Raises TimeoutError, and EOFError at the end."""
        name, data = "message", ""
        while True:
            line = self.response.readline()
            self.raw += line
            if not line:
                raise EOFError
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                data = text.removeprefix("data: ")
            elif not text:
                return name, data

    def next_frame(self) -> dict[str, Any]:
        """The next frame."""
        name, data = self.next_event()
        while name != "message":
            name, data = self.next_event()
        self.frames.append(json.loads(data))
        return self.frames[-1]

    def until(self, condition: Any) -> dict[str, Any]:
        """The first frame, from the next on, for which the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if condition(frame := self.next_frame()):
                return frame
        raise TimeoutError(self.frames[-3:])

    def close(self) -> None:
        self._connection.close()
