"""A team votes in its own time, in real browsers: with scripts and without, on two screens, over a dead server."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from estimation.tests.browser.conftest import PHONE
from groups.models import Group, Membership
from groups.tests.people import seated
from issues import async_rounds, rounds
from issues.models import Round, Vote
from issues.models.round import State
from issues.tests.room import new_issue
from users.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]

SignIn = Callable[..., Page]


@pytest.fixture
def opened(payments: Group, alice: User) -> list[Round]:
    issues = [new_issue(payments, title) for title in ("Refunds", "Receipts")]
    return list(async_rounds.begin(payments, alice, issues, timezone.now() + timedelta(days=1)))


@pytest.fixture
def anna(payments: Group) -> Membership:
    return seated(payments, "Anna")


@pytest.fixture
def address(payments: Group) -> str:
    return reverse("issues:async", args=[payments.pk])


def row(page: Page, round_: Round) -> Locator:
    return page.locator(f"#round-{round_.pk}")


def card(page: Page, round_: Round, label: str) -> Locator:
    return row(page, round_).locator(f'.card[value="{label}"]')


def test_a_card_is_saved_changed_and_taken_back_without_leaving_the_page(signed_in, anna, opened, address):
    page = signed_in(anna.user)
    page.goto(address)
    card(page, opened[0], "5").click()
    expect(row(page, opened[0]).get_by_text("Saved: 5")).to_be_visible()
    expect(page.get_by_text("You have voted on 1 of 2.")).to_be_visible()
    card(page, opened[0], "8").click()
    expect(row(page, opened[0]).get_by_text("Saved: 8")).to_be_visible()
    assert Vote.objects.get().card == "8"
    card(page, opened[0], "8").click()
    expect(row(page, opened[0]).get_by_text("Your card is taken back.")).to_be_visible()
    assert not Vote.objects.exists()
    expect(page.get_by_text("You have voted on 0 of 2.")).to_be_visible()


def test_without_scripts_the_same_page_works_by_its_forms(signed_in, anna, opened, address):
    page = signed_in(anna.user, scripts=False, viewport=PHONE)
    page.goto(address)
    row(page, opened[1]).get_by_text("Say why (optional)").click()
    row(page, opened[1]).get_by_label("As secret as your card until the reveal").fill("The bank is slow")
    card(page, opened[1], "13").click()
    expect(page).to_have_url(re.compile(f"#round-{opened[1].pk}$"))
    expect(card(page, opened[1], "13")).to_have_attribute("aria-pressed", "true")
    assert Vote.objects.values_list("card", "reason").get() == ("13", "The bank is slow")


def test_a_vote_while_the_server_is_away_is_sent_again_and_said_to_be_unsaved_until_then(
    signed_in, anna, opened, address
):
    page = signed_in(anna.user)
    page.goto(address)
    page.context.set_offline(True)
    card(page, opened[0], "5").click()
    expect(row(page, opened[0]).get_by_text("Your vote is not saved yet.")).to_be_visible()
    assert not Vote.objects.exists()
    page.context.set_offline(False)
    expect(row(page, opened[0]).get_by_text("Saved: 5")).to_be_visible()
    assert Vote.objects.get().card == "5"


def test_my_other_screen_shows_my_card_when_i_look_at_it_again(signed_in, anna, opened, address):
    page = signed_in(anna.user)
    page.goto(address)
    rounds.vote(anna, opened[0].pk, "5")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, opened[0], "5")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("You have voted on 1 of 2.")).to_be_visible()


def test_what_is_typed_survives_the_votes_of_others(signed_in, payments, anna, opened, address):
    page = signed_in(anna.user)
    page.goto(address)
    row(page, opened[0]).get_by_text("Say why (optional)").click()
    why = row(page, opened[0]).get_by_label("As secret as your card until the reveal")
    why.fill("Half a sen")
    rounds.vote(seated(payments, "Ben"), opened[0].pk, "5")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row(page, opened[0]).get_by_text("1 of 4 have voted")).to_be_visible()
    expect(why).to_have_value("Half a sen")


def test_a_facilitator_opens_issues_ends_the_votes_and_talks_about_the_disputed_one(
    signed_in, payments, alice, anna, address
):
    for title in ("Refunds", "Receipts"):
        new_issue(payments, title)
    page = signed_in(alice)
    page.goto(address)
    page.get_by_role("link", name="Open issues for votes").click()
    page.get_by_role("button", name="Choose all").click()
    page.get_by_label("Votes are open for").select_option("1 day")
    page.get_by_role("button", name="Open for votes").click()
    expect(page.get_by_text("2 issues are open for votes").first).to_be_visible()
    ben = seated(payments, "Ben")
    for round_, cards in zip(Round.objects.order_by("pk"), ("55", "38"), strict=True):
        for seat, label in zip((anna, ben), cards, strict=True):
            rounds.vote(seat, round_.pk, label)
    page.reload()
    page.get_by_role("button", name="Reveal all now").click()
    page.get_by_role("button", name="Reveal all", exact=True).click()
    page.get_by_role("button", name="Save 1 estimate").click()
    expect(page.get_by_text("1 estimate is saved.")).to_be_visible()
    page.get_by_role("button", name="Talk about it").click()
    expect(page.locator("#stage-title")).to_contain_text("Receipts")
    assert Round.objects.get(issue__title="Refunds").state == State.SETTLED
