"""How often something may be done, and whom a request counts for."""

import pytest
from django.test import RequestFactory
from limits import parse
from limits.strategies import MovingWindowRateLimiter

from users import rate_limits
from users.rate_limits import RateLimit, TooManyRequests, limited
from users.requests import client_network

THREE = RateLimit("three", "3/minute")


def refusal(limit: RateLimit, who: object) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as refused:
        limit.take(who)
    return refused.value


def test_what_is_done_as_often_as_it_may_be_is_done_and_once_more_is_not():
    for _ in range(3):
        THREE.take("anna")
    assert 1 <= refusal(THREE, "anna").wait <= 60


def test_each_counts_for_themselves():
    for _ in range(3):
        THREE.take("anna")
    THREE.take("ben")


def test_two_limits_count_apart():
    for _ in range(3):
        THREE.take("anna")
    RateLimit("another three", "3/minute").take("anna")


def test_of_two_rates_the_one_that_is_full_counts():
    limit = RateLimit("both", "5/minute;2/hour")
    for _ in range(2):
        limit.take("anna")
    assert 60 < refusal(limit, "anna").wait <= 60 * 60


def test_what_was_refused_does_not_count_for_the_other_rate():
    limit = RateLimit("both", "1/second;3/hour")
    limit.take("anna")
    for _ in range(10):
        refusal(limit, "anna")
    assert refusal(limit, "anna").wait <= 1


def test_looking_at_a_page_counts_for_nobody():
    view = limited(RateLimit("none", "1/hour"))(lambda request: request.method)
    factory = RequestFactory()
    assert [view(factory.get("/")), view(factory.get("/")), view(factory.post("/"))] == ["GET", "GET", "POST"]
    with pytest.raises(TooManyRequests):
        view(factory.post("/"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "0.0.0.0"),
        ("", "0.0.0.0"),
        ("192.0.2.7, 192.0.2.8", "0.0.0.0"),
    ],
)
def test_an_address_counts_as_the_network_that_one_person_may_have(address, network):
    assert client_network(RequestFactory().get("/", REMOTE_ADDR=address)) == network


def test_what_a_client_says_of_its_address_does_not_count():
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "198.51.100.1"}, REMOTE_ADDR="192.0.2.7")
    assert client_network(request) == "192.0.2.7"


def test_the_counters_of_everybody_are_looked_through_seldom_and_not_with_each_hit():
    timer = rate_limits._Memory().timer
    assert timer.interval == rate_limits.SWEEP == 10


def test_what_counts_no_more_is_forgotten(monkeypatch):
    monkeypatch.setattr(rate_limits, "SWEEP", 1.1)
    storage = rate_limits._Memory()
    limiter = MovingWindowRateLimiter(storage)
    for rate, who in (("3/second", "anna"), ("3/minute", "ben")):
        limiter.hit(parse(rate), "three", who)
        storage.timer.join()
    assert [len(entries) for _who, entries in sorted(storage.events.items())] == [0, 1]


def test_no_process_waits_for_the_next_sweep():
    assert rate_limits._Memory().timer.daemon
