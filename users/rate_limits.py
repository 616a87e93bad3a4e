"""How often something may be done: by one address, one account, one mailbox.

The counters are in this process's memory, or, where REDIS_URL names one, in Redis for all processes together; with
Redis gone each process counts for itself. Windows move: no more than the rate within any such span of time.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from users.requests import client_network

SWEEP = 10.0  # seconds; what is kept meanwhile counts no more
REDIS_TIMEOUT = 0.25  # seconds
REDIS_PAUSE = 10.0  # seconds for which a Redis that did not answer is not asked

logger = logging.getLogger(__name__)

Response = TypeVar("Response", bound=HttpResponseBase)


class TooManyRequests(Exception):
    """It was done too often; `wait` is the number of seconds after which it may be done again."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"again in {wait} seconds")
        self.wait = wait


@dataclass(frozen=True)
class RateLimit:
    """How often may be done what has this name, such as `20/minute;100/hour`, by each of those who do it."""

    name: str
    rates: str

    def take(self, who: object) -> None:
        """Count one more for `who`. Raises TooManyRequests, without counting, where that is one too many."""
        self.check(who)
        for rate in self._rates():
            self._hit(rate, who)

    def check(self, who: object) -> None:
        """Raises TooManyRequests where `who` has no more left; counts nothing."""
        full = [rate for rate in self._rates() if not self._is_free(rate, who)]
        if full:
            raise TooManyRequests(max(self._wait(rate, who) for rate in full))

    def _rates(self) -> list[RateLimitItem]:
        return _parsed(self.rates)

    def _hit(self, rate: RateLimitItem, who: object) -> None:
        _counted(lambda limiter: limiter.hit(rate, self.name, str(who)))

    def _is_free(self, rate: RateLimitItem, who: object) -> bool:
        return _counted(lambda limiter: limiter.test(rate, self.name, str(who)))

    def _wait(self, rate: RateLimitItem, who: object) -> int:
        again = _counted(lambda limiter: limiter.get_window_stats(rate, self.name, str(who)).reset_time)
        return max(1, math.ceil(again - time.time()))


def limited(
    limit: RateLimit,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Decorates a view: what is sent to it (not what is only looked at) counts for the address that sends it.

    Raises TooManyRequests, which middleware turns into a page.
    """

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def counted(request: HttpRequest, *args: object, **kwargs: object) -> Response:
            if request.method == "POST":
                limit.take(client_network(request))
            return view(request, *args, **kwargs)

        return counted

    return decorate


def forget() -> None:
    """Begin to count anew, in this process."""
    _memory().storage.reset()
    _Redis.asked_again = 0.0


_T = TypeVar("_T")


class _Redis:
    """Until when Redis is left alone, on the monotonic clock."""

    asked_again = 0.0


def _counted(ask: Callable[[MovingWindowRateLimiter], _T]) -> _T:
    if settings.REDIS_URL and time.monotonic() >= _Redis.asked_again:
        try:
            return ask(_redis(settings.REDIS_URL))
        except StorageError:  # better counted here alone than nobody let in, or everybody
            _Redis.asked_again = time.monotonic() + REDIS_PAUSE
            logger.warning("Redis does not answer: this process counts for itself what is limited.")
    return ask(_memory())


@cache
def _parsed(rates: str) -> list[RateLimitItem]:
    return parse_many(rates)


class _Memory(MemoryStorage):
    """Forgets what counts no more every SWEEP seconds.

    The library would start a thread for that with each hit, which looks through the counters of everybody while the one
    who was counted is served.
    """

    @property
    def timer(self) -> threading.Timer:
        """The library's timer: it is made anew when something is counted and the last one has rung."""
        return self._timer

    @timer.setter
    def timer(self, timer: threading.Timer) -> None:
        timer.interval = SWEEP
        timer.daemon = True  # no process waits for it to end
        self._timer = timer


@cache
def _memory() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_Memory())


@cache
def _redis(url: str) -> MovingWindowRateLimiter:
    storage: Storage = RedisStorage(
        url,
        wrap_exceptions=True,  # the library of Redis is loaded by those alone who have one
        key_prefix="estimation",
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
    )
    return MovingWindowRateLimiter(storage)
