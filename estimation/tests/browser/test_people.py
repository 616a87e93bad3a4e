"""People meet in a group, in real browsers, with JavaScript and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from estimation.tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def start_a_group(page: Page, nickname: str, group: str) -> str:
    """From the start page to a group of one's own; the invite link."""
    page.goto("/")
    page.get_by_label("Your nickname").fill(nickname)
    page.get_by_label("Name of the group").fill(group)
    page.get_by_role("button", name="Start the group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(group)
    return page.get_by_label("Invite link").input_value()


@WITH_AND_WITHOUT_SCRIPTS
def test_two_guests_meet_and_the_one_who_is_removed_finds_nothing_any_more(visitor, scripts):
    anna, other = visitor(scripts=scripts), visitor(scripts=scripts, viewport=PHONE)
    link = start_a_group(anna, "Anna", "Payments")
    room = anna.url

    other.goto(link)
    other.get_by_label("Your nickname").fill("anna")
    other.get_by_role("button", name="Join", exact=True).click()
    expect(
        other.get_by_text("Somebody here is called “anna” already. “anna 2” is free.").first
    ).to_be_visible()
    other.get_by_role("button", name="Join as “anna 2”").click()
    expect(other).to_have_url(room)
    expect(other.get_by_role("list").filter(has_text="anna 2").first).to_be_visible()

    anna.reload()
    anna.get_by_role("link", name="Settings").click()
    anna.get_by_text("Remove…").click()
    anna.get_by_role("button", name="Remove anna 2").click()
    expect(anna.get_by_text("anna 2 is removed, but still knows the invite link.")).to_be_visible()
    # The room has loaded itself again, which without scripts it does every few seconds.
    expect(other.get_by_role("heading", name="There is nothing here for you")).to_be_visible(timeout=15_000)
    gone = other.goto(room)
    assert gone is not None
    assert gone.status == 404
    anna.get_by_role("button", name=re.compile("Renew|new link", re.IGNORECASE)).first.click()
    refused = other.goto(link)
    assert refused is not None
    assert refused.status == 404


@WITH_AND_WITHOUT_SCRIPTS
def test_a_guest_gets_an_account_signs_out_and_finds_everything_again(visitor, scripts):
    page = visitor(scripts=scripts)
    start_a_group(page, "Anna", "Payments")
    page.goto("/me/sign-up/")
    page.get_by_label("E-mail").fill("Anna@Example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Keep everything").click()
    page.goto("/me/sign-out/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.goto("/me/sign-in/")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Payments").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")


def test_the_form_can_be_filled_in_and_sent_by_keyboard_alone(visitor):
    page = visitor()
    page.goto("/")
    for _stop in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "nickname":
            break
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    page.keyboard.type("Payments")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")


def test_the_first_tab_stop_skips_to_the_content(visitor):
    page = visitor()
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_double_click_starts_one_group(visitor):
    page = visitor()
    page.goto("/")
    page.get_by_label("Your nickname").fill("Anna")
    page.get_by_label("Name of the group").fill("Payments")
    page.get_by_role("button", name="Start the group").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments")
    page.goto("/groups/")
    expect(page.get_by_role("link", name="Payments")).to_have_count(1)


def test_a_browser_that_asks_for_german_gets_german(visitor):
    page = visitor(locale="de-DE")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Gruppe")).to_be_visible()


def test_the_copy_button_puts_the_invite_link_on_the_clipboard(visitor):
    page = visitor()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = start_a_group(page, "Anna", "Payments")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
