"""How long a run waits for the lock, and what it tells meanwhile."""

import time
from collections.abc import Callable

from evolution.conf import configuration
from evolution.lock.errors import LockHeld

INTERVAL = 0.25  # seconds between two tries


class Patience:
    """The time that `migrate` has for the lock, from now on."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.timeout = configuration().lock_timeout
        self._say = say
        self._deadline = time.monotonic() + self.timeout
        self._told: set[str] = set()

    def wait_for(self, holder: str, *, alive: bool = True) -> None:
        """Wait a moment for another run. Raises LockHeld when the time is up and it is known to be alive."""
        self.tell(
            "run", f"Another migrate is running ({holder}). Waiting for it, {self.timeout} seconds at most."
        )
        if alive:
            self.end_if_late(f"Another migrate has been running for {self.timeout} seconds ({holder}).")
        self.wait()

    def end_if_late(self, reason: str) -> None:
        """Raise LockHeld with this sentence when the time is up."""
        if time.monotonic() > self._deadline:
            raise LockHeld(f"{reason} Nothing was changed; run migrate again when it has ended.")

    def tell(self, matter: str, text: str) -> None:
        """Say `text`, once in a matter."""
        if matter not in self._told:
            self._told.add(matter)
            self._say(text)

    def wait(self) -> None:
        """Let a moment pass."""
        time.sleep(INTERVAL)


class Silence:
    """For how long something has not changed, by this machine's steady clock, and whether it was seen to change."""

    def __init__(self) -> None:
        self.moved = False
        self._seen: object = None
        self._since = time.monotonic()

    def seconds(self, now: object) -> float:
        """For how long it has been as it is `now`, as far as it was looked at."""
        if now != self._seen:
            self.moved = self._seen is not None
            self._seen, self._since = now, time.monotonic()
        return time.monotonic() - self._since
