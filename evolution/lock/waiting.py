"""How long a run waits for the lock, and what it tells meanwhile."""

import time
from collections.abc import Callable

from evolution.conf import configuration
from evolution.lock.errors import LockHeld

INTERVAL = 0.25  # seconds between two tries
LOOK = 4 * INTERVAL  # so many seconds at most lie between two looks of one who is awake


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
    """For how long something was not seen to change, by this machine's steady clock.

    Only time in which it was looked at counts: who was frozen, or got no answer, has not seen that nothing happened.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.broken = False  # whether it was ever seen to change
        self._seen: object = None
        self._looked_at = time.monotonic()

    def look(self, now: object) -> None:
        """Take notice of how it is now."""
        before, self._looked_at = self._looked_at, time.monotonic()
        if now == self._seen:
            self.seconds += min(self._looked_at - before, LOOK)
        else:
            self.broken = self._seen is not None
            self.seconds, self._seen = 0.0, now

    def look_in_vain(self) -> None:
        """There was no answer: the time until now does not count."""
        self._looked_at = time.monotonic()
