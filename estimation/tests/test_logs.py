"""What the site writes, in a process of its own: who did what when, and never a secret, a vote, or what was typed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.test import Client
from django.urls import reverse

from estimation.tests.failing_pages import FORGED
from estimation.tests.failing_site import Start, failing_sites
from estimation.tests.visitor import Visitor
from groups.models import Group, Role
from groups.tests.people import seated
from issues import rounds
from issues.models import Vote
from issues.tests.feed import Screen, eventually
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD, WRONG, NEW = "correct horse battery", "wrong-zebra-stapler", "fresh-otter-lantern"
CARD, REASON, QUERY, EMAIL = "ZZ7", "REASON-NOBODY-READS", "QUERY-NOBODY-READS", "alice@example.org"
BAD_TOKEN = "est_" + "B" * 43


class Log:
    """What a process has written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def text(self) -> str:
        return self._file.read_text() if self._file.exists() else ""

    @property
    def records(self) -> list[dict[str, Any]]:
        """Each line is one, or this fails."""
        return [json.loads(line) for line in self.text.split("\n") if line]

    def events(self) -> list[str]:
        return [one["event"] for one in self.records if one["logger"] == "estimation.security"]

    def requests(self, message: str = "request") -> list[dict[str, Any]]:
        return [
            one for one in self.records if one["logger"] == "estimation.access" and one["message"] == message
        ]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Starts the site, with a page that fails."""
    with failing_sites(tmp_path) as start:
        yield start


@pytest.fixture
def alice(alice: User) -> User:
    """With a password that the process can check, which does without the tests' cheap hash."""
    User.objects.filter(pk=alice.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000))
    alice.refresh_from_db()
    return alice


def play(url: str, group: Group, tmp_path: Path) -> set[str]:
    """A session with everything that has a secret in it; the secrets that came up."""
    alice, stranger = Visitor(url), Visitor(url)
    assert alice.post("/me/sign-in/", {"username": EMAIL, "password": WRONG}).status == 200
    assert alice.post("/me/sign-in/", {"username": EMAIL, "password": PASSWORD}).status == 302
    room = reverse("issues:room", args=[group.pk])
    round_ = rounds.begin(group, group.user)
    vote = reverse("issues:round-vote", args=[group.pk, round_.pk])
    assert alice.post(vote, {"card": CARD, "reason": REASON}, room).status == 303
    assert Vote.objects.get().card == CARD
    invite = reverse("groups:invite-join", args=[group.invite_token])
    assert stranger.get(f"{invite}?x={QUERY}").status == 200
    assert stranger.post(invite, {"nickname": "Zaphod", "role": "voter"}).status == 302
    assert stranger.get(f"/join/{group.invite_token}x/").status == 404
    assert stranger.get(reverse("groups:group-settings", args=[group.pk])).status == 403
    token = made_token(alice)
    for shown, status in ((token, 200), (BAD_TOKEN, 401)):
        assert alice.get("/api/v1/groups", Authorization=f"Bearer {shown}").status == status
    assert Visitor(url).ask("POST", "/", f"nickname={REASON}", {}).status == 403  # without a CSRF token
    everything = {"card": CARD, "reason": REASON, "email": EMAIL, "password": WRONG}
    failing = f"/fail/{group.invite_token}/?x={QUERY}"
    assert alice.post(failing, everything, room, Authorization=f"Bearer {token}").status == 500
    assert alice.post("/me/sign-out/", {}).status == 302
    secrets = {token, group.invite_token} | reset(url, tmp_path)
    return secrets | alice.tokens | stranger.tokens


def made_token(visitor: Visitor) -> str:
    page = visitor.post("/me/token/", {}, "/me/").text
    found = re.search(r"est_[\w-]{43}", page)
    assert found
    return found[0]


def reset(url: str, tmp_path: Path) -> set[str]:
    """Another password by mail; what stands in the address of the mail."""
    visitor = Visitor(url)
    assert visitor.post("/me/password/reset/", {"email": EMAIL}).status == 302
    link = re.compile(r"/me/password/reset/(\w+)/([\w-]+)/")
    # It is sent after the page was answered.
    eventually(lambda: any(link.search(mail.read_text()) for mail in tmp_path.glob("mail/*")))
    (mail,) = tmp_path.glob("mail/*")
    found = link.search(mail.read_text())
    assert found
    assert visitor.get(found[0]).status == 302  # keeps the token in the session
    form = {"new_password1": NEW, "new_password2": NEW}
    assert visitor.post(f"/me/password/reset/{found[1]}/set-password/", form).status == 302
    return visitor.tokens | {found[2]}


