"""A process of the site notices, while it serves, that the database's schema is none that it knows."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from estimation.readiness import readiness
from estimation.tests.site import Site

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20  # seconds; it looks every other second


@pytest.fixture
def forgotten() -> Iterator[Callable[[], None]]:
    """Makes the database forget that the last migration of the issues was applied; it remembers afterwards."""
    recorder = MigrationRecorder(connection)
    last = recorder.migration_qs.filter(app="issues").latest("name")
    yield lambda: recorder.record_unapplied("issues", last.name)
    if ("issues", last.name) not in recorder.applied_migrations():
        recorder.record_applied("issues", last.name)


def answer(site: Site, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(site.url + path) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_for(site: Site, path: str, status: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while answer(site, path)[0] != status:
        assert time.monotonic() < deadline, f"{path} does not answer {status}"
        time.sleep(0.1)


def test_pages_streams_and_readyz_are_refused_until_the_schema_is_right_again(site, forgotten):
    wait_for(site, "/", HTTPStatus.OK)
    forgotten()
    wait_for(site, "/", HTTPStatus.SERVICE_UNAVAILABLE)
    status, said = answer(site, "/readyz")
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert said.startswith("The database lacks issues.")
    assert answer(site, "/groups/1/feed/")[0] == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer(site, "/healthz")[0] == HTTPStatus.OK
    recorder = MigrationRecorder(connection)
    missing = said.removeprefix("The database lacks issues.").split(",")[0].split(" ")[0]
    recorder.record_applied("issues", missing)
    wait_for(site, "/", HTTPStatus.OK)
    assert answer(site, "/readyz") == (HTTPStatus.OK, "ok\n")
    assert answer(site, "/groups/1/feed/")[0] == HTTPStatus.FORBIDDEN


def test_strangers_are_not_told_what_the_database_lacks(client, forgotten, monkeypatch):
    monkeypatch.setattr(readiness, "refusal", "")  # and again, when the test has ended
    forgotten()
    assert client.get("/readyz").content.startswith(b"The database lacks issues.")
    stranger = client.get("/readyz", REMOTE_ADDR="192.0.2.7")
    assert (stranger.status_code, stranger.content) == (HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n")
