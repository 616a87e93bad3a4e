"""Sends webhooks from the process that serves the site, in threads of their own: a slow receiver holds nobody up."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from issues.feed.connections import Serving, connected
from issues.webhooks import sender

logger = logging.getLogger(__name__)

EVERY = 2  # seconds
THREADS = 4  # and as many deliveries at once
TIDY = 3600  # seconds


class Deliveries:
    """Sends what is due until it is closed."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._tasks = [asyncio.create_task(self._send(number)) for number in range(THREADS)]
        self._tasks.append(asyncio.create_task(self._tidy()))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False)

    async def _send(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(EVERY * number / THREADS)  # not all at once
        while True:
            await self._serving()
            try:
                was_one = await loop.run_in_executor(self._threads, connected, sender.send_next)
            except Exception:
                logger.exception("A webhook could not be sent.")
                was_one = False
            if not was_one:
                await asyncio.sleep(EVERY)

    async def _tidy(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._serving()
            try:
                while await loop.run_in_executor(self._threads, connected, sender.forget_old):
                    pass
            except Exception:
                logger.exception("Old deliveries could not be deleted.")
            await asyncio.sleep(TIDY)
