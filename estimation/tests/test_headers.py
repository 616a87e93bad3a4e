"""The headers of every answer: pages, the admin, static files, what did not work; under HTTPS and without."""

import json
import re

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from estimation.tests.test_routes import OWN_ROUTES, ROLES
from estimation.tests.test_settings import run

pytestmark = [pytest.mark.django_db, pytest.mark.once]

EVERYWHERE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
STATIC = "/static/estimation/estimation.js"
# What nobody's data is in.
PAGES = [
    "/",
    "/me/sign-in/",
    "/nowhere/",
    "/admin/login/",
    "/api/",
    "/api/v1/groups",
    "/robots.txt",
    "/healthz",
]
SAMPLES = [*PAGES, STATIC]


def policy(response) -> dict[str, str]:
    """The content security policy by its directives."""
    parts = response["Content-Security-Policy"].split("; ")
    return {part.partition(" ")[0]: part.partition(" ")[2] for part in parts}


@pytest.mark.parametrize("address", SAMPLES)
def test_every_answer_has_all_of_them(client, address):
    response = client.get(address)
    response.close()  # of a static file
    for name, value in EVERYWHERE.items():
        assert response[name] == value, name
    features = response["Permissions-Policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "usb=()"} <= set(features)
    assert all(feature.endswith("=()") for feature in features)


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_but_a_static_file_has_the_strict_policy_and_is_in_no_frame(client, address):
    response = client.get(address)
    found = policy(response)
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert (
        found["script-src"] == found["style-src"] == found["connect-src"] == found["form-action"] == "'self'"
    )
    # Which default-src covers: a directive of its own could only loosen it.
    assert not {"object-src", "worker-src", "frame-src", "media-src"} & set(found)
    assert not re.search("unsafe|http|data:|blob:|[*]", response["Content-Security-Policy"])
    assert response["X-Frame-Options"] == "DENY"


def test_scripts_of_the_pages_write_html_by_one_policy_alone(client, staff):
    found = policy(client.get("/"))
    assert (found["require-trusted-types-for"], found["trusted-types"]) == ("'script'", "estimation")
    client.force_login(staff)
    admin = policy(client.get(reverse("admin:index")))
    assert {name: found[name] for name in admin} == admin
    assert set(found) - set(admin) == {"require-trusted-types-for", "trusted-types"}


def test_no_answer_to_anybody_lets_another_site_read_it(cast):
    """By no route, whoever asks, nor before a request that the other site has to ask for leave."""
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for role in ("anonymous", "owner", "staff"):
        client = Client()
        if role != "anonymous":
            client.force_login(cast.people[role])
        for name, pattern in OWN_ROUTES.items():
            address = reverse(name, kwargs=cast.arguments(pattern))
            answers = [
                client.get(address, headers={"Origin": "https://evil.example"}),
                client.options(address, headers=preflight),
            ]
            for answer in answers:
                assert not [
                    header for header in answer.headers if header.lower().startswith("access-control-")
                ], name


def test_no_browser_keeps_what_a_route_has_answered(cast):
    for role in ROLES:
        client = Client()
        if role != "anonymous":
            client.force_login(cast.people[role])
        for name, pattern in OWN_ROUTES.items():
            answer = client.get(reverse(name, kwargs=cast.arguments(pattern)))
            assert "no-store" in answer["Cache-Control"], (name, role)


def test_static_files_may_be_kept(client):
    response = client.get(STATIC)
    response.close()
    assert "no-store" not in response["Cache-Control"]


# --- Under HTTPS

UNDER_HTTPS = {
    "SECRET_KEY": "a-key-that-is-long-enough-0123456789-abcdefghijklmnop-QRSTUV",
    "DEBUG": "off",
    "HTTPS": "on",
    "ALLOWED_HOSTS": "estimation.example.org",
}
ASK = """
import json, django
django.setup()
from django.test import Client
answer = Client(headers={"host": "estimation.example.org"}).get("/healthz", secure=True)
from django.conf import settings
cookies = {name: [getattr(settings, f"{name}_COOKIE_{flag}") for flag in ("SECURE", "HTTPONLY", "SAMESITE")]
           for name in ("SESSION", "CSRF", "LANGUAGE")}
print(json.dumps([dict(answer.headers), cookies]))
"""


def test_under_https_browsers_come_back_by_https_alone():
    done = run("-c", ASK, **UNDER_HTTPS)
    headers, cookies = json.loads(done.stdout)
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "upgrade-insecure-requests" in headers["Content-Security-Policy"].split("; ")
    assert cookies == {
        "SESSION": [True, True, "Lax"],
        "CSRF": [True, True, "Lax"],
        "LANGUAGE": [True, True, "Lax"],
    }


def test_without_https_nothing_of_that_is_said(client):
    response = client.get("/")
    assert "Strict-Transport-Security" not in response
    assert "upgrade-insecure-requests" not in response["Content-Security-Policy"]
    assert not configured.SESSION_COOKIE_SECURE
