"""What another site makes a browser send: no route takes it. Each route, each unsafe method; an unlisted one fails."""

import json
from typing import Any
from typing import cast as cast_to

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from estimation.tests.test_routes import (
    ADMIN_ROUTES,
    OWN_ROUTES,
    ROUTES,
    Cast,
    admin_address,
)
from issues.api.application import api
from users import api_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SECRET = "s" * 32
OTHER_SECRET = "o" * 32
EVIL = "https://evil.example"
UNSAFE = ("POST", "PATCH")  # PUT and DELETE reach nothing: test_methods.py
# Routes that ask for no token of a form, since no session opens them: programs show a token of their own.
ABOUT_THE_API = {"api-1:openapi-json", "api-1:api-root"}
WITHOUT_FORMS = {name for name in OWN_ROUTES if name.startswith("api-1:")} - ABOUT_THE_API
FORMS = [name for name in OWN_ROUTES if name not in WITHOUT_FORMS]

# How another site may try it: what comes in the form, over which connection, with which headers.
ATTEMPTS: dict[str, tuple[str, bool, dict[str, str]]] = {
    "no token": ("", False, {}),
    "a wrong token": (OTHER_SECRET, False, {}),
    "no token, over https": ("", True, {"Referer": "https://testserver/"}),
    "Origin null": (SECRET, False, {"Origin": "null"}),
    "Origin null, over https": (SECRET, True, {"Origin": "null", "Referer": "https://testserver/"}),
    "another Origin": (SECRET, False, {"Origin": EVIL}),
    "another port": (SECRET, False, {"Origin": "http://testserver:8443"}),
    "http for https": (SECRET, True, {"Origin": "http://testserver"}),
    "a name that ends the same": (SECRET, True, {"Origin": "https://evil-testserver"}),
    "another Referer, over https": (SECRET, True, {"Referer": f"{EVIL}/testserver/"}),
    "an insecure Referer, over https": (SECRET, True, {"Referer": "http://testserver/"}),
    "no Referer, over https": (SECRET, True, {}),
}


def refused(_request: HttpRequest, reason: str = "") -> HttpResponse:
    """Stands in for the page about a form that is refused, so that no other answer is taken for it."""
    return HttpResponse(f"CSRF: {reason}", status=403)


@pytest.fixture(autouse=True)
def _marked_refusals(settings: Any) -> None:
    settings.CSRF_FAILURE_VIEW = "estimation.tests.test_csrf.refused"


def sent(
    cast: Cast, role: str, method: str, address: str, attempt: str, data: dict[str, Any]
) -> HttpResponse:
    """What the role's browser is answered; everything undone that was done."""
    token, is_secure, headers = ATTEMPTS.get(attempt, (SECRET, False, {}))
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.people[role])
    browser.cookies[configured.CSRF_COOKIE_NAME] = SECRET
    fields = data | ({"csrfmiddlewaretoken": token} if token else {})
    if token and method != "POST":
        headers = headers | {"X-CSRFToken": token}
    with transaction.atomic():
        if method == "POST":
            answer = browser.post(address, fields, secure=is_secure, headers=headers)
        else:
            answer = browser.generic(method, address, secure=is_secure, headers=headers)
        transaction.set_rollback(True)
    return cast_to("HttpResponse", answer)


def was_refused(answer: HttpResponse) -> bool:
    return answer.status_code == 403 and answer.content.startswith(b"CSRF: ")


def own_address(cast: Cast, name: str) -> str:
    return reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))


def own_data(cast: Cast, name: str) -> dict[str, Any]:
    return {key: cast.values().get(value, value) for key, value in ROUTES[name].data.items()}


@pytest.mark.parametrize("name", FORMS)
def test_no_route_takes_what_another_site_has_sent(cast, name):
    address, data = own_address(cast, name), own_data(cast, name)
    for attempt in ATTEMPTS:
        for method in UNSAFE:
            assert was_refused(sent(cast, "owner", method, address, attempt, data)), (attempt, method)


@pytest.mark.parametrize("name", FORMS)
def test_every_route_takes_its_own_form(cast, name):
    """So that the test above is about the other site alone."""
    assert not was_refused(sent(cast, "owner", "POST", own_address(cast, name), "own", own_data(cast, name)))


@pytest.mark.parametrize("name", ADMIN_ROUTES)
def test_no_route_of_the_admin_takes_it(cast, objects, name):
    address = admin_address(name, ADMIN_ROUTES[name], objects)
    for attempt in ATTEMPTS:
        assert was_refused(sent(cast, "staff", "POST", address, attempt, {})), attempt
    assert not was_refused(sent(cast, "staff", "POST", address, "own", {}))


def exempt(resolver: URLResolver, namespace: str = "") -> set[str]:
    """The names of the routes below `resolver` that say of themselves that they ask for no token."""
    found = set()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            if getattr(entry.callback, "csrf_exempt", False):
                found.add(f"{namespace}{entry.name}")
        else:
            found |= exempt(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
    return found


def test_only_the_api_asks_for_no_token_of_a_form():
    assert exempt(get_resolver()) == WITHOUT_FORMS


# --- The API


def operations(cast: Cast) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, address and body of everything that the API does."""
    bodies: dict[str, dict[str, Any]] = {
        "post": {"issues": [{"title": "Refund"}]},
        "patch": {"title": "Refund"},
    }
    numbers = {"group_id": cast.group.pk, "issue_id": cast.issue.pk, "round_id": cast.round.pk}
    return [
        (method.upper(), path.format(**numbers), bodies.get(method, {}) if "requestBody" in told else {})
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, told in methods.items()
    ]


def called(browser: Client, method: str, path: str, body: dict[str, Any], **headers: str) -> int:
    with transaction.atomic():
        answer = browser.generic(
            method, path, json.dumps(body), content_type="application/json", headers=headers
        )
        transaction.set_rollback(True)
    return answer.status_code


def test_the_api_serves_no_session_not_even_with_the_token_of_a_form(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.people["owner"])
    browser.cookies[configured.CSRF_COOKIE_NAME] = SECRET
    found = operations(cast)
    assert {method for method, _path, _body in found} == {"GET", "POST", "PATCH"}
    for method, path, body in found:
        for headers in ({}, {"X-CSRFToken": SECRET}, {"Origin": "http://testserver", "X-CSRFToken": SECRET}):
            assert called(browser, method, path, body, **headers) == 401, (method, path)


def test_the_api_serves_a_token_from_anywhere_since_no_other_site_can_have_it(cast):
    program = Client(enforce_csrf_checks=True)
    bearer = f"Bearer {api_tokens.make(cast.people['owner'])}"
    for method, path, body in operations(cast):
        status = called(program, method, path, body, Authorization=bearer, Origin=EVIL)
        assert status in {200, 201}, (method, path)


# --- Pages that are opened


# When somebody was last seen in the room, and their sessions.
NOTED = {"issues_presence", "django_session"}


@pytest.mark.parametrize("name", FORMS)
def test_to_open_an_address_changes_nothing(cast, name):
    """Another site can make a browser open any address, with its cookies."""
    browser = Client()
    browser.force_login(cast.people["owner"])
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            browser.get(own_address(cast, name))
        transaction.set_rollback(True)
    writes = [query["sql"] for query in captured if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in writes if not any(table in sql for table in NOTED)] == []
