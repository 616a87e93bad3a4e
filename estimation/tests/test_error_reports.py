"""What a Sentry is told of an error: enough to find it, and no secret, vote, token, e-mail, cookie or name."""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from estimation.monitoring import error_reports
from estimation.monitoring.redaction import GONE
from estimation.tests import test_logs
from estimation.tests.failing_site import Start, failing_sites
from estimation.tests.visitor import Visitor
from groups.models import Group
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


class Sink:
    """What stands for Sentry: takes whatever is sent to it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.bodies.append(
                    gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                )
                sink.bodies.append(str(self.headers).encode())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_message: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://publickey@127.0.0.1:{self._server.server_address[1]}/1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def bytes(self) -> bytes:
        return b"\n".join(self.bodies)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was reported, each as JSON. https://develop.sentry.dev/sdk/data-model/envelopes/"""
        parts = [json.loads(line) for body in self.bodies[::2] for line in body.split(b"\n") if line]
        return [part for part in parts if "logger" in part]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def started(sink: Sink, tmp_path: Path) -> Iterator[Start]:
    """Starts the site with a page that fails, which reports to the sink."""
    with failing_sites(tmp_path, SENTRY_DSN=sink.dsn) as start:
        yield start


@pytest.fixture
def group(alice: User) -> Group:
    """With a card that stands nowhere else; and a password that the process can check."""
    User.objects.filter(pk=alice.pk).update(
        password=PBKDF2PasswordHasher().encode(test_logs.PASSWORD, "salt", 1000)
    )
    group = Group.objects.start(alice, "Payments")
    group.deck = f"1 2 {test_logs.CARD}=7"
    group.save()
    return group


def test_a_page_that_fails_is_told_without_anything_that_came_in(group, started, sink, tmp_path):
    site = started()
    secrets = test_logs.play(site.url, group, tmp_path)
    site.stop()  # which sends what waits
    assert len(secrets) > 8
    secrets |= {test_logs.PASSWORD, test_logs.WRONG, test_logs.NEW, test_logs.CARD, test_logs.REASON}
    secrets |= {test_logs.QUERY, test_logs.EMAIL, test_logs.BAD_TOKEN, "Zaphod", "Payments"}
    assert {secret for secret in secrets if secret.encode() in sink.bytes} == set()
    (event,) = sink.events
    told = [value["value"] for value in event["exception"]["values"]]
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert GONE in told[-1]
    assert "failing_pages.py" in event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["filename"]


def test_a_report_has_the_id_and_the_pattern_of_its_request(started, sink):
    site = started()
    answer = Visitor(site.url).get("/fail/TOKEN-NOBODY-READS/")
    assert answer.status == 500
    site.stop()
    (event,) = sink.events
    assert event["tags"] == {
        "request_id": answer.headers["X-Request-ID"],
        "method": "GET",
        "route": "/fail/<str:token>/",
    }
    assert b"TOKEN-NOBODY-READS" not in sink.bytes


def test_what_is_no_error_is_not_told(started, sink):
    site = started()
    visitor = Visitor(site.url)
    assert visitor.get("/nowhere/").status == 404
    assert visitor.ask("POST", "/", "nickname=x", {}).status == 403
    site.stop()
    assert sink.bodies == []


def test_without_an_address_nothing_is_told(started, sink):
    site = started(SENTRY_DSN="")
    assert Visitor(site.url).get("/fail/x/").status == 500
    site.stop()
    assert sink.bodies == []


def test_a_sentry_that_is_away_keeps_nobody_waiting(started, sink):
    sink.close()
    site = started()
    assert Visitor(site.url).get("/fail/x/").status == 500
    assert Visitor(site.url).get("/healthz").status == 200


# --- What is kept of an event


def redacted(event: Any, hint: Any) -> Any:
    return error_reports.redacted(event, hint)


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("some.library", logging.ERROR, __file__, 1, message, values, None)


def test_of_an_event_only_what_is_named_is_kept():
    names = ("request", "user", "extra", "breadcrumbs", "contexts", "modules", "threads", "invented")
    event = dict.fromkeys(names, "SECRET") | {"logger": "some.library"}
    report = redacted(event, {"log_record": record("A mail could not be sent.")})
    assert set(report) == {"logger", "tags", "logentry"}
    assert "SECRET" not in json.dumps(report)


def test_errors_of_a_kind_have_the_same_message_and_no_e_mail():
    report = redacted({}, {"log_record": record("No mail to %s: %s", "bob@example.org", 550)})
    assert report["logentry"] == {"message": "No mail to %s: %s", "formatted": f"No mail to {GONE}: 550"}


def test_values_of_variables_are_not_told():
    frame = {
        "filename": "a.py",
        "lineno": 1,
        "vars": {"password": "SECRET"},
        "context_line": "password = ask()",
    }
    event = {"exception": {"values": [{"type": "KeyError", "value": "x", "stacktrace": {"frames": [frame]}}]}}
    report = redacted(event, {})
    assert "SECRET" not in json.dumps(report)
    assert report["exception"]["values"][0]["stacktrace"]["frames"] == [
        {"filename": "a.py", "lineno": 1, "context_line": "password = ask()"}
    ]
