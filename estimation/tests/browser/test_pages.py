"""Every page, looked at in a real browser: for everyone, on every screen, in both colour schemes."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from estimation import demo
from estimation.tests.browser.conftest import DESKTOP, PHONE
from estimation.tests.test_routes import OWN_ROUTES
from groups import decks
from groups.models import Group, Role
from issues import async_rounds, backlog, rounds, table
from issues.models import Delivery, Round, Webhook
from issues.models.round import State
from issues.pasting import Entry
from issues.tests.room import at_the_table, new_issue
from issues.tests.session import past_sprints
from issues.webhooks import events
from users.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]

NARROW: ViewportSize = {"width": 320, "height": 640}
# What a page is worth showing to; the others answer a form, or redirect.
FOR_VISITORS = ["start", "api", "users:guest-enter", "users:sign-up", "users:sign-in", "users:password-reset"]
FOR_OWNERS = [
    "groups:group-list",
    "groups:group-new",
    "groups:group-detail",
    "issues:room",
    "a room with an open vote",
    "a room after the reveal",
    "a room with a settled vote",
    "issues:webhook-list",
    "issues:webhook-detail",
    "issues:async",
    "issues:async-begin",
    "groups:group-settings",
    "groups:invite-open",
    "issues:statistics",
    "issues:issue-list",
    "issues:issue-add",
    "issues:issue-paste",
    "issues:issue-detail",
    "issues:issue-edit",
    "issues:issue-import",
    "users:account",
    "users:password-change",
    "users:session-list",
    "users:two-factor",
    "users:data",
    "users:sign-out",
]
ADDRESSES = {
    "users:password-reset-done": "/me/password/reset/sent/",
    "users:password-reset-confirm": "/me/password/reset/MQ/no-such-token/",
    "users:password-reset-complete": "/me/password/reset/done/",
    "users:sign-up-sent": "/me/sign-up/sent/",
    "users:sign-up-confirm": "/me/sign-up/no-such-token/",
    "a page that is not there": "/nothing-here/",
    "a form opened as a page": "/me/sign-in/?next=/groups/",
}
DESCRIPTION = (
    """
