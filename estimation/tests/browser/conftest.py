"""A real Chromium for the tests: one process, a fresh context (a person's browser) whenever one is asked for."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal

import pytest
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from estimation.tests.browser.bridge import Bridge, Harm
from estimation.tests.browser.hostile import Hostile

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}

Visitor = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        # No sandbox: the tests may run as root, and visit nothing but this machine.
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def site_url(live_server) -> str:
    """Where browsers find the site; a test that kills its server has another one."""
    return str(live_server.url)


@pytest.fixture
def visitor(browser: Browser, site_url: str) -> Iterator[Visitor]:
    """Opens another person's browser: `visitor(scripts=False, viewport=PHONE, scheme="dark")` gives a page.

    What the console complains of, such as a broken content security policy, fails the test.
    """
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A page that answers 403 or 404 is told in the console too, and is what some tests are about.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    with ExitStack() as contexts:

        def open_browser(
            *,
            scripts: bool = True,
            viewport: ViewportSize = DESKTOP,
            scheme: Literal["light", "dark"] = "light",
            locale: str = "en-GB",
        ) -> Page:
            context = browser.new_context(
                base_url=site_url,
                java_script_enabled=scripts,
                viewport=viewport,
                color_scheme=scheme,
                locale=locale,
                reduced_motion="reduce",
            )
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("console", note)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield open_browser
    assert complaints == []


@pytest.fixture
def signed_in(visitor: Visitor, site_url: str, client) -> Callable[..., Page]:
    """Opens a browser in which this user is signed in already."""

    def open_browser(user, **options) -> Page:
        page = visitor(**options)
        client.force_login(user)
        page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site_url}]
        )
        return page

    return open_browser


@pytest.fixture
def harm(record_property) -> Iterator[Harm]:
    """What a browser notices of scripts in texts: nothing. The counts stand in the results of the test."""
    noticed = Harm()
    yield noticed
    record_property("pages", noticed.pages)
    record_property("csp_violations", len(noticed.violations))
    assert noticed.is_none, noticed


@pytest.fixture
def bridge(browser: Browser, harm: Harm) -> Iterator[Bridge]:
    """A browser in front of this process, in which nobody is signed in yet."""
    context = browser.new_context(reduced_motion="reduce")
    yield Bridge(context, harm, Client(raise_request_exception=False))
    context.close()


@pytest.fixture
def world(db: None) -> Hostile:
    """A group in which every text would run a script."""
    return Hostile.gathered()
