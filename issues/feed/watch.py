"""Finds what other processes have changed: one short query for all rooms with listeners, four times a second."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import Executor

from django.db import close_old_connections

from issues.feed.channels import Channel
from issues.models import Room

logger = logging.getLogger(__name__)

EVERY = 0.25  # seconds
AFTER_A_FAILURE = 2


class Watch:
    """Rings the channels whose room has another version than their listeners know."""

    def __init__(self, channels: Mapping[int, Channel], threads: Executor) -> None:
        self._channels = channels
        self._threads = threads
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if not self._channels:
                continue
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
    close_old_connections()
    try:
        return list(Room.objects.filter(pk__in=groups).values_list("pk", "version"))
    finally:
        close_old_connections()
