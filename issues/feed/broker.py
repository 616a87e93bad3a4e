"""Redis between processes: a change that one of them made is announced to all others at once.

It makes the feed faster, never right: without Redis, or while it is away, the versions in the database are compared
more often (see `watch`). What is sent is the number of a group, so there is nothing in it to keep secret or to believe.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

import redis
import redis.asyncio
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

ANSWERS_WITHIN = 0.25  # seconds; a vote does not wait longer for Redis
TRY_AGAIN = 5  # seconds after a failure
SILENCE = 2  # seconds after which a subscription is asked whether it still is one
ORIGIN = secrets.token_hex(8)  # of this process, which needs not be told of its own changes


def channel() -> str:
    """Where this site's processes talk: those with the same key, whoever else uses the same Redis."""
    return (
        f"estimation:rooms:{salted_hmac('issues.feed.broker', 'rooms', algorithm='sha256').hexdigest()[:16]}"
    )


class Publisher:
    """Tells the other processes. It never fails and hardly waits: who is not told by it finds out by looking."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=ANSWERS_WITHIN, socket_connect_timeout=ANSWERS_WITHIN, retry=None
        )
        self._rests_until = 0.0

    def publish(self, group_id: int) -> None:
        """Announce a change in this group's room."""
        if time.monotonic() < self._rests_until:
            return
        try:
            self._redis.publish(channel(), f"{ORIGIN} {group_id}")
        except RedisError as error:
            self._rests_until = time.monotonic() + TRY_AGAIN
            logger.warning("Redis does not answer (%s). Screens of other processes are told later.", error)


class Subscription:
    """Calls `ring` with the number of each group that another process has changed something in.

    `ring_all` is called when it has just begun to listen: what was said before, nobody heard.
    """

    def __init__(self, url: str, ring: Callable[[int], None], ring_all: Callable[[], None]) -> None:
        self.is_heard = False
        self._url = url
        self._ring = ring
        self._ring_all = ring_all
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        is_missed = False  # as has been said already
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 (whatever it is: the feed goes on without it)
                if self.is_heard or not is_missed:
                    logger.warning("Redis is away (%s). Meanwhile the database is asked more often.", error)
                is_missed = True
            self.is_heard = False
            await asyncio.sleep(TRY_AGAIN)

    async def _listen(self) -> None:
        async with (
            redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=SILENCE, retry=None) as client,
            client.pubsub() as subscription,
        ):
            await subscription.subscribe(channel())
            asked = False
            while True:
                message = await subscription.get_message(timeout=SILENCE)
                if message is not None:
                    asked = False
                    self._hear(message["type"], message["data"])
                elif asked:
                    raise TimeoutError("it says nothing any more")
                else:
                    asked = True
                    await subscription.ping()

    def _hear(self, kind: str, data: object) -> None:
        if kind == "subscribe":
            self.is_heard = True
            self._ring_all()
        elif kind == "message" and isinstance(data, bytes):
            origin, _space, number = data.partition(b" ")
            if origin != ORIGIN.encode() and number.isdigit():
                self._ring(int(number))
