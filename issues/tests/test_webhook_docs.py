"""What docs/webhooks.md says is tried: its code verifies a real delivery, its example is one, its numbers are true."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings

from issues import rounds
from issues.feed.deliveries import THREADS
from issues.models import Delivery, Webhook
from issues.tests.receiver import listening
from issues.tests.room import at_the_table, new_issue
from issues.webhooks import addresses, posting, sender, signatures

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TEXT = (settings.BASE_DIR / "docs" / "webhooks.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.+?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def test_its_code_takes_a_real_delivery_and_no_other(payments, alice, settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    code: dict[str, object] = {}
    exec(block("python"), code)
    is_ours = code["is_ours"]
    assert callable(is_ours)
    round_ = rounds.begin(payments, alice, new_issue(payments))
    with listening() as receiver:
        webhook = Webhook.objects.create(group=payments, url=receiver.url)
        rounds.vote(at_the_table(payments, "Anna"), round_.pk, "8")
        rounds.reveal(payments, round_.pk, alice, early=True)
        assert sender.send_next()
    (one,) = receiver.received
    secret, body = signatures.shown(webhook.secret), one.body.encode()
    assert is_ours(secret, one.headers, body)
    assert not is_ours(secret, one.headers, body + b" ")
    assert not is_ours(signatures.shown("00" * 32), one.headers, body)
    assert not is_ours(secret, one.headers | {"webhook-timestamp": "1"}, body)
    example, real = json.loads(block("json")), json.loads(Delivery.objects.get().body)
    assert example.keys() == real.keys()
    assert example["data"].keys() == real["data"].keys()


def test_its_numbers_are_those_of_the_code():
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    sentence = TEXT[TEXT.index("again after") : TEXT.index("then given up")]
    waits = [
        timedelta(**{units[unit]: int(number)}) for number, unit in re.findall(r"(\d+) (s|min|h)\b", sentence)
    ]
    assert tuple(waits) == sender.WAITS
    assert "within ten seconds" in TEXT
    assert posting.TIMEOUT == 10
    assert "five at most" in TEXT
    assert addresses.MAX_WEBHOOKS == 5
    assert "in four threads" in TEXT
    assert THREADS == 4
    assert f"after {sender.KEPT.days} days" in TEXT
