"""A team estimates three issues, in real browsers and on a server that is killed in the middle of it."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from estimation.tests.browser.conftest import PHONE
from estimation.tests.site import Site
from groups.models import Group
from issues import backlog, pasting
from issues.models import Issue, Round, Vote

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]

SOON = 5_000  # milliseconds, after a start of the server


@pytest.fixture
def site_url(site: Site) -> str:
    """Where the browsers go."""
    return site.url


def join(page: Page, link: str, nickname: str) -> Page:
    page.goto(link)
    page.get_by_label("Your nickname").fill(nickname)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.locator("#room")).to_be_visible()
    return page


def start(page: Page, nickname: str) -> str:
    page.goto("/")
    page.get_by_label("Your nickname").fill(nickname)
    page.get_by_label("Name of the group").fill("Checkout")
    page.get_by_role("button", name="Start the group").click()
    return page.get_by_label("Invite link").input_value()


def card(page: Page, label: str) -> Locator:
    return page.locator(f'.card[value="{label}"]')


def vote(page: Page, label: str) -> None:
    """Play a card, and wait until the server has said that it is saved."""
    card(page, label).click()
    if page.locator("html.scripts").count():
        expect(page.get_by_text(f"Saved: {label}")).to_be_visible()
    expect(card(page, label)).to_have_attribute("aria-pressed", "true")


def progress(page: Page) -> Locator:
    return page.locator("#part-progress")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


@dataclass
class Team:
    """Four people: at a keyboard, with a mouse, on a phone, and without JavaScript."""

    fay: Page
    ben: Page
    cleo: Page
    dora: Page
    link: str

    @property
    def all(self) -> tuple[Page, ...]:
        return self.fay, self.ben, self.cleo, self.dora

    def sees(self, heading: str) -> None:
        """All have this issue on the table."""
        for page in (self.ben, self.cleo):
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
        self.dora.reload()


@pytest.fixture
def team(visitor) -> Team:
    fay, ben, cleo, dora = visitor(), visitor(), visitor(viewport=PHONE), visitor(scripts=False)
    link = start(fay, "Fay")
    backlog.add(Group.objects.get(), pasting.read("PAY-1 Pay by card\nPAY-2 Refunds\nPAY-3 Receipts"))
    for page, nickname in ((ben, "Ben"), (cleo, "Cleo"), (dora, "Dora")):
        join(page, link, nickname)
    expect(fay.get_by_text("Dora", exact=True)).to_be_visible()
    return Team(fay, ben, cleo, dora, link)


def test_four_people_estimate_three_issues_and_lose_no_vote_when_the_server_is_killed(
    team: Team, visitor, site: Site
):
    agree_at_once(team)
    late = disagree_and_vote_again(team, visitor())
    go_on_after_a_kill(team, late, site)
    assert list(Issue.objects.in_order().values_list("key", "estimate")) == [
        ("PAY-1", "5"),
        ("PAY-2", "8"),
        ("PAY-3", "2"),
    ]
    # Every round is kept, with every vote: 4, 4, 5 and 5.
    assert Round.objects.count() == 4
    assert Vote.objects.count() == 18


def agree_at_once(team: Team) -> None:
    """By keyboard, finger and form."""
    team.fay.keyboard.press("n")
    team.sees("Pay by card")
    team.fay.keyboard.press("5")
    expect(team.fay.get_by_text("Saved: 5")).to_be_visible()
    for page in (team.ben, team.cleo, team.dora):
        vote(page, "5")
    expect(progress(team.fay)).to_contain_text("4 of 4 have voted.")
    expect(team.fay.locator(".seat-card", has_text="5")).to_have_count(0)
    team.fay.keyboard.press("r")
    for page in (team.fay, team.ben, team.cleo):
        expect(page.locator(".is-card")).to_have_count(4)
    team.dora.reload()
    expect(team.dora.locator(".is-card")).to_have_count(4)
    press(team.fay, "Save 5 and next")


def disagree_and_vote_again(team: Team, late: Page) -> Page:
    """Somebody comes late, and Ben opens a second tab."""
    team.sees("Refunds")
    for page, label in zip(team.all, ("3", "3", "13", "8"), strict=True):
        vote(page, label)
    second = team.ben.context.new_page()
    second.goto(team.ben.url)
    expect(card(second, "3")).to_have_attribute("aria-pressed", "true")
    expect(progress(team.fay)).to_contain_text("4 of 4 have voted.")
    join(late, team.link, "Lena")
    press(team.fay, "Reveal (4/5)")
    expect(team.fay.get_by_text("Lena has not voted. Reveal all the same?")).to_be_visible()
    press(team.fay, "Reveal all the same")
    expect(late.locator(".is-card")).to_have_count(4)
    press(team.fay, "Vote again")
    for page in (team.ben, team.cleo, late, second):
        expect(card(page, "8")).to_have_attribute("aria-pressed", "false")
    team.dora.reload()
    for page in (*team.all, late):
        vote(page, "8")
    expect(card(second, "8")).to_have_attribute("aria-pressed", "true")
    press(team.fay, "Reveal (5/5)")
    press(team.fay, "Save 8 and next")
    return late


def go_on_after_a_kill(team: Team, late: Page, site: Site) -> None:
    """The server is killed after three votes, while Cleo writes down why."""
    team.sees("Receipts")
    for page in (team.fay, team.ben, team.dora):
        vote(page, "2")
    team.cleo.get_by_text("Say why").click()
    why = team.cleo.get_by_label("As secret as your card")
    why.fill("nobody reads receipts")
    site.kill()
    voted = Vote.objects.filter(round=Round.objects.latest("pk")).values_list("name", flat=True)
    assert set(voted) == {"Fay", "Ben", "Dora"}
    card(team.cleo, "1").click()
    expect(team.cleo.get_by_text("Not saved yet. It is tried again.")).to_be_visible()
    expect(why).to_have_value("nobody reads receipts")
    site.start()
    expect(team.cleo.get_by_text("Saved: 1")).to_be_visible(timeout=SOON)
    told = re.compile(r"4 of 5 have voted.\s+Waiting for Lena.")
    for page in (team.fay, team.ben, team.cleo):
        expect(progress(page)).to_contain_text(told, timeout=SOON)
    team.dora.reload()
    expect(progress(team.dora)).to_contain_text(told)
    expect(card(team.dora, "2")).to_have_attribute("aria-pressed", "true")
    vote(late, "2")
    press(team.fay, "Reveal (5/5)")
    expect(team.ben.get_by_text("nobody reads receipts").first).to_be_visible()
    press(team.fay, "Save 2")
    expect(team.fay.locator("#part-stage")).to_contain_text("All issues are estimated.")


def test_the_banner_tells_of_a_lost_connection_and_goes_when_it_is_back(visitor, site: Site):
    page = visitor()
    with page.expect_response(re.compile("/feed/")):  # by then the page has a connection to lose
        start(page, "Fay")
    banner = page.get_by_text(re.compile("The connection is gone"))
    expect(banner).to_be_hidden()
    site.kill()
    expect(banner).to_be_visible()
    site.start()
    expect(banner).to_be_hidden(timeout=SOON)


def test_a_vote_from_the_phone_appears_on_the_other_screen_of_the_same_person(visitor, site: Site):
    page = visitor()
    start(page, "Fay")
    press(page, "Vote now, without an issue")
    other = page.context.new_page()
    other.goto(page.url)
    vote(other, "8")
    expect(card(page, "8")).to_have_attribute("aria-pressed", "true")
    card(page, "8").click()
    expect(page.get_by_text("Your card is taken back.")).to_be_visible()
    expect(card(other, "8")).to_have_attribute("aria-pressed", "false")


def test_keys_can_be_turned_off(visitor, site: Site):
    page = visitor()
    start(page, "Fay")
    press(page, "Vote now, without an issue")
    expect(card(page, "8")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    press(page, "Close")
    page.keyboard.press("8")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.className") != "card"
    expect(card(page, "8")).to_have_attribute("aria-pressed", "false")


def test_a_key_that_begins_two_cards_waits_for_the_second_digit(visitor, site: Site):
    page = visitor()
    start(page, "Fay")
    press(page, "Vote now, without an issue")
    expect(card(page, "13")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect(page.get_by_text("Saved: 13")).to_be_visible()
    assert list(Vote.objects.values_list("card", flat=True)) == ["13"]
