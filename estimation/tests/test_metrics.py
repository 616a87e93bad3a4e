"""What Prometheus is told: that it moves when the thing happens, to whom it is told, and what never stands in it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from conftest import PASSWORD
from estimation.monitoring import metrics
from estimation.monitoring.facts import METHODS, NO_ROUTE, OTHER, STATIC
from estimation.monitoring.streams import ROUTE, WatchedStream
from estimation.readiness import readiness
from estimation.tests.site import Site
from estimation.tests.test_routes import EVERY_ROUTE
from estimation.tests.visitor import Visitor
from evolution import backups, runs
from evolution.models import Run
from groups.models import Group, Membership
from groups.tests.people import browser
from issues import rounds
from issues.models import Webhook
from issues.tests.feed import Screen, eventually, served
from issues.tests.room import at_the_table
from issues.webhooks import events, sender
from users import api_tokens, mails

TOKEN = "a-token-for-the-tests-alone-0123456789"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _nothing_of_other_tests() -> None:
    """Some of them have pages of their own."""
    metrics.REQUESTS.clear()
    metrics.DURATION.clear()


@pytest.fixture
def prometheus(settings, tmp_path, monkeypatch) -> Client:
    """Asks from this machine, with the token that is set."""
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    return Client(headers=BEARER)


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def asked(prometheus: Client) -> dict[str, float]:
    """What is told now, of that which has no labels."""
    return {
        sample.name: sample.value
        for sample in samples(prometheus.get("/metrics").content.decode())
        if not sample.labels
    }


def value(name: str, **labels: str) -> float:
    """What has been counted in this process so far."""
    return metrics.REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def more() -> Callable[..., float]:
    """How much a value has grown since the test asked for it first."""
    before: dict[tuple[str, str], float] = {}

    def grown(name: str, **labels: str) -> float:
        now = value(name, **labels)
        return now - before.setdefault((name, str(labels)), now)

    return grown


# --- Who is answered


def test_without_a_token_in_the_settings_there_is_no_such_address(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer ä",
    ],
)
def test_another_token_is_refused(prometheus, shown):
    answer = prometheus.get("/metrics", headers={"authorization": shown})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"estimation_" not in answer.content


def test_a_token_in_the_address_is_no_token(client, prometheus):
    assert client.get("/metrics", {"token": TOKEN}).status_code == 401


@pytest.mark.django_db
def test_a_session_is_no_token_not_even_of_staff(prometheus, staff):
    assert browser(staff).get("/metrics").status_code == 401


@pytest.mark.django_db
def test_the_right_token_gets_the_text_of_prometheus(prometheus):
    answer = prometheus.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert len(samples(answer.content.decode())) > 30


@pytest.mark.django_db
def test_it_is_not_told_to_another_machine_without_tls(prometheus, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert prometheus.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert prometheus.get("/metrics", REMOTE_ADDR="192.0.2.7", secure=True).status_code == 200
    assert prometheus.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200


@pytest.mark.django_db
def test_it_is_told_while_the_schema_is_refused(prometheus, monkeypatch):
    assert asked(prometheus)["estimation_schema_accepted"] == 1
    monkeypatch.setattr(readiness, "refusal", "The database lacks groups.0005_more")
    assert asked(prometheus)["estimation_schema_accepted"] == 0


# --- What is counted


@pytest.mark.django_db
def test_a_request_is_counted_by_the_pattern_of_its_address(client, payments, more):
    page = {"method": "GET", "route": "/join/<str:token>/"}
    counted = "estimation_http_requests_total", "estimation_http_request_duration_seconds_count"
    more(counted[0], status="200", **page)
    more(counted[1], **page)
    assert client.get(reverse("groups:invite-join", args=[payments.invite_token])).status_code == 200
    assert more(counted[0], status="200", **page) == 1
    assert more(counted[1], **page) == 1
    assert more("estimation_http_requests_total", method="GET", route=NO_ROUTE, status="404") == 0
    client.get("/nowhere/")
    assert more("estimation_http_requests_total", method="GET", route=NO_ROUTE, status="404") == 1


@pytest.mark.django_db(transaction=True)
def test_a_vote_is_counted_and_one_that_was_rolled_back_is_not(payments, alice, anna, more):
    more("estimation_votes_total")
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    assert more("estimation_votes_total") == 1
    rounds.vote(anna, round_.pk, "5")
    assert more("estimation_votes_total") == 2
    with transaction.atomic():
        rounds.vote(anna, round_.pk, "3")
        transaction.set_rollback(True)
    assert more("estimation_votes_total") == 2


@pytest.mark.django_db(transaction=True)
def test_a_reveal_is_counted_and_a_cancelled_round_is_not(payments, alice, anna, more):
    more("estimation_rounds_revealed_total")
    cancelled = rounds.begin(payments, alice)
    rounds.vote(anna, cancelled.pk, "8")
    rounds.cancel(payments, cancelled.pk, alice)
    assert more("estimation_rounds_revealed_total") == 0
    revealed = rounds.begin(payments, alice)
    rounds.vote(anna, revealed.pk, "8")
    rounds.reveal(payments, revealed.pk, alice, early=True)
    assert more("estimation_rounds_revealed_total") == 1


@pytest.mark.django_db(transaction=True)
def test_open_streams_and_the_delay_of_a_change_are_counted(payments, alice, anna, more):
    opened = {"method": "GET", "route": ROUTE, "status": "200"}
    more("estimation_streams_open")
    more("estimation_http_requests_total", **opened)
    with served(watched=WatchedStream, told=metrics.told) as server:
        screen = Screen(server, payments, alice)
        screen.next_frame()
        assert more("estimation_streams_open") == 1
        assert more("estimation_http_requests_total", **opened) == 1
        more("estimation_fanout_delay_seconds_count")
        seconds = value("estimation_fanout_delay_seconds_sum")
        rounds.begin(payments, alice)
        screen.until(lambda frame: frame["version"] > screen.frames[0]["version"])
        eventually(lambda: more("estimation_fanout_delay_seconds_count") == 1)
        assert 0 < value("estimation_fanout_delay_seconds_sum") - seconds < 10
        screen.response.close()
        screen.close()
        rounds.touch(payments)
        eventually(lambda: more("estimation_streams_open") == 0)


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_was_refused_is_counted_and_not_open(payments, alice, more):
    refused = {"method": "GET", "route": ROUTE, "status": "503"}
    more("estimation_streams_open")
    more("estimation_http_requests_total", **refused)
    with served(watched=WatchedStream, may_serve=lambda: False) as server:
        screen = Screen(server, payments, alice)
        assert screen.response.status == 503
        screen.response.close()
        screen.close()
    assert more("estimation_http_requests_total", **refused) == 1
    assert more("estimation_streams_open") == 0


@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_nobody_takes_is_counted(payments, settings, more):
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    more("estimation_webhook_deliveries_total", outcome="failed")
    events.ping(Webhook.objects.create(group=payments, url="http://127.0.0.1:9/"))
    assert sender.send_next()
    assert more("estimation_webhook_deliveries_total", outcome="failed") == 1


@pytest.mark.django_db
def test_a_mail_is_counted_and_one_that_could_not_be_sent_too(alice, settings, more):
    settings.DEFAULT_FROM_EMAIL = "estimation@example.org"
    for outcome in ("sent", "failed"):
        more("estimation_mails_total", outcome=outcome)
    mails.tell(alice, "password_changed")
    mails.wait()
    assert more("estimation_mails_total", outcome="sent") == 1
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    mails.tell(alice, "password_changed")
    mails.wait()
    assert more("estimation_mails_total", outcome="failed") == 1


# --- What is read from the records


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", [Run.Outcome.FAILED, Run.Outcome.FINISHED])
def test_the_last_run_of_migrate_is_told_with_its_state_and_times(prometheus, outcome):
    run = runs.begin(connection)
    runs.end(run, outcome)
    assert run.finished_at
    try:
        text = prometheus.get("/metrics").content.decode()
        states = {
            sample.labels["state"]: sample.value
            for sample in samples(text)
            if sample.name == "estimation_migration_run_state"
        }
        assert states == dict.fromkeys(Run.Outcome.values, 0) | {outcome: 1}
        told = asked(prometheus)
        assert told["estimation_migration_run_started_timestamp_seconds"] == pytest.approx(
            run.started_at.timestamp()
        )
        assert told["estimation_migration_run_finished_timestamp_seconds"] == pytest.approx(
            run.finished_at.timestamp()
        )
    finally:
        run.delete()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_age_of_the_newest_backup_is_told(prometheus):
    assert "estimation_backup_age_seconds" not in asked(prometheus)
    assert asked(prometheus)["estimation_backups"] == 0
    backup = backups.make(connection)
    told = asked(prometheus)
    made = datetime.fromisoformat(backup.manifest.made)
    assert told["estimation_backups"] == 1
    age = (datetime.now(UTC) - made).total_seconds()
    assert told["estimation_backup_age_seconds"] == pytest.approx(age, abs=5)
    assert "estimation_backup_proved_timestamp_seconds" not in told
    backups.mark_proved(backup)
    assert asked(prometheus)["estimation_backup_proved_timestamp_seconds"] >= made.timestamp()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_backup_of_another_database_is_not_taken_for_one_of_this(prometheus, settings):
    backups.make(connection)
    settings.EVOLUTION = {"PROJECT": "another"}
    assert asked(prometheus)["estimation_backups"] == 0


@pytest.mark.django_db
def test_a_backup_folder_that_can_t_be_read_tells_nothing_of_backups(prometheus, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "file"))
    told = asked(prometheus)
    assert told["estimation_database_up"] == 1
    assert "estimation_backups" not in told


@pytest.mark.once
def test_a_database_that_is_away_is_told(tmp_path: Path):
    site = Site(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/db.sqlite3", METRICS_TOKEN=TOKEN)
    site.start()
    try:
        answer = Visitor(site.url).get("/metrics", Authorization=f"Bearer {TOKEN}")
    finally:
        site.kill()
    assert answer.status == 200
    assert "\nestimation_database_up 0.0\n" in answer.text
    assert "\nestimation_http_requests_total{" in answer.text


# --- What never stands in it

OURS = {
    "method": METHODS | {OTHER},
    "route": {f"/{pattern}" for pattern in EVERY_ROUTE.values()} | {NO_ROUTE, STATIC},
    "outcome": {"delivered", "failed", "given up", "sent"},
    "state": set(Run.Outcome.values),
}
SHAPES = {"status": r"[1-5]\d\d", "le": r"[\d.]+|\+Inf"}


def play(payments: Group, anna: Membership) -> set[str]:
    """Everything with a secret, an id or a name in it; those that came up."""
    alice = payments.user
    token = api_tokens.make(alice)
    people = Client(), browser(alice), browser(anna.user)
    round_ = rounds.begin(payments, alice)
    room = reverse("issues:room", args=[payments.pk])
    for person in people:
        person.get(room, {"q": "QUERY-NOBODY-READS"}, headers={"x-request-id": "REQUEST-ID-1"})
        person.get(reverse("groups:invite-join", args=[payments.invite_token]))
        person.get(f"/join/{payments.invite_token}x/")
        person.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD})
        person.generic("LABEL-NOBODY-READS", "/PATH-NOBODY-READS/")
        person.get("/api/v1/groups", headers={"authorization": f"Bearer {token}"})
    vote = reverse("issues:round-vote", args=[payments.pk, round_.pk])
    assert people[2].post(vote, {"card": "13", "reason": "REASON-NOBODY-READS"}).status_code == 303
    sessions = {cookie.value for person in people for cookie in person.cookies.values()}
    names = {str(payments.name), alice.nickname, anna.nickname, str(alice.email), PASSWORD, token, TOKEN}
    return sessions | names | {payments.invite_token, "NOBODY-READS", "REQUEST-ID-1"} - {""}


@pytest.mark.django_db
def test_no_secret_name_or_invite_code_ever_stands_in_it(prometheus, payments, anna):
    secrets = play(payments, anna)
    text = prometheus.get("/metrics").content.decode()
    assert 'route="/join/<str:token>/"' in text
    assert {secret for secret in secrets if secret in text} == set()


@pytest.mark.django_db
def test_every_label_is_one_of_ours(prometheus, payments, anna):
    play(payments, anna)
    for sample in samples(prometheus.get("/metrics").content.decode()):
        for name, label in sample.labels.items():
            if name in SHAPES:
                assert re.fullmatch(SHAPES[name], label), sample
            else:
                assert label in OURS[name], sample


@pytest.mark.django_db
def test_no_page_of_the_site_leads_to_it(client, alice):
    for page in (client.get("/"), browser(alice).get("/me/"), client.get("/api/"), client.get("/robots.txt")):
        assert "/metrics" not in page.content.decode()
