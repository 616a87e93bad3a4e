"""Two processes that serve one site: what one of them changes, the screens of the other are told."""

import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from estimation.tests.site import Site
from groups.models import Group, Membership
from issues import rounds
from issues.feed import broker
from issues.models import Delivery, Round, Webhook
from issues.tests.feed import Screen, eventually
from issues.tests.receiver import listening
from issues.tests.redis import running
from issues.tests.room import at_the_table

pytestmark = pytest.mark.django_db(transaction=True)

CSRF = "c" * 32


@pytest.fixture
def redis() -> Iterator[Any]:
    with running() as server:
        yield server


@pytest.fixture
def sites() -> Iterator[Callable[..., list[Site]]]:
    """Starts two processes of the site."""
    with ExitStack() as started:

        def start(**environment: str) -> list[Site]:
            pair = [Site(**environment), Site(**environment)]
            for site in pair:
                site.start()
                started.callback(site.kill)
            return pair

        yield start


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def open_round(payments: Group, alice) -> Round:
    return rounds.begin(payments, alice)


def vote(site: Site, seat: Membership, round_: Round, card: str) -> None:
    """By a request to this process."""
    session = Client()
    session.force_login(seat.user)
    address = site.url + reverse("issues:round-vote", args=[seat.group_id, round_.pk])
    form = urllib.parse.urlencode({"card": card, "csrfmiddlewaretoken": CSRF}).encode()
    cookies = f"sessionid={session.cookies['sessionid'].value}; csrftoken={CSRF}"
    asked = urllib.request.Request(address, form, {"Cookie": cookies, "Accept": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200


@pytest.fixture
def screen() -> Iterator[Callable[[Site, Membership], Screen]]:
    """Opens a member's screen at one of the processes."""
    with ExitStack() as opened:

        def watch(site: Site, seat: Membership) -> Screen:
            made = Screen(site.url, seat.group, seat.user)
            opened.callback(made.close)
            return made

        yield watch


def test_without_redis_a_vote_at_one_process_is_told_by_the_other(anna, payments, open_round, sites, screen):
    here, there = sites()
    watching = screen(there, at_the_table(payments, "Ben"))
    watching.next_frame()
    vote(here, anna, open_round, "8")
    assert watching.until(lambda frame: "v" in frame["states"])


def test_with_redis_the_vote_is_announced_and_told(anna, payments, open_round, sites, screen, redis):
    here, there = sites(REDIS_URL=redis.url)
    watching = screen(there, at_the_table(payments, "Ben"))
    watching.next_frame()
    with Redis.from_url(redis.url) as client, client.pubsub(ignore_subscribe_messages=True) as heard:
        eventually(lambda: client.pubsub_numsub(broker.channel())[0][1] == 1)
        heard.subscribe(broker.channel())
        vote(here, anna, open_round, "8")
        announced = next(heard.listen())
    assert announced["data"].decode().split()[1] == str(payments.pk)
    assert watching.until(lambda frame: "v" in frame["states"])


def test_a_redis_that_dies_and_comes_back_costs_no_vote_and_no_news(
    anna, payments, open_round, sites, screen, redis
):
    here, there = sites(REDIS_URL=redis.url)
    watching = screen(there, at_the_table(payments, "Ben"))
    watching.next_frame()
    redis.kill()
    vote(here, anna, open_round, "8")
    watching.until(lambda frame: "v" in frame["states"])
    redis.start()
    rounds.cancel(payments, open_round.pk, payments.user)
    again = rounds.begin(payments, payments.user)
    vote(here, anna, again, "5")
    assert watching.until(lambda frame: "v" in frame["states"])


def test_a_delivery_whose_sender_is_killed_is_sent_by_another_process(
    payments, alice, anna, open_round, sites
):
    held = threading.Event()
    with listening(hold=held) as receiver:
        Webhook.objects.create(group=payments, url=receiver.url)
        first, second = sites(WEBHOOK_PRIVATE_HOSTS="127.0.0.1")
        second.kill()
        rounds.vote(anna, open_round.pk, "8")
        rounds.reveal(payments, open_round.pk, alice, early=True)
        eventually(lambda: bool(receiver.received))
        first.kill()  # while it waits for the answer
        receiver.hold = None
        held.set()
        assert Delivery.objects.get().delivered_at is None
        Delivery.objects.update(next_attempt_at=timezone.now())  # the lease is over
        second.start()
        eventually(lambda: Delivery.objects.filter(delivered_at__isnull=False).exists())
        assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
        assert len(receiver.received) == 2


def test_a_redis_that_was_never_there_keeps_nobody_from_voting(anna, payments, open_round, sites, screen):
    here, there = sites(REDIS_URL="redis://127.0.0.1:1/0")
    watching = screen(there, at_the_table(payments, "Ben"))
    watching.next_frame()
    vote(here, anna, open_round, "8")
    assert watching.until(lambda frame: "v" in frame["states"])