# Why
Because, see [the study](https://docs.example/study).

- one
- ~~two~~

| Provider | Fee |
| --- | --- |
| """
    + "W" * 80
    + """ | 1.2 % |

```
"""
    + "wide " * 40
    + """
```
"""
)
ISSUES = [
    Entry("Pay by card", "PAY-1", "https://jira.example/" + "x" * 80, DESCRIPTION, "Sprint 7"),
    Entry("W" * 200, "K" * 32, "https://jira.example/2", "", "S" * 32),
    Entry("Refund"),
    Entry("🚀" * 60),
]
SCREENSHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture
def team() -> Group:
    """A group with every kind of member, and names that try a layout."""
    owner = User.objects.create_user("mara@example.org", "Mara", "correct horse battery")
    group = Group.objects.start(owner, "Checkout & Payments")
    Group.objects.start(owner, "🚀" * 32)
    Group.objects.start(owner, "An archived one").archive()
    seats = [
        ("Jonas", Role.FACILITATOR),
        ("Aylin", Role.VOTER),
        ("Dmitri", Role.VOTER),
        ("Wei", Role.OBSERVER),
    ]
    for nickname, role in [*seats, ("W" * 32, Role.VOTER)]:
        group.join(User.objects.create_guest(nickname), nickname=nickname, role=role)
    for state in ROOMS.values():
        play(owner, state)
    past_sprints(group, list(group.memberships.filter(role=Role.VOTER)), sprints=2, issues=3)
    issues = backlog.add(group, ISSUES)
    for issue in issues[1:3]:
        issue.settle(decks.card("13"), owner)
    vote_asynchronously(group)
    webhook = Webhook.objects.create(group=group, url="https://hooks.example/" + "x" * 80)
    for error, attempts in (("", 0), ("There was no answer. " + "W" * 60, 3)):
        events.ping(webhook)
        Delivery.objects.filter(attempts=0).update(error=error, attempts=attempts)
    return group


def vote_asynchronously(group: Group) -> None:
    """Issues that are open until tomorrow, one on which all agree, and one on which they do not."""
    titles = ["Open", "V" * 120, "Agreed", "Disputed " + "X" * 100]
    issues = [new_issue(group, title, key="PAY-9", description=DESCRIPTION) for title in titles]
    opened = async_rounds.begin(group, group.user, issues, timezone.now() + timedelta(days=1))
    for seat, cards in zip(group.memberships.filter(role=Role.VOTER), ("5555", "5558"), strict=False):
        for round_, card in zip(opened[1:], cards[1:], strict=True):
            rounds.vote(seat, round_.pk, card, "Why not")
    for round_ in opened[2:]:
        rounds.reveal(group, round_.pk, group.user, early=True)


ROOMS = {
    "a room with an open vote": State.OPEN,
    "a room after the reveal": State.REVEALED,
    "a room with a settled vote": State.SETTLED,
}


def play(owner: User, state: State) -> None:
    """A group of the owner's whose round is in this state."""
    group = Group.objects.start(owner, f"Round {state}")
    seats = [at_the_table(group, nickname) for nickname in ("Jonas", "Aylin", "Dmitri", "Wei", "W" * 32)]
    at_the_table(group, "Olga", Role.OBSERVER)
    issues = [new_issue(group, title, key=f"PAY-{number}") for number, title in enumerate(TITLES, 1)]
    issues[0].url, issues[0].description = "https://example.org/PAY-1", DESCRIPTION
    issues[0].save()
    round_ = rounds.begin(group, owner, issues[0])
    rounds.set_timer(group, round_.pk, timedelta(minutes=3))
    for seat, label, reason in zip(
        seats, ["5", "8", "3", "?"], ["", "VAT in 27 countries", "", ""], strict=False
    ):
        rounds.vote(seat, round_.pk, label, reason)
    if state != State.OPEN:
        rounds.reveal(group, round_.pk, owner, early=True)
    if state == State.SETTLED:
        rounds.settle(group, round_.pk, decks.card("5"), owner)


TITLES = ["Pay by card", "Refunds within 30 days", "Receipts by e-mail", "V" * 120]


def addresses(group: Group) -> dict[str, tuple[str, bool]]:
    """Address of every page, and whether the owner looks at it (or a visitor)."""
    arguments = {
        "group_id": str(group.pk),
        "token": group.invite_token,
        "issue_id": str(group.issues.in_order()[0].pk),
        "webhook_id": str(group.webhooks.get().pk),
    }

    def address(name: str) -> str:
        path = "/" + OWN_ROUTES[name]
        for key, value in arguments.items():
            path = path.replace(f"<int:{key}>", value).replace(f"<str:{key}>", value)
        return path

    pages = {name: (address(name), False) for name in [*FOR_VISITORS, "groups:invite-join"]}
    pages |= {name: (address(name), True) for name in FOR_OWNERS if name not in ROOMS}
    for name, state in ROOMS.items():
        pages[name] = (Group.objects.get(name=f"Round {state}").get_absolute_url(), True)
    return pages | {name: (path, False) for name, path in ADDRESSES.items()}


EVERY_PAGE = [*FOR_VISITORS, "groups:invite-join", *FOR_OWNERS, *ADDRESSES]


@pytest.fixture
def pages(team, visitor, signed_in) -> Callable[..., Iterator[tuple[str, Page]]]:
    """Opens every page, one after the other, as whoever looks at it: its name and the page."""

    def open_pages(names: list[str] = EVERY_PAGE, **options) -> Iterator[tuple[str, Page]]:
        browsers = {False: visitor(**options), True: signed_in(team.user, **options)}
        for name in names:
            address, by_owner = addresses(team)[name]
            browsers[by_owner].goto(address)
            yield name, browsers[by_owner]

    return open_pages


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(pages, scheme):
    serious = [
        f"{name}: {found['help']} at {[node['target'] for node in found['nodes']]}"
        for name, page in pages(scheme=scheme)
        for found in Axe().run(page).response["violations"]
        if found["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_every_page_has_a_title_landmarks_and_one_first_heading_and_says_its_language(pages):
    once = ("h1", "main", "body > header", "body > footer", "meta[name=viewport]", "html[lang=en]")
    for name, page in pages():
        assert "Estimation" in page.title(), name
        assert {element: page.locator(element).count() for element in once} == dict.fromkeys(once, 1), name


def test_nothing_scrolls_sideways_on_a_narrow_phone(pages):
    widths = {
        name: page.evaluate("document.documentElement.scrollWidth") for name, page in pages(viewport=NARROW)
    }
    assert {name: width for name, width in widths.items() if width > NARROW["width"]} == {}


def test_on_a_narrow_phone_the_row_of_pages_begins_where_the_open_one_can_be_seen(pages):
    outside = {
        name: page.evaluate(
            """() => {
                const here = document.querySelector(".group-nav [aria-current]")?.getBoundingClientRect();
                const row = document.querySelector(".group-nav")?.getBoundingClientRect();
                return here ? [row.left - here.left, here.right - row.right].some((by) => by > 1) : null;
            }"""
        )
        for name, page in pages(viewport=NARROW)
    }
    assert set(outside.values()) == {None, False}


def test_every_target_is_large_enough_for_a_finger(pages):
    small = {
        name: page.evaluate(
            """() => [...document.querySelectorAll(
                "button, select, summary, input:not([type=hidden], [type=radio]), a.button")]
                .filter((e) => e.checkVisibility() && !e.matches(".default-button"))
                .filter((e) => e.getBoundingClientRect().height < 44)
                .map((e) => e.outerHTML.slice(0, 80))"""
        )
        for name, page in pages(viewport=PHONE)
    }
    assert {name: targets for name, targets in small.items() if targets} == {}


def test_no_page_asks_anything_of_another_server(pages, live_server):
    for name, page in pages():
        asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert [address for address in asked if not address.startswith(live_server.url)] == [], name


@pytest.mark.skipif(not SCREENSHOTS, reason="pictures are made by `make screenshots`, which names the folder")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_screenshots_of_the_demo(visitor, signed_in, transactional_db, screen, viewport, scheme):
    demo.load()
    group, folder = demo.group(), Path(SCREENSHOTS or "")
    assert group is not None
    folder.mkdir(parents=True, exist_ok=True)

    def picture(page: Page, name: str, *, whole: bool = False) -> None:
        height = page.evaluate("document.documentElement.scrollHeight") if whole else viewport["height"]
        page.set_viewport_size({"width": viewport["width"], "height": height})
        page.screenshot(path=folder / f"{name}-{screen}-{scheme}.png")

    page = visitor(viewport=viewport, scheme=scheme)
    page.goto("/")
    picture(page, "start")
    for seat in group.memberships.exclude(nickname="Priya"):
        table.see(seat)
    page = signed_in(group.user, viewport=viewport, scheme=scheme)
    page.goto(reverse("issues:room", args=[group.pk]))
    page.locator('.card[value="8"]').click()
    expect(page.locator(".is-voted")).to_have_count(3)
    picture(page, "room", whole=True)
    round_ = Round.objects.get(group=group, state=State.OPEN, deadline=None)
    for seat, card in zip(group.memberships.exclude(user=group.user)[:4], ("8", "13", "5", "8"), strict=True):
        rounds.vote(seat, round_.pk, card, "The bank has to agree first." if card == "13" else "")
    rounds.reveal(group, round_.pk, group.user, early=True)
    page.reload()
    picture(page, "revealed", whole=True)
    page.goto(reverse("issues:statistics", args=[group.pk]))
    picture(page, "statistics")
    page.goto(reverse("issues:async", args=[group.pk]))
    picture(page, "async")
