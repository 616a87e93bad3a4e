"""What every answer says to browsers: what it may load, who may show or read it, and what it is."""

from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/",
    "/me/sign-in/",
    "/groups/",
    "/join/nonsense/",
    "/nowhere/",
    "/admin/login/",
    "/healthz",
    "/robots.txt",
    "/api/",
    "/api/v1/groups",
    "/api/v1/openapi.json",
]
STATIC = "/static/estimation/estimation.css"
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(params=ADDRESSES)
def answer(request) -> HttpResponse:
    """To somebody whom another site has sent here."""
    return cast("HttpResponse", Client().get(request.param, headers=ELSEWHERE))


def policy(answer: HttpResponse) -> dict[str, str]:
    """The content security policy by its directives."""
    directives = (
        directive.strip().partition(" ") for directive in answer["Content-Security-Policy"].split(";")
    )
    return {name: value for name, _space, value in directives}


def test_a_page_loads_and_runs_what_this_site_serves_as_files_and_nothing_else(answer):
    directives = policy(answer)
    assert directives["default-src"] == directives["base-uri"] == "'none'"
    assert directives.get("object-src", "'none'") == "'none'"
    loaded = {value for name, value in directives.items() if name.endswith("-src")}
    assert loaded == {"'self'", "'none'"}
    assert directives["script-src"] == directives["form-action"] == "'self'"


def test_no_page_stands_in_a_frame(answer):
    assert policy(answer)["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("address", [*ADDRESSES, STATIC])
def test_browsers_guess_at_no_content(client, address):
    assert client.head(address)["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", [*ADDRESSES, STATIC])
def test_no_other_site_is_told_where_somebody_comes_from(client, address):
    assert client.head(address)["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["get", "options", "post"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_other_site_reads_an_answer(client, address, method):
    asked = ELSEWHERE | {"Access-Control-Request-Method": "POST"}
    names = [name.lower() for name in getattr(client, method)(address, headers=asked).headers]
    assert [name for name in names if name.startswith("access-control-")] == []


# --- What is no page


@pytest.mark.parametrize("address", ["/static/", "/static/estimation/", "/static/admin/"])
def test_there_is_no_list_of_a_folder(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/.git/config", "/static/.git/config", "/.env", "/static/../.env", "/static/%2e%2e/.env", "/manage.py"],
)
def test_neither_the_source_nor_its_history_is_served(client, address):
    assert client.get(address).status_code == 404
