"""What is counted while it happens, in this process, for Prometheus to ask for: see `exposition`.

No label holds anything that came from outside, or of which there are endlessly many: see `facts`. Names and units are
those that Prometheus recommends (https://prometheus.io/docs/practices/naming/).
"""

from typing import Any

from django.dispatch import receiver
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from issues.signals import delivery_tried, round_revealed, vote_given
from users.signals import mail_tried

# A time for each series would double what is told, and nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

# Seconds; around those that the pages and the feed take.
ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DELAY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)

REQUESTS = Counter(
    "estimation_http_requests",
    "Requests that a page has answered, and streams when they began.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
DURATION = Histogram(
    "estimation_http_request_duration_seconds",
    "Seconds from a request to its answer; of a stream, to its beginning.",
    ("method", "route"),
    buckets=ANSWER_BUCKETS,
    registry=REGISTRY,
)
VOTES = Counter(
    "estimation_votes", "Cards that were played, another one instead counted too.", registry=REGISTRY
)
REVEALS = Counter("estimation_rounds_revealed", "Rounds whose cards were turned.", registry=REGISTRY)
STREAMS = Gauge("estimation_streams_open", "Screens that listen to the live feed now.", registry=REGISTRY)
DELAY = Histogram(
    "estimation_fanout_delay_seconds",
    "Seconds from a change in a room, as this process came to know of it, until it was written to a screen.",
    buckets=DELAY_BUCKETS,
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "estimation_webhook_deliveries",
    "Webhooks that were tried: delivered, failed (and tried again), given up.",
    ("outcome",),
    registry=REGISTRY,
)
MAILS = Counter(
    "estimation_mails",
    "Mails that were handed to the mail server, or could not be.",
    ("outcome",),
    registry=REGISTRY,
)
# A series that begins at 1 hides the first failure from `rate`.
for outcome in ("delivered", "failed", "given up"):
    DELIVERIES.labels(outcome)
for outcome in ("sent", "failed"):
    MAILS.labels(outcome)


def answered(method: str, route: str, status: int, took: float) -> None:
    """Count a request: its method and route as `facts` tells them, the answer's status, the seconds that it took."""
    REQUESTS.labels(method, route, status).inc()
    DURATION.labels(method, route).observe(took)


def told(seconds: float) -> None:
    """Count that a change was written to a screen, so many seconds after it was known of."""
    DELAY.observe(seconds)


@receiver(vote_given)
def _voted(sender: object, **_kwargs: Any) -> None:
    VOTES.inc()


@receiver(round_revealed)
def _revealed(sender: object, **_kwargs: Any) -> None:
    REVEALS.inc()


@receiver(delivery_tried)
def _delivered(sender: object, outcome: str, **_kwargs: Any) -> None:
    DELIVERIES.labels(outcome).inc()


@receiver(mail_tried)
def _mailed(sender: object, *, is_sent: bool, **_kwargs: Any) -> None:
    MAILS.labels("sent" if is_sent else "failed").inc()
