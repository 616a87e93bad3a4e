"""Webhooks: what is told, to whom, how often, and what never."""

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership
from issues import rounds
from issues.models import Delivery, Room, Webhook
from issues.tests.feed import eventually, served
from issues.tests.receiver import Receiver, certificate, listening
from issues.tests.room import at_the_table, new_issue
from issues.webhooks import addresses, events, posting, sender, signatures
from issues.webhooks.posting import NotAllowed, NotSent, NotTold

pytestmark = pytest.mark.django_db

HERE = ["127.0.0.1", "localhost"]


@pytest.fixture(autouse=True)
def _this_machine_may_be_told(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = HERE


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def webhook(payments: Group, alice, receiver: Receiver) -> Webhook:
    return addresses.add(payments, receiver.url, alice)


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


def vote_and_reveal(group: Group, seat: Membership) -> int:
    round_ = rounds.begin(group, group.user, new_issue(group, "Refunds", key="PAY-7"))
    rounds.vote(seat, round_.pk, "8", "Because")
    rounds.reveal(group, round_.pk, group.user, early=True)
    return int(round_.pk)


def send_all() -> int:
    """Send what is due; returns how many."""
    number = 0
    while sender.send_next():
        number += 1
    return number


def due_now() -> None:
    """The time of the next attempt has come."""
    Delivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())


# --- What is told


def test_a_reveal_is_told_with_its_votes_and_a_settled_estimate_too(payments, anna, webhook, receiver):
    round_id = vote_and_reveal(payments, anna)
    rounds.settle(payments, round_id, decks.card("5"), payments.user)
    assert send_all() == 2
    revealed, settled = (json.loads(one.body) for one in receiver.received)
    assert revealed["type"] == "round.revealed"
    assert revealed["data"] == {
        "group": {"id": payments.pk, "name": "Payments"},
        "round": round_id,
        "issue": {"id": payments.issues.get().pk, "key": "PAY-7", "title": "Refunds", "url": ""},
        "estimate": None,
        "votes": [{"name": "Anna", "card": "8", "reason": "Because"}],
        "agreement": None,
        "suggested": "8",
    }
    assert (settled["type"], settled["data"]["estimate"]) == ("estimate.settled", "5")


def test_a_round_that_reveals_itself_is_told_too(payments, alice, webhook):
    rounds.reveal_by_itself(payments, on=True)
    round_ = rounds.begin(payments, alice)
    rounds.vote(at_the_table(payments, "Anna"), round_.pk, "5")
    assert Delivery.objects.get().event == "round.revealed"


def test_nothing_is_told_before_the_reveal_or_of_a_cancelled_round(payments, alice, anna, webhook):
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8", "SECRET")
    rounds.cancel(payments, round_.pk, alice)
    assert not Delivery.objects.exists()


def test_what_is_rolled_back_is_told_to_nobody(payments, alice, anna, webhook):
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    with transaction.atomic():
        rounds.reveal(payments, round_.pk, alice, early=True)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_another_group_s_webhook_hears_nothing(payments, alice, anna, receiver):
    addresses.add(Group.objects.start(alice, "Other"), receiver.url, alice)
    vote_and_reveal(payments, anna)
    assert send_all() == 0


# --- That it comes from here


def test_it_is_signed_as_the_specification_has_it(payments, anna, webhook, receiver):
    vote_and_reveal(payments, anna)
    send_all()
    (one,) = receiver.received
    number, at = one.headers["webhook-id"], one.headers["webhook-timestamp"]
    key = base64.b64decode(signatures.shown(webhook.secret).removeprefix("whsec_"))
    expected = base64.b64encode(
        hmac.new(key, f"{number}.{at}.{one.body}".encode(), hashlib.sha256).digest()
    ).decode()
    assert one.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(at) - time.time()) < 60
    assert one.path == "/hook?from=estimation"
    assert one.headers["content-type"] == "application/json"


