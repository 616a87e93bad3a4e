"""The site behind a certificate, with HTTPS=on: how browsers are led to it, and what their cookies are like."""

import runpy
from collections.abc import Iterable
from http.cookies import Morsel
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from conftest import PASSWORD
from issues import tickets

SETTINGS = Path(__file__).parents[1] / "settings.py"
GUARDS = ("SECURE_", "SESSION_COOKIE_", "CSRF_COOKIE_", "LANGUAGE_COOKIE_")
YEAR = 365 * 24 * 60 * 60  # seconds
ADDRESSES = [
    "/",
    "/groups/",
    "/nowhere/",
    "/admin/login/",
    "/healthz",
    "/api/v1/groups",
    "/api/v1/openapi.json",
    "/static/estimation/estimation.css",
]


@pytest.fixture(autouse=True)
def _https(monkeypatch, settings):
    """The settings as they are read where HTTPS is on."""
    monkeypatch.setenv("HTTPS", "on")
    for name, value in runpy.run_path(str(SETTINGS)).items():
        if name.startswith(GUARDS):
            setattr(settings, name, value)


@pytest.fixture
def cookies(alice, payments) -> Iterable["Morsel[str]"]:
    """Every cookie that a browser is given: with a form, a session, a language, a message and a room."""
    browser = Client()
    browser.get("/me/sign-in/", secure=True)
    browser.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD}, secure=True)
    browser.post(reverse("language-set"), {"language": "de"}, secure=True)
    browser.get(reverse("issues:room", args=[payments.pk]), secure=True)
    browser.post(reverse("users:account"), {"nickname": "Ally"}, secure=True)
    given = browser.cookies
    assert len(given) >= 4
    assert any(tickets.COOKIE in name for name in given)
    return given.values()


# --- The way there


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_browsers_are_told_to_come_by_https_alone_for_a_year(address):
    policy = Client().head(address, secure=True)["Strict-Transport-Security"].split("; ")
    assert int(policy[0].removeprefix("max-age=")) >= YEAR
    assert "includeSubDomains" in policy


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ["/", "/groups/", "/me/sign-in/", "/admin/login/", "/nowhere/"])
def test_whoever_comes_without_it_is_led_there_before_anything_is_done(address, method):
    # No database fixture: whatever asks the database fails this test.
    response = getattr(Client(), method)(address)
    assert (response.status_code, response["Location"]) == (301, f"https://testserver{address}")


# --- Cookies


def test_no_cookie_goes_over_a_connection_that_others_can_read(cookies):
    assert [cookie.key for cookie in cookies if not cookie["secure"]] == []


def test_no_script_reads_a_cookie(cookies):
    assert [cookie.key for cookie in cookies if not cookie["httponly"]] == []


def test_no_cookie_goes_along_with_what_another_site_sends(cookies):
    assert [cookie.key for cookie in cookies if cookie["samesite"] not in {"Lax", "Strict"}] == []


def test_no_cookie_goes_to_another_host(cookies):
    assert [cookie.key for cookie in cookies if cookie["domain"]] == []