@pytest.fixture
def group(alice: User) -> Group:
    group = Group.objects.start(alice, "Payments")
    group.deck = f"1 2 {CARD}=7"
    group.save()
    return group


@pytest.mark.parametrize("form", ["json", "plain"])
def test_no_secret_no_vote_and_nothing_typed_is_in_what_the_process_writes(
    group, started, log, tmp_path, form
):
    site = started(LOG_FORMAT=form, LOG_LEVEL="DEBUG")
    secrets = play(site.url, group, tmp_path)
    assert len(secrets) > 8
    site.stop()
    for secret in secrets | {PASSWORD, WRONG, NEW, CARD, REASON, QUERY, EMAIL, BAD_TOKEN, "Zaphod"}:
        assert secret not in log.text, [line for line in log.text.split("\n") if secret in line]
    assert "ValueError: [removed]" in log.text  # the page that failed did tell it all
    assert "careless.library" in log.text
    assert "failing_pages.py" in log.text


def test_each_request_is_a_line_with_its_route(group, started, log, tmp_path):
    site = started()
    play(site.url, group, tmp_path)
    site.stop()
    (vote,) = [one for one in log.requests() if one["route"].endswith("/rounds/<int:round_id>/vote/")]
    assert (vote["method"], vote["status"]) == ("POST", 303)
    assert vote["user"] == group.user_id
    assert vote["ms"] > 0
    assert {one["route"] for one in log.requests()} >= {
        "/",
        "/join/<str:token>/",
        "/me/password/reset/<uidb64>/<token>/",
        "/groups/<int:group_id>/",
        "/fail/<str:token>/",
    }
    (failed,) = [one for one in log.requests() if one["status"] == 500]
    (why,) = [one for one in log.records if one["level"] == "ERROR"]
    assert why["request_id"] == failed["request_id"]
    assert "raise ValueError" in why["traceback"]
    assert not [one for one in log.records if one["logger"] == "django.request" and one["level"] != "ERROR"]