def test_the_example_of_the_specification_is_signed_alike():
    """The test vector of the specification's reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").hex()
    signed = signatures.headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_signs_what_is_sent_from_then_on(webhook):
    before = webhook.secret
    webhook.renew_secret()
    assert Webhook.objects.get().secret != before


# --- Again, and no more


def test_a_receiver_that_fails_is_told_again_by_the_same_number(webhook, receiver):
    receiver.statuses = [500, 503]
    events.ping(webhook)
    assert send_all() == 1
    assert Delivery.objects.get().error == "The answer was 500."
    for _attempt in range(2):
        due_now()
        send_all()
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.error, delivery.next_attempt_at) == (3, "", None)
    assert delivery.delivered_at


def test_it_waits_longer_each_time_and_gives_up_after_a_day(webhook, receiver):
    receiver.statuses = [500] * 20
    events.ping(webhook)
    waits = []
    while Delivery.objects.get().next_attempt_at is not None:
        due_now()
        before = timezone.now()
        sender.send_next()
        if (again := Delivery.objects.get().next_attempt_at) is not None:
            waits.append(again - before)
    assert len(waits) == len(sender.WAITS)
    assert all(one < other for one, other in itertools.pairwise(waits))
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)
    assert Delivery.objects.get().is_given_up


def test_nobody_at_the_address_is_as_good_as_a_failure(payments, alice):
    events.ping(addresses.add(payments, "http://127.0.0.1:1/", alice))
    assert send_all() == 1
    assert Delivery.objects.get().error.startswith("There was no answer (ConnectionRefusedError")


def test_a_redirect_is_not_followed(webhook, receiver):
    receiver.statuses = [302]
    events.ping(webhook)
    send_all()
    assert [one.path for one in receiver.received] == ["/hook?from=estimation"]
    assert Delivery.objects.get().error == "The answer was 302."


def test_a_receiver_that_is_gone_is_told_no_more(webhook, receiver):
    receiver.statuses = [410]
    events.ping(webhook)
    send_all()
    assert not Webhook.objects.get().is_active
    due_now()
    assert send_all() == 0


def test_an_answer_that_does_not_come_ends_the_attempt(payments, alice, monkeypatch):
    monkeypatch.setattr(posting, "TIMEOUT", 0.2)
    with listening(hold=threading.Event()) as slow:
        events.ping(addresses.add(payments, slow.url, alice))
        send_all()
    assert "There was no answer" in Delivery.objects.get().error


def test_what_a_killed_sender_had_claimed_is_sent_when_its_lease_is_over(webhook, receiver):
    events.ping(webhook)
    assert sender._claimed() is not None  # and nothing more is heard of it
    assert send_all() == 0
    Delivery.objects.update(next_attempt_at=timezone.now())
    assert send_all() == 1
    assert Delivery.objects.get().attempts == 2


def test_what_was_not_sent_while_it_was_off_is_not_sent_later(webhook):
    events.ping(webhook)
    addresses.switch(webhook, on=False)
    assert send_all() == 0
    addresses.switch(webhook, on=True)
    assert send_all() == 0
    events.ping(webhook)
    assert send_all() == 1


def test_old_deliveries_are_deleted_and_those_on_their_way_kept(webhook):
    for _delivery in range(3):
        events.ping(webhook)
    done, waiting, fresh = Delivery.objects.order_by("pk")
    then = timezone.now() - timedelta(days=31)
    Delivery.objects.filter(pk=done.pk).update(made_at=then, next_attempt_at=None)
    Delivery.objects.filter(pk=waiting.pk).update(made_at=then)
    Delivery.objects.filter(pk=fresh.pk).update(next_attempt_at=None)
    assert sender.forget_old() == 1
    assert set(Delivery.objects.all()) == {waiting, fresh}


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_delivery_once(webhook, receiver):
    for _delivery in range(20):
        events.ping(webhook)
    together = threading.Barrier(2)

    def run() -> None:
        from django.db import connection

        together.wait()
        send_all()
        connection.close()

    senders = [threading.Thread(target=run) for _sender in range(2)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    numbers = [one.headers["webhook-id"] for one in receiver.received]
    assert len(numbers) == len(set(numbers)) == 20


@pytest.mark.django_db(transaction=True)
def test_the_process_that_serves_the_site_sends_them(payments, anna, webhook, receiver):
    with served():
        vote_and_reveal(payments, anna)
        eventually(lambda: bool(receiver.received))
        eventually(lambda: Delivery.objects.filter(delivered_at__isnull=False).exists())


# --- Where nothing is sent


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "[::1]", "[fe80::1]",
        "[::ffff:127.0.0.1]", "[fc00::1]", "224.0.0.1", "100.64.0.1", "localhost", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_a_private_address_is_never_connected_to(settings, host):
    settings.WEBHOOK_PRIVATE_HOSTS = []
    with pytest.raises(NotSent, match="stands in a private network"):
        posting.post(f"https://{host}/", "{}", {})


@pytest.mark.parametrize(
    ("listed", "host", "is_allowed"),
    [
        (["*"], "localhost", True),
        (["localhost"], "localhost", True),
        (["localhost"], "LOCALHOST", True),
        ([".localhost"], "localhost", True),
        ([".localhost"], "hook.localhost", True),
        ([], "localhost", False),
        (["example.org"], "localhost", False),
        (["localhost"], "hook.localhost", False),
        ([".host"], "localhost", False),
        (["localhost"], "127.0.0.1", False),
        (["localhost"], "localhost.", False),
    ],
)
def test_a_host_is_on_the_list_by_its_name_or_its_domain(settings, listed, host, is_allowed):
    """What is on it stands in a private network here, which is the next thing that is refused."""
    settings.WEBHOOK_PRIVATE_HOSTS, settings.WEBHOOK_HOSTS = [], listed
    with pytest.raises(NotSent) as refused:
        posting.check(f"https://{host}/")
    assert isinstance(refused.value, NotAllowed) is not is_allowed


def test_a_host_that_is_not_on_the_list_is_never_connected_to(webhook, receiver, settings):
    """It may have been on it when it was added."""
    events.ping(webhook)
    settings.WEBHOOK_PRIVATE_HOSTS, settings.WEBHOOK_HOSTS = [], ["example.org"]
    send_all()
    assert receiver.received == []
    assert Delivery.objects.get().error == "Nothing is sent to 127.0.0.1. WEBHOOK_HOSTS allows it."


def test_without_tls_nothing_is_sent_to_the_public_internet():
    with pytest.raises(NotTold, match=r"1\.1\.1\.1 is told nothing without https"):
        posting.post("http://1.1.1.1/", "{}", {})
    posting.check("https://1.1.1.1/")


def test_a_name_that_stands_for_a_private_address_is_refused_when_it_is_sent_too(webhook, receiver, settings):
    """It may have stood for another one when it was added."""
    events.ping(webhook)
    settings.WEBHOOK_PRIVATE_HOSTS = []
    send_all()
    assert receiver.received == []
    assert "private network" in Delivery.objects.get().error


@pytest.mark.parametrize("url", ["http://user:word@127.0.0.1/", "http://no-such-host.invalid/"])
def test_an_address_that_is_none_is_told_so(url):
    with pytest.raises(NotSent):
        posting.check(url)


# --- Over TLS


def posted(url: str) -> int | str:
    """The status of the answer, or why there was none."""
    try:
        return posting.post(url, "{}", {})
    except NotSent as reason:
        return str(reason)


@pytest.fixture
def known(settings, tmp_path) -> Path:
    """The certificate of `localhost`, which the site is told to trust, and nobody else does."""
    made = certificate(tmp_path, "localhost")
    settings.WEBHOOK_CA_FILE = str(made)
    return made


def test_a_receiver_whose_certificate_is_known_is_told(known):
    with listening(tls=known) as receiver:
        assert posted(receiver.url) == 204


def test_a_receiver_whose_certificate_nobody_has_signed_is_told_nothing(known, settings):
    settings.WEBHOOK_CA_FILE = ""
    with listening(tls=known) as receiver:
        assert "CERTIFICATE_VERIFY_FAILED" in str(posted(receiver.url))
        assert receiver.received == []


def test_a_receiver_with_the_certificate_of_another_name_is_told_nothing(settings, tmp_path):
    other = certificate(tmp_path, "hooks.example")
    settings.WEBHOOK_CA_FILE = str(other)
    with listening(tls=other) as receiver:
        assert "CERTIFICATE_VERIFY_FAILED" in str(posted(receiver.url))
        assert receiver.received == []


# --- How many


def test_a_group_has_five_at_most(payments, alice, receiver):
    for _webhook in range(5):
        addresses.add(payments, receiver.url, alice)
    with pytest.raises(addresses.TooMany):
        addresses.add(payments, receiver.url, alice)
    assert Webhook.objects.count() == 5


def test_a_reveal_without_webhooks_costs_one_short_query_more(
    payments, alice, anna, django_assert_max_num_queries
):
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    assert Room.objects.exists()
    with django_assert_max_num_queries(13):
        rounds.reveal(payments, round_.pk, alice, early=True)
