"""The site as a whole: health, robots, language, and the pages about what did not work."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import include, path, reverse

from estimation.readiness import readiness
from estimation.views import csrf_failure


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


broken.login_required = False  # type: ignore[attr-defined]

# The site with one page more, which breaks.
urlpatterns = [path("broken/", broken), path("", include("estimation.urls"))]


@pytest.fixture
def strict() -> Client:
    """A browser whose forms are checked for their CSRF token, as in earnest."""
    return Client(enforce_csrf_checks=True)


def test_the_health_check_asks_no_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_the_health_check_needs_no_tls(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 301


@pytest.mark.django_db
def test_a_process_that_can_serve_is_ready(client):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_a_schema_that_the_release_does_not_know_gets_one_clear_page(client, monkeypatch):
    # No database fixture: whatever asks the database fails this test.
    monkeypatch.setattr(readiness, "refusal", "The database lacks groups.0005_more")
    client.cookies["sessionid"] = "abc"
    for response in (client.get("/groups/"), client.post("/", {"nickname": "Anna"}), client.get("/admin/")):
        assert response.status_code == 503
        assert response["Retry-After"] == "10"
        assert "its program and its database don’t fit together" in response.content.decode()
        assert "groups.0005" not in response.content.decode()
    german = client.get("/", headers={"accept-language": "de"}).content.decode()
    assert "Gleich wieder da" in german
    assert client.get("/healthz").status_code == 200


def test_programs_are_told_so_in_json(client, monkeypatch):
    monkeypatch.setattr(readiness, "refusal", "The database lacks groups.0005_more")
    response = client.get("/api/v1/groups")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "don't fit together at the moment" in response.json()["detail"]


def test_search_engines_get_the_front_door_only(client):
    assert b"Disallow: /groups/" in client.get("/robots.txt").content
    assert "noindex" not in client.get("/").content.decode()
    assert '<meta name="robots" content="noindex">' in client.get("/me/sign-in/").content.decode()


def test_the_language_is_chosen_by_a_form_and_remembered(client):
    response = client.post(reverse("language-set"), {"language": "de", "next": "/me/sign-in/"})
    assert response.url == "/me/sign-in/"
    page = client.get("/").content.decode()
    assert '<html lang="de">' in page
    assert "Gemeinsam schätzen" in page


def test_the_language_follows_the_browser_until_it_is_chosen(client):
    page = client.get("/", headers={"accept-language": "de-AT,de;q=0.9"}).content.decode()
    assert '<html lang="de">' in page


def test_an_unknown_language_changes_nothing(client):
    client.post(reverse("language-set"), {"language": "xx", "next": "/"})
    assert '<html lang="en">' in client.get("/").content.decode()


def test_the_language_form_leads_to_no_other_site(client):
    response = client.post(reverse("language-set"), {"language": "de", "next": "https://evil.example/"})
    assert response.url == "/"


@pytest.mark.parametrize("address", ["/nowhere/", "/groups/x/"])
def test_an_address_that_does_not_exist_helps_on(client, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()
    assert 'href="/"' in response.content.decode()


@pytest.mark.urls("estimation.tests.test_site")
def test_a_page_that_breaks_says_so_without_the_database(caplog):
    # No database fixture: whatever asks the database fails this test.
    browser = Client(raise_request_exception=False)
    response = browser.get("/broken/", headers={"cookie": "sessionid=abc"})
    assert response.status_code == 500
    page = response.content.decode()
    assert "Something broke on our side" in page
    assert "broken on purpose" not in page
    assert "broken on purpose" in caplog.text


@pytest.mark.urls("estimation.tests.test_site")
def test_a_page_that_breaks_stands_without_the_list_of_static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    page = Client(raise_request_exception=False).get("/broken/").content.decode()
    assert 'href="/static/estimation/estimation.css"' in page


def test_an_unknown_host_is_told_what_to_set(client):
    response = client.get("/", headers={"host": "unknown.example"})
    assert response.status_code == 400
    assert "ALLOWED_HOSTS" in response.content.decode()


def test_a_form_without_its_token_helps_on(strict):
    response = strict.post("/", {"nickname": "Anna", "name": "Payments"})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


@pytest.mark.django_db
def test_a_form_from_before_signing_in_leads_to_the_page_of_now(strict, alice):
    strict.force_login(alice)
    response = strict.post("/me/sign-up/", {"nickname": "Anna"})
    assert (response.status_code, response["Location"]) == (302, "/me/sign-up/")
    page = strict.get("/me/sign-up/", follow=True).content.decode()
    assert "That page was from before you came in" in page


@pytest.mark.django_db
def test_a_write_without_its_token_changes_nothing(strict, alice, payments):
    strict.force_login(alice)
    response = strict.post(reverse("groups:group-archive", args=[payments.pk]))
    assert response.status_code == 403
    payments.refresh_from_db()
    assert not payments.is_archived


def test_a_csrf_failure_before_any_route_is_found_is_a_page_too():
    request = RequestFactory().post("/")
    assert csrf_failure(request).status_code == 403


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_these_pages_need_no_request(template):
    page = render_to_string(template)
    assert "<h1>" in page
    assert "<script" not in page


@pytest.mark.parametrize("address", ["/", "/me/sign-in/", "/nowhere/"])
def test_nothing_comes_from_outside_and_nothing_is_inline(client, address):
    response = client.get(address)
    page = response.content.decode()
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert 'src="http' not in page
    assert 'href="http' not in page
