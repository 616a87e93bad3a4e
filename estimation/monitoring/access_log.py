"""The access log: a line for each request.

A busy process writes them in lots: a line after others takes a third of the time that it takes between all the code of
two pages.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

NAME = "estimation.access"
EVERY = 0.05  # seconds; what is logged otherwise is written after what waits here
LATEST = 0.2  # seconds after which a thread writes what no later request has written

logger = logging.getLogger(NAME)


@dataclass(slots=True)
class Line:
    """What the log says of one request: `at` and `took` in seconds, `user` the number of whoever sent it."""

    request_id: str
    method: str
    route: str
    status: int
    took: float
    user: int | None
    message: str = "request"
    at: float = field(default_factory=time.time)


class AccessLog:
    """Lines that wait to be written. Every thread may add some and write some: what one has taken, no other has."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._written_at = 0.0
        self._waits = threading.Event()
        self._writer: threading.Thread | None = None

    def add(self, line: Line) -> None:
        """Log that a request was answered: now, or with those that come next."""
        if not logger.isEnabledFor(logging.INFO):
            return
        self._lines.append(line)
        if not 0 <= line.at - self._written_at < EVERY:
            self._written_at = line.at
            self.write()
        elif not self._waits.is_set():
            self._waits.set()
            if self._writer is None or not self._writer.is_alive():  # as in a process that was forked
                self._writer = threading.Thread(target=self._write_the_last, name="access log", daemon=True)
                self._writer.start()

    def write(self) -> None:
        """Write what waits."""
        with ExitStack() as lots:
            for handler in logging.getLogger().handlers:
                if isinstance(handler, Console):
                    lots.enter_context(handler.lot())
            while self._lines:
                with suppress(IndexError):  # somebody else has just taken the last one
                    logger.handle(_record(self._lines.popleft()))

    def _write_the_last(self) -> None:
        while True:
            self._waits.wait()
            time.sleep(LATEST)
            self._waits.clear()
            self.write()


access_log = AccessLog()


class Console(logging.StreamHandler):  # type: ignore[type-arg]  # only in the stubs
    """Writes a record at once, after the lines that wait: they stand in their order, and none is left at the end."""

    _is_lot = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != NAME:
            access_log.write()
        super().emit(record)

    def flush(self) -> None:
        if not self._is_lot:
            super().flush()

    @contextmanager
    def lot(self) -> Iterator[None]:
        """What is written within goes out at the end of it, together."""
        self.acquire()
        self._is_lot = True
        try:
            yield
        finally:
            self._is_lot = False
            self.release()
            self.flush()


def _record(line: Line) -> logging.LogRecord:
    fields = {
        "method": line.method,
        "route": line.route,
        "status": line.status,
        "ms": round(1000 * line.took, 1),
        "user": line.user,
    }
    record = logger.makeRecord(NAME, logging.INFO, __file__, 0, line.message, (), None)
    record.created = line.at
    record.request_id, record.fields = line.request_id, fields
    return record
