"""The sign of life of the one who holds the lock."""

import threading

from django.db.utils import Error

from evolution.lock import claims
from evolution.lock.keeper import Keeper

BEAT = 1.0  # seconds between two signs of life
# So many seconds without one, and the holder looks dead. To be taken for dead it takes HEARTBEAT_TIMEOUT.
QUIET = 3 * BEAT


class Heartbeat(threading.Thread):
    """Counts the heartbeat of a claim up, on a connection of its own, until it is stopped or the claim is lost."""

    def __init__(self, keeper: Keeper, token: str) -> None:
        super().__init__(name="evolution heartbeat", daemon=True)
        self.lost = False
        self._keeper = keeper
        self._token = token
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(BEAT):
            try:
                beaten = claims.beat(self._keeper.connection(), self._token)
            except Error:  # of the connection, or of a cluster for the moment: the next beat may get through
                self._keeper.close()
            else:
                if not beaten:
                    self.lost = True
                    return

    def stop(self) -> bool:
        """End it; whether it has ended, and is not stuck on a network that is gone."""
        self._stopping.set()
        self.join(2 * BEAT)
        return not self.is_alive()
