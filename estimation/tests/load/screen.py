"""A screen that shows a room: it listens to the room's stream, and opens it again when it breaks off."""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

from estimation.tests.visitor import Visitor

SILENCE = 40  # seconds; a stream says something every 15 at least
PAUSE = 0.2  # seconds before a stream is opened again
BROKEN_OFF = (OSError, http.client.HTTPException)
_SECRET = re.compile(r"secret of (\d+)")


class Screen:
    """What a member's page does with the stream of a group. `told_early` is called with what came before its reveal."""

    def __init__(
        self,
        visitor: Visitor,
        group: int,
        is_secret: Callable[[int], bool],
        told_early: Callable[[str], None],
    ) -> None:
        self.version = 0  # of the room, as it is shown
        self.opened = 0  # how often a stream was
        self._visitor = Visitor(visitor.url, visitor.cookies)
        self._room = f"/groups/{group}/"
        self._is_secret, self._told_early = is_secret, told_early
        self._stop = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen while the block runs."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._hang_up()
            thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            with suppress(*BROKEN_OFF):
                self._listen()
            self._stop.wait(PAUSE)

    def _listen(self) -> None:
        self._visitor.get(self._room)  # which gives the stream's ticket
        with closing(
            http.client.HTTPConnection(urlsplit(self._visitor.url).netloc, timeout=SILENCE)
        ) as connection:
            self._connection = connection
            cookies = "; ".join(f"{name}={value}" for name, value in self._visitor.cookies.items())
            connection.request("GET", f"{self._room}feed/?have=", headers={"Cookie": cookies})
            stream = connection.getresponse()
            self.opened += stream.status == 200
            while not self._stop.is_set() and (line := stream.readline()).endswith(b"\n"):
                if line.startswith(b"data: {"):
                    self._show(line.removeprefix(b"data: ").decode())

    def _show(self, frame: str) -> None:
        for found in _SECRET.findall(frame):
            if self._is_secret(int(found)):
                self._told_early(f"round {found} to a screen")
        self.version = max(self.version, json.loads(frame).get("version", 0))

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            connection.sock.shutdown(2)
