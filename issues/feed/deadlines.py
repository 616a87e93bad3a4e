"""Reveals asynchronous rounds when their time is over, though nobody looks.

Each process does it; of several who come at once, the first one finds something to reveal.
"""

import asyncio
import logging
from concurrent.futures import Executor

from issues import async_rounds
from issues.feed.connections import Serving, connected

logger = logging.getLogger(__name__)

EVERY = 5  # seconds


class Deadlines:
    """Looks for rounds past their deadline, in all groups."""

    def __init__(self, threads: Executor, serving: Serving) -> None:
        self._threads = threads
        self._serving = serving
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY)
            await self._serving()
            try:
                await loop.run_in_executor(self._threads, connected, async_rounds.reveal_due)
            except Exception:
                logger.exception("The rounds past their deadline could not be looked for.")