def test_what_matters_to_security_is_an_event(group, started, log, tmp_path):
    site = started()
    play(site.url, group, tmp_path)
    seat = seated(group, "Bea")
    owner = Visitor(site.url)
    owner.post("/me/sign-in/", {"username": EMAIL, "password": NEW})
    settings = reverse("groups:group-settings", args=[group.pk])
    owner.post(reverse("groups:member-role", args=[group.pk, seat.pk]), {"role": "observer"}, settings)
    owner.post(reverse("groups:member-remove", args=[group.pk, seat.pk]), {}, settings)
    owner.post(reverse("groups:invite-renew", args=[group.pk]), {}, settings)
    owner.get(reverse("issues:room", args=[group.pk + 1000]))
    change = {"old_password": NEW, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert owner.post("/me/password/", change).status == 302
    site.stop()
    expected = [
        *(
            "sign-in-failed",
            "sign-in",
            "sign-in",
            "permission-refused",
            "api-token-made",
            "api-token-refused",
        ),
        *("csrf-refused", "sign-out", "password-reset-asked", "password-reset-done"),
        *("sign-in", "role-changed", "member-removed", "invite-renewed", "permission-refused"),
        "password-changed",
    ]
    assert log.events() == expected
    by_event = {one["event"]: one for one in log.records if one["logger"] == "estimation.security"}
    assert by_event["role-changed"]["of"] == seat.user_id
    assert by_event["role-changed"]["user"] == group.user_id
    assert by_event["permission-refused"]["status"] == 404
    assert by_event["sign-in-failed"]["client"] == "127.0.0.1"
    assert by_event["sign-in-failed"]["level"] == "WARNING"
    assert by_event["sign-in-failed"]["user"] is None


def test_staff_who_sign_in_and_change_something_are_an_event_each(alice, started, log):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    site = started()
    desk = Visitor(site.url)
    assert desk.post("/me/sign-in/", {"username": EMAIL, "password": PASSWORD}).status == 302
    assert desk.post("/admin/auth/group/add/", {"name": "Clerks"}).status == 302
    site.stop()
    assert log.events() == ["staff-sign-in", "staff-change"]
    (change,) = [one for one in log.records if one.get("event") == "staff-change"]
    assert (change["model"], change["action"], change["user"]) == ("auth.group", "added", alice.pk)


def test_a_stream_is_a_line_when_it_opens_and_one_when_it_ends(group, started, log):
    site = started()
    screen = Screen(site.url, group, group.user)
    screen.next_frame()
    given = screen.response.headers["X-Request-ID"]
    eventually(lambda: len(log.requests("stream opened")) == 1)
    assert not log.requests("stream closed")
    screen.close()
    eventually(lambda: len(log.requests("stream closed")) == 1)
    (opened,), (closed,) = log.requests("stream opened"), log.requests("stream closed")
    for line in (opened, closed):
        assert line["request_id"] == given
        assert line["route"] == "/groups/<int:group_id>/feed/"
        assert (line["method"], line["status"], line["user"]) == ("GET", 200, group.user_id)
    assert closed["ms"] > opened["ms"]
    assert Visitor(site.url).get(reverse("issues:room-feed", args=[group.pk])).status == 403
    eventually(lambda: [one["status"] for one in log.requests() if "feed" in one["route"]] == [403])


def test_an_id_that_came_along_is_kept_when_it_is_of_a_safe_shape(started, log):
    site = started()
    visitor = Visitor(site.url)
    assert visitor.get("/robots.txt", X_Request_ID="from-the-proxy_42").headers["X-Request-ID"] == (
        "from-the-proxy_42"
    )
    for unsafe in ("short", "a" * 65, "id with spaces", "id;drop=1234", 'quote"quote', "ünicödeidee"):
        answer = visitor.get("/robots.txt", X_Request_ID=unsafe.encode("utf-8").decode("latin-1"))
        assert re.fullmatch(r"[0-9a-f]{24}", answer.headers["X-Request-ID"]), unsafe
    site.stop()
    ids = [one["request_id"] for one in log.requests() if one["route"] == "/robots.txt"]
    assert ids[0] == "from-the-proxy_42"
    assert len(set(ids)) == len(ids) == 7


@pytest.mark.parametrize("form", ["json", "plain"])
def test_no_line_can_be_forged_by_what_comes_in(started, log, form):
    site = started(LOG_FORMAT=form)
    visitor = Visitor(site.url)
    line = "the text that is replaced"
    assert visitor.post("/forge/", {"line": line}, "/").status == 500
    assert visitor.get("/", Host='evil\t{"message": "FORGED"}').status == 400
    visitor.get("/nowhere%0A" + "%7B%22message%22:%22FORGED%22%7D")
    site.stop()
    assert "FORGED" in log.text
    lines = [one for one in re.split(r"[\n\r\u2028\u0085]", log.text) if one]
    if form == "json":
        assert not [one for one in lines if json.loads(one)["message"] == "FORGED"]
    else:
        record = re.compile(r"\d{4}-\d\d-\d\dT\S+ (DEBUG|INFO|WARNING|ERROR) \[[\w-]+\] [\w.]+: |    \| ")
        assert not [one for one in lines if not record.match(one)]
        assert not [one for one in lines if one.startswith(FORGED)]
    assert "\x1b" not in log.text


def test_lines_that_wait_are_written_before_the_process_ends(started, log):
    site = started()
    visitor = Visitor(site.url)
    for _ in range(5):
        visitor.get("/robots.txt")
    site.stop()
    assert [one["route"] for one in log.requests()].count("/robots.txt") == 5
    times = [one["time"] for one in log.records]
    assert times == sorted(times)


def test_without_debug_it_is_json_and_a_word_that_it_does_not_know_is_refused(started, log):
    site = started()
    Visitor(site.url).get("/")
    site.stop()
    assert {"time", "level", "logger", "message"} <= log.records[0].keys()


def test_a_guest_s_entry_is_told_apart_from_an_account_s(client: Client, db, caplog):
    client.post("/me/guest/", {"nickname": "Nina"})
    (event,) = [record for record in caplog.records if record.name == "estimation.security"]
    assert event.fields["kind"] == "guest"


def test_roles_are_not_said_to_have_changed_when_that_was_taken_back(group, caplog):
    seat = seated(group, "Bea")
    with transaction.atomic():
        seat.change_role(Role.OBSERVER)
        transaction.set_rollback(True)
    assert not [record for record in caplog.records if record.name == "estimation.security"]
