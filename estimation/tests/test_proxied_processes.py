"""Two processes behind the shipped nginx and Caddy, as docs/scaling.md names them, of which one dies and comes back."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from estimation.tests.proxies import Visitor, running
from estimation.tests.site import Site
from groups.models import Group
from issues import rounds
from issues.models import Round, Vote
from issues.tests.feed import PATIENCE, eventually

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

NAME = "estimation.example.org"
CSRF = "c" * 32
FORGIVEN = {"Nginx": 10, "Caddy": 0}  # seconds after which a process that had gone is tried again
# What else a vote may be answered with while a process is dead: Caddy can't send a form again.
REFUSED: dict[str, set[int]] = {"Nginx": set(), "Caddy": {503}}
TIMES = 20  # as many requests as show whether each second one fails


@pytest.fixture(scope="module")
def sites(django_db_setup, tmp_path_factory) -> Iterator[list[Site]]:
    with ExitStack() as started:
        sites = [
            Site(HTTPS="on", TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS=f"{NAME},127.0.0.1")
            for _site in range(2)
        ]
        for number, site in enumerate(sites):
            site.output = tmp_path_factory.mktemp("site") / f"{number}.log"
            site.start()
            started.callback(site.kill)
        yield sites


@pytest.fixture(scope="module", params=["Nginx", "Caddy"])
def proxy(request, sites: list[Site], tmp_path_factory) -> Iterator[Any]:
    with running(request.param, tmp_path_factory.mktemp("proxy"), *(site.port for site in sites)) as server:
        yield server


@pytest.fixture
def visitor(proxy: Any, bob) -> Visitor:
    """Bob, who is signed in."""
    browser = Client()
    browser.force_login(bob)
    visitor = Visitor(proxy, NAME)
    visitor.cookies["__Host-sessionid"] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    visitor.cookies["__Host-csrftoken"] = CSRF
    return visitor


@pytest.fixture
def open_round(payments: Group, alice) -> Round:
    return rounds.begin(payments, alice)


def votes(visitor: Visitor, round_: Round, card: str) -> int:
    """The status of the answer."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{NAME}",
    }
    body = urlencode({"card": card, "csrfmiddlewaretoken": CSRF}).encode()
    return visitor.status(
        f"/groups/{round_.group_id}/rounds/{round_.pk}/vote/", method="POST", body=body, headers=headers
    )


def answered(site: Site) -> int:
    """How many pages of rooms the process has answered with."""
    assert site.output is not None
    return site.output.read_text().count("method=GET route=/groups/<int:group_id>/ status=200")


def test_both_processes_answer(sites, visitor, payments):
    before = [answered(site) for site in sites]
    assert {visitor.status(f"/groups/{payments.pk}/") for _time in range(TIMES)} == {200}
    eventually(lambda: all(answered(site) > then for site, then in zip(sites, before, strict=True)))


def test_when_one_is_killed_every_page_comes_and_each_vote_that_is_acknowledged_is_there(
    sites, proxy, visitor, open_round, bob
):
    page = f"/groups/{open_round.group_id}/"
    answers = []
    sites[0].kill()
    try:
        for number in range(TIMES):
            card = ("3", "5", "8")[number % 3]
            assert visitor.status(page) == 200
            answers.append(votes(visitor, open_round, card))
            if answers[-1] == 200:
                assert Vote.objects.get(round=open_round, voter=bob).card == card
    finally:
        sites[0].start()
    assert 200 in answers
    assert set(answers) - {200} <= REFUSED[type(proxy).__name__]


def test_one_that_has_come_back_answers_again(sites, proxy, visitor, payments):
    sites[0].kill()
    assert visitor.status(f"/groups/{payments.pk}/") == 200
    sites[0].start()
    before = answered(sites[0])

    def answers() -> bool:
        assert visitor.status(f"/groups/{payments.pk}/") == 200
        return answered(sites[0]) > before

    eventually(answers, FORGIVEN[type(proxy).__name__] + PATIENCE)
