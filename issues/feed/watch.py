"""Finds what other processes have changed: one short query for all rooms with listeners.

Four times a second; where Redis tells of each change, only now and then, for what it may have lost.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor

from issues.feed.channels import Channel
from issues.feed.connections import Serving, connected
from issues.models import Room

logger = logging.getLogger(__name__)

EVERY = 0.25  # seconds
EVERY_WITH_REDIS = 5
AFTER_A_FAILURE = 2


class Watch:
    """Rings the channels whose room has another version than their listeners know."""

    def __init__(
        self,
        channels: Mapping[int, Channel],
        threads: Executor,
        serving: Serving,
        is_told: Callable[[], bool],
    ) -> None:
        self._channels = channels
        self._threads = threads
        self._serving = serving
        self._is_told = is_told
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        looked_at = 0.0
        while True:
            await asyncio.sleep(EVERY)
            now = asyncio.get_running_loop().time()
            if not self._channels or (self._is_told() and now - looked_at < EVERY_WITH_REDIS):
                continue
            looked_at = now
            await self._serving()
            try:
                await self._look()
            except Exception:
                logger.exception("The versions of the rooms could not be read.")
                await asyncio.sleep(AFTER_A_FAILURE)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        versions = await loop.run_in_executor(self._threads, _versions, tuple(self._channels))
        for group_id, version in versions:
            channel = self._channels.get(group_id)
            if channel is not None and channel.version != version:
                channel.ring()


def _versions(groups: Collection[int]) -> list[tuple[int, int]]:
    rooms = Room.objects.filter(pk__in=groups).values_list("pk", "version")
    return connected(lambda: list(rooms))
