"""A beat for all streams, every few seconds: those that are quiet ping, those that nobody reads end."""

import asyncio
from collections.abc import Mapping

from issues.feed.channels import Channel

EVERY = 3  # seconds


class Heartbeat:
    """One timer for all streams. It waits for nothing, the database least of all."""

    def __init__(self, channels: Mapping[int, Channel]) -> None:
        self._channels = channels
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY)
            for channel in tuple(self._channels.values()):
                for stream in tuple(channel.streams):
                    stream.beat(loop.time())
