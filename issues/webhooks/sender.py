"""Sends what is due. Several senders may run at once, in several processes: each delivery is claimed before it is sent.

A claim holds for LEASE; what a sender that was killed had claimed is then sent by another. So an event comes at least
once, and may come twice: the receiver knows it by its number.
"""

import random
import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from issues.models.webhook import MAX_ERROR, Delivery
from issues.signals import delivery_tried
from issues.webhooks import signatures
from issues.webhooks.posting import NotSent, post

LEASE = timedelta(seconds=60)
# After each failure; then it is given up, a day after the event.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
)
GONE = 410  # by which a receiver says that it wants no more
KEPT = timedelta(days=30)
AT_ONCE = 500  # old ones that are deleted in one statement


def send_next() -> bool:
    """Send the delivery that is due the longest; returns whether there was one."""
    delivery = _claimed()
    if delivery is None:
        return False
    try:
        status = post(delivery.webhook.url, delivery.body, _headers(delivery))
    except NotSent as reason:
        _failed(delivery, str(reason))
        return True
    if 200 <= status < 300:
        now = timezone.now()
        Delivery.objects.filter(pk=delivery.pk).update(delivered_at=now, next_attempt_at=None, error="")
        delivery_tried.send(Delivery, outcome="delivered")
    else:
        _failed(delivery, f"The answer was {status}.")
        if status == GONE:
            type(delivery.webhook).objects.filter(pk=delivery.webhook_id).update(is_active=False)
    return True


def forget_old() -> int:
    """Delete what was finished long ago, some at a time; returns how many."""
    old = Delivery.objects.filter(next_attempt_at=None, made_at__lt=timezone.now() - KEPT)
    numbers = list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return int(Delivery.objects.filter(pk__in=numbers).delete()[0])


def _claimed() -> Delivery | None:
    """The next one, ours until the lease ends."""
    while True:
        delivery: Delivery | None = Delivery.objects.due().select_related("webhook").first()
        if delivery is None:
            return None
        # Whoever else has just claimed it has counted its attempt.
        unclaimed = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
        if unclaimed.update(attempts=F("attempts") + 1, next_attempt_at=timezone.now() + LEASE):
            delivery.attempts += 1
            return delivery


def _headers(delivery: Delivery) -> dict[str, str]:
    signed = signatures.headers(
        delivery.webhook.secret, str(delivery.number), int(time.time()), delivery.body
    )
    return {"Content-Type": "application/json", "User-Agent": "Estimation-Webhooks"} | signed


def _failed(delivery: Delivery, reason: str) -> None:
    wait = WAITS[delivery.attempts - 1] if delivery.attempts <= len(WAITS) else None
    again = timezone.now() + wait * random.uniform(0.9, 1.1) if wait else None  # noqa: S311 (only not all at once) # nosec B311
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=again, error=reason[:MAX_ERROR])
    delivery_tried.send(Delivery, outcome="failed" if wait else "given up")
