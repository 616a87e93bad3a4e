"""What a real browser is told, keeps and allows."""

import json
import re

import pytest
from playwright.sync_api import Route, expect

from conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]

KEPT = """async () => ({
  local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookies: document.cookie,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
})"""
NOTHING = {"local": [], "session": [], "cookies": "", "databases": 0, "caches": 0}


def test_a_password_can_be_pasted(visitor, alice):
    page = visitor()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/me/sign-in/")
    page.evaluate("(password) => navigator.clipboard.writeText(password)", PASSWORD)
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).focus()
    page.keyboard.press("Control+V")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_browser_keeps_nothing_of_what_it_was_told(visitor, alice, payments):
    page = visitor()
    page.goto("/me/sign-in/")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    for address in (f"/groups/{payments.pk}/", f"/groups/{payments.pk}/issues/", "/me/"):
        page.goto(address)
        assert page.evaluate(KEPT) == NOTHING


def test_nothing_that_the_server_says_changes_what_all_objects_are(signed_in, alice, payments):
    def say_more(route: Route) -> None:
        frame = route.fetch().json()
        # As text, since Python's dictionaries and JSON's objects may hold what JavaScript takes for the prototype.
        said = json.dumps(frame | {"stage": ["x", '<p id="said">said</p>'], "version": 10**9})
        more = '"__proto__": {"changed": 1}, "constructor": {"prototype": {"changed": 1}}'
        route.fulfill(body=said.removesuffix("}") + f", {more}}}", content_type="application/json")

    page = signed_in(alice)
    page.route(re.compile(r"/state/\\?"), say_more)
    page.goto(f"/groups/{payments.pk}/")
    expect(page.locator("#said")).to_have_text("said")
    assert page.evaluate("({}).changed === undefined && [].changed === undefined")
