"""Sign in by OpenID Connect in a real browser: over to a provider of another site, and back."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from conftest import PASSWORD
from estimation.tests.browser.conftest import PHONE
from estimation.tests.browser.test_people import WITH_AND_WITHOUT_SCRIPTS, start_a_group
from users.models import Identity
from users.tests.openid.provider import Provider, provider

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BUTTON = "Go on with Example"


@pytest.fixture
def there(settings: Any, site_url: str) -> Iterator[Provider]:
    """The provider of this site, with another name: browsers take it for another site."""
    with provider() as started:
        assert site_url.startswith("http://localhost:")
        assert started.issuer.startswith("http://127.0.0.1:")
        settings.OIDC_ISSUER, settings.OIDC_NAME = started.issuer, "Example"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "estimation", "a secret"
        started.knows("ada", email="ada@example.org", email_verified=True, given_name="Ada")
        yield started


@pytest.fixture
def opened(visitor: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a browser in which the provider's pages ask nothing of a third site."""

    def open_browser(**options: Any) -> Page:
        page = visitor(**options)
        page.context.route(re.compile("^https:"), lambda route: route.abort())
        return page

    return open_browser


def sign_in_there(page: Page) -> None:
    """On the provider's page, where the browser is now."""
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    page.get_by_placeholder("sub").fill("ada")
    page.get_by_role("button", name="Authorize").click()


@WITH_AND_WITHOUT_SCRIPTS
def test_somebody_goes_there_comes_back_signs_out_and_comes_again(there, opened, scripts):
    page = opened(scripts=scripts, viewport=PHONE)
    for _time in range(2):
        page.goto("/me/sign-in/?next=/groups/new/")
        page.get_by_role("button", name=BUTTON).click()
        sign_in_there(page)
        expect(page).to_have_url(re.compile("/groups/new/$"))
        expect(page.get_by_role("link", name="Ada")).to_be_visible()
        page.goto("/me/sign-out/")
        page.get_by_role("main").get_by_role("button", name="Sign out").click()
    assert Identity.objects.get().user.email == "ada@example.org"


@WITH_AND_WITHOUT_SCRIPTS
def test_a_guest_finds_everything_again_in_another_browser(there, opened, scripts):
    page, other = opened(scripts=scripts), opened(scripts=scripts)
    start_a_group(page, "Anna", "Payments")
    page.goto("/me/sign-up/")
    page.get_by_role("button", name=BUTTON).click()
    sign_in_there(page)
    expect(page.get_by_text("This is your account now.")).to_be_visible()
    other.goto("/me/sign-in/")
    other.get_by_role("button", name=BUTTON).click()
    sign_in_there(other)
    other.get_by_role("link", name="Payments").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Payments")


def test_an_account_is_linked_and_unlinked(there, opened, alice):
    page = opened()
    page.goto("/me/sign-in/?next=/me/")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Link Example").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on to Example").click()
    sign_in_there(page)
    expect(page.get_by_text("Example opens your account from now on.")).to_be_visible()
    page.get_by_role("button", name="Unlink Example").click()
    expect(page.get_by_text("Example does not open your account any more.")).to_be_visible()
    expect(page.get_by_role("link", name="Link Example")).to_be_visible()


def test_whoever_says_no_there_can_go_on_here(there, opened):
    page = opened()
    page.goto("/me/sign-in/")
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Nothing is changed.")).to_be_visible()
    page.get_by_role("link", name="To the page to sign in").click()
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()


def test_going_back_from_there_leads_to_the_page_to_sign_in(there, opened):
    page = opened()
    page.goto("/me/sign-in/")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(there, opened, signed_in, alice, scheme):
    page = opened(scheme=scheme)
    for address in ("/me/openid/callback/", "/me/sign-up/", "/me/sign-in/"):
        page.goto(address)
        assert serious(page) == [], address
    # No page comes from there, so the one in between stays.
    page.route(re.compile(f"^{there.issuer}"), lambda route: route.fulfill(status=204))
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", name="One moment")).to_be_visible()
    expect(page.get_by_role("link", name="Go on to Example")).to_be_visible()
    assert serious(page) == []
    page = signed_in(alice, scheme=scheme)
    for address in ("/me/", "/me/openid/link/"):
        page.goto(address)
        assert serious(page) == [], address


def serious(page: Page) -> list[str]:
    """What axe finds of that kind on the page."""
    return [
        f"{found['help']} at {[node['target'] for node in found['nodes']]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in {"serious", "critical"}
    ]
