"""Redis, where one is named: it makes the live feed faster, and counts for all processes."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from redis import Redis, RedisError

from estimation.doctor.configuration import is_elsewhere
from estimation.doctor.findings import Finding, ok, problem
from estimation.monitoring.redaction import one_line, without_secrets

WITHIN = 2  # seconds


def look() -> Iterator[Finding]:
    """Whether it answers."""
    if not settings.REDIS_URL:
        yield ok("redis", "None: one process needs none, and several look into the database.")
        return
    host = urlsplit(settings.REDIS_URL).hostname or ""
    if settings.REDIS_URL.startswith("redis://") and is_elsewhere(host):
        yield problem(
            "redis",
            f"{host} is another machine, and its password goes there readable.",
            "Set REDIS_URL to rediss://…: docs/scaling.md#tls-between-machines.",
        )
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=WITHIN, socket_connect_timeout=WITHIN
        ) as redis:
            redis.ping()
    except (RedisError, ValueError) as error:
        told = without_secrets(one_line(str(error)))
        yield problem("redis", f"It does not answer: {told}", "Start it, or take REDIS_URL out.")
    else:
        yield ok("redis", "It answers.")
