"""How far a long piece of work has come, said on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)

TERMINAL = 0.1  # seconds between two looks of the line at a terminal
PLAIN = 30.0  # seconds between two lines elsewhere


@contextmanager
def quiet(wanted: bool = True) -> Iterator[None]:  # noqa: FBT001, FBT002
    """Within it nothing is said, if that is wanted: what `--verbosity 0` asks for."""
    token = _QUIET.set(wanted)
    try:
        yield
    finally:
        _QUIET.reset(token)


def is_quiet() -> bool:
    return _QUIET.get()


class Progress:
    """Percent, speed and time left: a line that is rewritten at a terminal, a plain one now and then elsewhere."""

    def __init__(self, title: str, total: int, *, stream: TextIO | None = None, before: int = 0) -> None:
        """`total` rows are to be done, `before` of them by an earlier run; `stream` is standard error."""
        self.title = title
        self.total = total
        self.done = self.before = before
        self.stream = stream or sys.stderr
        self.rewrites = self.stream.isatty()
        self.began = self.shown = time.monotonic()
        self.waits: float | None = None  # since it was said last that it does
        self.width = 0
        if before and not is_quiet():
            self._say(f"{title}: goes on after {before:,} rows")

    def advance(self, rows: int) -> None:
        """So many more rows are done."""
        self.done += rows
        now = time.monotonic()
        if not is_quiet() and now - self.shown >= (TERMINAL if self.rewrites else PLAIN):
            self.shown = now
            self._show(self.line(now - self.began), end="" if self.rewrites else "\n")

    def wait(self, reason: str) -> None:
        """Nothing is done for now, and why."""
        now = time.monotonic()
        if not is_quiet() and (self.rewrites or self.waits is None or now - self.waits >= PLAIN):
            self.waits = self.shown = now
            self._show(f"{self.title}: waits, {reason}", end="" if self.rewrites else "\n")

    def finish(self) -> None:
        """All is done: what was rewritten is left standing; where nothing was said so far, nothing is."""
        if self.shown != self.began and not is_quiet():
            self._say(self.line(time.monotonic() - self.began))

    def line(self, elapsed: float) -> str:
        """What is said after so many seconds."""
        total = max(self.total, self.done)  # rows may have come in meanwhile
        percent = 100 * self.done // total if total else 100
        speed = (self.done - self.before) / elapsed if elapsed else 0.0
        text = f"{self.title}: {percent} % of {total:,} rows, {speed:,.0f} rows/s"
        if speed and total > self.done:
            text += f", {duration((total - self.done) / speed)} left"
        return text

    def _say(self, text: str) -> None:
        self._show(text, end="\n")

    def _show(self, text: str, end: str) -> None:
        start = "\r" if self.rewrites else ""
        self.stream.write(f"{start}{text.ljust(self.width)}{end}")
        self.stream.flush()
        self.width = len(text) if self.rewrites and not end else 0


def duration(seconds: float) -> str:
    """Seconds in the words of a person who waits."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
