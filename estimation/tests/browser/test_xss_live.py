"""Texts that would run a script, told to screens that are open: by the stream of the room, and to the page beside it.

On a server of its own, so that scripts write into the page what comes. And what the browser notices of a text that a
page has taken for more, so that a test that notices nothing says something.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, expect

from estimation.tests.browser.bridge import Harm, plain
from estimation.tests.browser.payloads import EMAIL, LINKS, LONG, MARKDOWN, SHORT, TINY
from estimation.tests.site import Site
from groups import decks
from groups.models import Group, Role
from issues import async_rounds, rounds, table
from issues.tests.room import new_issue
from users.models import User

pytestmark = [pytest.mark.browser, pytest.mark.once]


Watch = Callable[[User, str], Page]


@pytest.fixture
def screen(browser: Browser, site: Site, client, harm: Harm) -> Iterator[Watch]:
    """Opens a page of the server in the browser of a user."""
    contexts = []

    def open_page(user: User, path: str) -> Page:
        context = browser.new_context(base_url=site.url, reduced_motion="reduce")
        contexts.append(context)
        harm.watch(context)
        client.force_login(user)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@contextmanager
def told_by_the_stream(page: Page) -> Iterator[None]:
    """Fails where the page has to ask."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/state/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    yield
    page.remove_listener("request", note)
    assert asked == []


@pytest.mark.django_db(transaction=True)
def test_what_the_stream_tells_is_written_as_text(screen, harm, alice):
    for number, payload in enumerate(SHORT):
        play_a_round_of(payload, TINY[number % len(TINY)], LONG[number % len(LONG)], screen, harm, alice)
    assert harm.pages >= 6 * len(SHORT)


def play_a_round_of(payload: str, card: str, long: str, screen: Watch, harm: Harm, alice: User) -> None:
    """In a group of its own, before the eyes of its owner."""
    group = Group.objects.start(alice, f"G{payload}")
    group.choose_deck(decks.parse(" ".join(["1", *TINY])))
    page = screen(alice, f"/groups/{group.pk}/")
    table.see(group.memberships.get())
    expect(page.locator("#seats > li")).to_have_count(1)

    def shows(text: str) -> None:
        expect(page.locator("#room")).to_contain_text(plain(text))
        harm.look(page)

    with told_by_the_stream(page):
        seat = group.join(User.objects.create_guest("Bob"), nickname=f"n{payload}", role=Role.VOTER)
        shows(seat.nickname)
        table.see(seat)
        issue = new_issue(
            group, f"{payload} {long}"[:200], key=f"k{payload}", sprint=f"s{payload}", url=LINKS[0],
            description=MARKDOWN,
        )  # fmt: skip
        round_ = rounds.begin(group, alice, issue)
        shows(issue.title)
        rounds.vote(seat, round_.pk, card, f"r{payload}")
        seat.rename(f"m{payload}")
        shows(seat.nickname)
        rounds.vote(group.memberships.get(user=alice), round_.pk, "1", long[:140])
        rounds.reveal(group, round_.pk, alice)
        shows(card)
        shows(long[:140])
        rounds.settle(group, round_.pk, decks.card(card), alice)
        shows(issue.title)
    page.context.close()


@pytest.mark.django_db(transaction=True)
def test_what_the_page_beside_the_room_is_told_is_written_as_text(screen, harm, alice):
    group = Group.objects.start(alice, "Payments")
    tomorrow = timezone.now() + timedelta(days=1)
    issues = [new_issue(group, payload, key=f"k{payload}", description=MARKDOWN) for payload in SHORT]
    async_rounds.begin(group, alice, issues, tomorrow)
    page = screen(alice, f"/groups/{group.pk}/async/")
    for number, payload in enumerate(SHORT):
        group.join(User.objects.create_guest("Guest"), nickname=f"{number}{payload}", role=Role.VOTER)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#async")).to_contain_text(f"0{SHORT[0]}")
    harm.look(page)


# --- What the browser would have noticed


HARMLESS = {
    # Where they stand as the content of an element, these are text.
    *(
        "javascript:p()",
        "{{7*7}}${7*7}#{7*7}{% now 1 %}",
        "';p();//\\';p();//",
        "\\u003cimg src=x onerror=p()>",
    ),
    *("&lt;img src=x onerror=p()&gt;", "%3Cscript%3Ep()%3C/script%3E", "＜script＞p()＜/script＞"),
}


@pytest.fixture
def unwatched(bridge, harm):
    """A browser whose findings are the test's own."""
    yield bridge
    for found in (harm.calls, harm.violations, harm.strange, harm.foreign):
        found.clear()


@pytest.mark.parametrize("payload", [*SHORT, *LONG])
@pytest.mark.parametrize("has_policy", [True, False], ids=["with the policy", "without"])
@pytest.mark.django_db
def test_the_browser_notices_every_payload_that_a_page_takes_for_more_than_text(
    unwatched, harm, payload, has_policy
):
    body = (
        f"<!doctype html><title>x</title><p>{payload}</p><input value=\"{payload}\"><p title='{payload}'></p>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'; script-src 'self'"} if has_policy else {}
    unwatched.show("/", HttpResponse(body, headers=headers))
    unwatched.page.wait_for_load_state("load")
    if payload not in HARMLESS:
        assert not harm.is_none
    if payload in {"<script>p()</script>", '"><svg onload=p()>', "<img src=x onerror=p()>"}:
        assert bool(harm.violations) == has_policy
        assert bool(harm.calls) != has_policy


def test_the_payloads_are_there():
    assert len({*SHORT, *LONG, *TINY, *LINKS, MARKDOWN, EMAIL}) > 40
    assert max(map(len, SHORT)) <= 30
    assert max(map(len, TINY)) <= decks.MAX_LABEL
