"""Before the reveal no byte that leaves the server depends on a vote: nobody's, for nobody but the voter.

Each route is asked twice, by everyone, and between the two somebody else's card and reason are others. What is
answered must be the same to the byte, but for what changes with every request (tokens and clocks).
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from estimation.tests.test_routes import ADMIN_ROUTES, OWN_ROUTES, ROLES, ROUTES, Cast, admin_address
from issues import async_rounds, rounds
from issues.models import Vote
from issues.tests.feed import Screen, served
from issues.tests.room import at_the_table, new_issue
from users import api_tokens, rate_limits

pytestmark = pytest.mark.django_db

REASON = "REASON-THAT-NOBODY-MAY-READ"
# What may tell votes: a reveal.
REVEALS = {"issues:round-reveal"}
# Headers that hold the time, the number of the request, and the length of a page with a key that is drawn anew.
CLOCKS = {"Set-Cookie", "Expires", "X-Request-ID", "Content-Length"}
CHANGES_ALWAYS = [
    rb'name="csrfmiddlewaretoken" value="\w+"',
    rb'"now":\d+',
    rb"\d\d:\d\d:\d\d(\.\d+)?",
    rb'value="est_[^"]+"',
    rb'name="_save_token"[^>]+',
    rb'(?s)<div class="qr-code".*?</div>',
    rb'<code class="breakable">[A-Z2-7]{32}</code>',
]


def vote_of(cast: Cast, card: str, reason: str) -> None:
    """The voter's votes are others, at the table and in the own time, and nothing else has changed."""
    assert Vote.objects.filter(voter=cast.people["voter"]).update(card=card, reason=reason) == 2


def same_but_for_tokens(content: bytes) -> bytes:
    for pattern in CHANGES_ALWAYS:
        content = re.sub(pattern, b"", content)
    return content


def answers(cast: Cast, role: str, ask: Callable[[Client], Any]) -> tuple[Any, Any]:
    """What `role` is answered with one vote of the voter, and with another; everything else undone."""
    told = []
    for card, reason in (("1", ""), ("89", REASON)):
        rate_limits.forget()  # the answer is wanted, and not that it was asked for too often
        with transaction.atomic():
            vote_of(cast, card, reason)
            client = Client()
            if role != "anonymous":
                client.force_login(cast.people[role])
            response = ask(client)
            headers = {key: value for key, value in response.headers.items() if key not in CLOCKS}
            told.append((response.status_code, headers, same_but_for_tokens(response.content)))
            transaction.set_rollback(True)
    return told[0], told[1]


OTHERS = [role for role in ROLES if role != "voter"]


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """The cast of the routes, in whose open rounds the voter has voted and somebody else has not."""
    at_the_table(cast.group, "Late")
    tomorrow = timezone.now() + timedelta(days=1)
    (aside,) = async_rounds.begin(
        cast.group, cast.people["owner"], [new_issue(cast.group, "Aside")], tomorrow
    )
    rounds.vote(cast.seat, aside.pk, "8")
    return cast


@pytest.mark.parametrize("name", OWN_ROUTES)
def test_no_page_tells_a_vote_before_the_reveal(cast, name):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    for role in OTHERS:
        one, other = answers(cast, role, lambda client: client.get(address))
        assert one == other, role
        assert REASON.encode() not in other[2]


@pytest.mark.parametrize("name", [name for name in OWN_ROUTES if name not in REVEALS])
def test_no_answer_to_a_form_tells_a_vote_before_the_reveal(cast, name):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    data = {key: cast.values().get(value, value) for key, value in ROUTES[name].data.items()}
    for role in OTHERS:
        for headers in ({}, {"Accept": "application/json"}):
            one, other = answers(cast, role, partial(Client.post, path=address, data=data, headers=headers))
            assert one[0] == other[0], role
            assert one[2] == other[2], role


@pytest.mark.parametrize(
    "path", ["", "/{0}", "/{0}/issues", "/{0}/issues/{1}", "/{0}/rounds", "/{0}/rounds/{2}"]
)
def test_the_api_tells_no_vote_before_the_reveal(cast, path):
    address = "/api/v1/groups" + path.format(cast.group.pk, cast.issue.pk, cast.round.pk)
    # A guest has no token: one made by hand shows what such a token would be told.
    tokens = {role: api_tokens.make(user) for role, user in cast.people.items()}
    for role in OTHERS:
        headers = {"Authorization": f"Bearer {tokens[role]}"} if role in tokens else {}
        one, other = answers(cast, role, partial(Client.get, path=address, headers=headers))
        assert one == other, role
        assert REASON.encode() not in other[2]


@pytest.mark.parametrize("name", ADMIN_ROUTES)
def test_the_admin_is_sealed_too(cast, objects, name):
    address = admin_address(name, ADMIN_ROUTES[name], objects)
    one, other = answers(cast, "staff", lambda client: client.get(address))
    assert one[2] == other[2]


def test_the_voter_s_own_page_tells_the_own_vote(cast):
    one, other = answers(
        cast, "voter", lambda client: client.get(reverse("issues:room", args=[cast.group.pk]))
    )
    assert one != other
    assert REASON.encode() in other[2]


def test_after_the_reveal_everyone_is_told(cast, alice):
    vote_of(cast, "89", REASON)
    rounds.reveal(cast.group, cast.round.pk, alice, early=True)
    for role in ("observer", "facilitator", "owner"):
        client = Client()
        client.force_login(cast.people[role])
        assert REASON in client.get(reverse("issues:room", args=[cast.group.pk])).content.decode()


def test_a_round_that_was_cancelled_stays_sealed_for_ever(cast, alice):
    vote_of(cast, "89", REASON)
    rounds.cancel(cast.group, cast.round.pk, alice)
    for name in ("issues:room", "issues:statistics"):
        client = Client()
        client.force_login(cast.people["owner"])
        assert REASON not in client.get(reverse(name, args=[cast.group.pk])).content.decode()


def test_the_log_tells_no_vote(cast, alice, caplog):
    caplog.set_level(logging.DEBUG)
    client = Client()
    client.force_login(cast.people["voter"])
    address = reverse("issues:round-vote", args=[cast.group.pk, cast.round.pk])
    client.post(address, {"card": "no card", "reason": REASON})
    rounds.cancel(cast.group, cast.round.pk, alice)
    assert client.post(address, {"card": "8", "reason": REASON}).status_code == 409
    told = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert told
    assert not [line for line in told if REASON in line]


@pytest.mark.django_db(transaction=True)
def test_the_stream_tells_no_vote_before_the_reveal(cast, alice):
    heard = []
    with served() as server:
        for card, reason in (("1", ""), ("89", REASON)):
            vote_of(cast, card, reason)
            screen = Screen(server, cast.group, cast.people["owner"])
            screen.next_frame()
            heard.append(same_but_for_tokens(screen.raw))
            screen.close()
    assert heard[0] == heard[1]
