"""Whoever tries too often has to wait, is told for how long, and changes nothing meanwhile."""

import re
from datetime import timedelta
from typing import Any, cast

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from conftest import PASSWORD
from estimation.middleware import CHANGES as CHANGES_OF_ALL
from groups.models import Group
from groups.tests.people import browser
from groups.views.groups import STARTS
from groups.views.invites import JOINS, WRONG_LINKS
from issues import rounds
from issues.api.application import REQUESTS, WRONG_TOKENS
from issues.models import Vote
from issues.tests.api import Program, said
from issues.tests.redis import running
from issues.tests.room import new_issue
from issues.views.answers import CHANGES
from users import rate_limits
from users.models import User
from users.rate_limits import RateLimit, TooManyRequests
from users.views.guests import GUESTS
from users.views.passwords import PASSWORDS, RESETS
from users.views.sign_in import SIGN_INS
from users.views.sign_up import SIGN_UPS

pytestmark = pytest.mark.django_db
HERE = "127.0.0.1"
ELSEWHERE = "192.0.2.7"
SIGN_IN = "/me/sign-in/"
THREE = RateLimit("three", "3/minute")


def link(group: Group) -> str:
    return reverse("groups:invite-join", args=[group.invite_token])


def all_but_one(limit: RateLimit, who: object) -> None:
    """Use the limit of its shortest time up, but for one."""
    often = int(limit.rates.split("/")[0])
    for _ in range(often - 1):
        limit.take(who)


# --- Pages, by address

SENT: dict[str, tuple[RateLimit, str, dict[str, str]]] = {
    "a group is started": (STARTS, "/", {"nickname": "Anna", "name": "Payments"}),
    "a guest comes in": (GUESTS, "/me/guest/", {"nickname": "Anna"}),
    "somebody signs up": (
        SIGN_UPS,
        "/me/sign-up/",
        {"nickname": "Anna", "email": "anna@example.org", "password": "long enough for it"},
    ),
    "a password is forgotten": (RESETS, "/me/password/reset/", {"email": "a@example.org"}),
    "somebody signs in": (SIGN_INS, SIGN_IN, {"username": "a@example.org", "password": "x"}),
}


@pytest.mark.parametrize(("limit", "path", "form"), SENT.values(), ids=SENT)
def test_the_last_form_that_an_address_may_send_is_taken_and_the_next_one_is_not(limit, path, form):
    all_but_one(limit, HERE)
    assert Client().post(path, form).status_code in {200, 302}
    people = User.objects.count()
    answer = Client().post(path, form)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "Nothing" in answer.content.decode() or "nothing was changed" in answer.content.decode()
    assert User.objects.count() == people


@pytest.mark.parametrize(("limit", "path", "form"), SENT.values(), ids=SENT)
def test_other_addresses_go_on(limit, path, form):
    all_but_one(limit, HERE)
    limit.take(HERE)
    assert Client(REMOTE_ADDR=ELSEWHERE).post(path, form).status_code in {200, 302}


def test_the_last_who_may_join_from_an_address_joins_and_the_next_one_does_not(payments: Group):
    all_but_one(JOINS, HERE)
    for nickname, status in (("Nina", 302), ("Nils", 429)):
        answer = Client().post(link(payments), {"nickname": nickname, "role": "voter"})
        assert answer.status_code == status
    assert set(payments.memberships.values_list("nickname", flat=True)) >= {"Nina"}
    assert not payments.memberships.filter(nickname="Nils").exists()


def test_who_tries_links_has_to_stop_and_who_has_one_need_not(payments: Group):
    all_but_one(WRONG_LINKS, HERE)
    answers = [Client().get(f"/join/{payments.pk}.1.{'x' * 43}/").status_code for _ in range(2)]
    assert answers == [404, 429]
    assert Client().get(link(payments)).status_code == 200


def test_a_password_that_is_to_be_changed_is_not_guessed_from_an_open_browser(alice: User):
    all_but_one(PASSWORDS, alice.pk)
    new = {"new_password1": "another long one", "new_password2": "another long one"}
    answers = [
        browser(alice).post("/me/password/", new | {"old_password": guess}).status_code
        for guess in ("a guess", PASSWORD)
    ]
    assert answers == [200, 429]
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_a_long_wait_is_told_in_minutes():
    for _ in range(300):
        RateLimit("start", "300/hour").take(HERE)
    page = Client().post("/", {"nickname": "Anna", "name": "Payments"}).content.decode()
    assert "Wait 60 minutes, go back" in page


# --- The room, by person


def test_votes_beyond_the_limit_are_not_saved_and_said_not_to_be(payments: Group, alice: User):
    round_ = rounds.begin(payments, alice, new_issue(payments))
    all_but_one(CHANGES, alice.pk)
    path = f"/groups/{payments.pk}/rounds/{round_.pk}/vote/"
    script = {"Accept": "application/json"}
    assert browser(alice).post(path, {"card": "5"}, headers=script).json() == {"saved": True}
    refused = browser(alice).post(path, {"card": "8"}, headers=script)
    assert refused.status_code == 429
    assert refused.json()["saved"] is False
    assert "not saved" in refused.json()["problem"]
    assert "not saved" in browser(alice).post(path, {"card": "8"}).content.decode()
    assert [vote.card for vote in Vote.objects.filter(round=round_)] == ["5"]


# --- Programs


def test_a_program_may_ask_so_often_and_no_more(alice: User, payments: Group):
    program = Program(alice)
    all_but_one(REQUESTS, alice.pk)
    said(program.get("/groups"))
    refused = program.get("/groups")
    assert said(refused, 429)["detail"].startswith("That was too often. Try again in ")
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_who_tries_tokens_has_to_stop_and_who_has_one_need_not(alice: User, payments: Group):
    all_but_one(WRONG_TOKENS, HERE)
    wrong = Client(headers={"Authorization": "Bearer est_nonsense"})
    assert [wrong.get("/api/v1/groups").status_code for _ in range(2)] == [401, 429]
    said(Program(alice).get("/groups"))


# --- Wrong passwords


def signed_in(email: str, password: str, *, page: str = SIGN_IN, address: str = HERE) -> HttpResponse:
    form = {"username": email, "password": password}
    return cast("HttpResponse", Client(REMOTE_ADDR=address).post(page, form))


def wrong_passwords(email: str, often: int = settings.AXES_FAILURE_LIMIT, **where: str) -> HttpResponse:
    """The answer to the last of them."""
    for _ in range(often):
        answer = signed_in(email, "wrong", **where)
    return answer


def test_after_nine_wrong_passwords_the_right_one_opens(alice: User):
    wrong_passwords("alice@example.org", 9)
    assert signed_in("alice@example.org", PASSWORD).status_code == 302


def test_after_ten_wrong_passwords_the_right_one_does_not_open(alice: User):
    wrong_passwords("alice@example.org")
    locked = signed_in("alice@example.org", PASSWORD)
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.content.decode()
    assert locked["Retry-After"] == "900"


def test_the_way_the_email_is_written_does_not_help(alice: User):
    wrong_passwords("Alice@Example.org", 5)
    wrong_passwords(" alice@example.org", 5)
    assert signed_in("ALICE@example.org", PASSWORD).status_code == 429


def test_the_admin_has_no_door_of_its_own(staff: User):
    wrong_passwords("staff@example.org")
    answer = signed_in("staff@example.org", PASSWORD, page="/admin/login/")
    assert answer["Location"].startswith("/me/sign-in/")
    assert Client().get("/admin/").status_code == 302


def test_nobody_can_lock_an_account_for_those_who_come_from_elsewhere(alice: User):
    wrong_passwords("alice@example.org")
    assert signed_in("alice@example.org", PASSWORD, address=ELSEWHERE).status_code == 302


def test_other_accounts_are_not_locked(alice: User, bob: User):
    wrong_passwords("alice@example.org")
    assert signed_in("bob@example.org", PASSWORD).status_code == 302


def test_an_account_that_does_not_exist_is_locked_like_one_that_does(alice: User):
    known, unknown = (wrong_passwords(email) for email in ("alice@example.org", "nobody@example.org"))
    assert known.status_code == unknown.status_code == 429
    assert without_tokens(known) == without_tokens(unknown)


def without_tokens(page: HttpResponse) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())


@pytest.mark.parametrize(("minutes", "status"), [(14, 429), (15, 302)])
def test_after_a_quarter_of_an_hour_the_right_password_opens_again(alice: User, minutes, status):
    wrong_passwords("alice@example.org")
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=minutes, seconds=1))
    assert signed_in("alice@example.org", PASSWORD).status_code == status


def test_what_is_tried_meanwhile_makes_it_no_longer(alice: User):
    wrong_passwords("alice@example.org")
    before = AccessAttempt.objects.get().attempt_time
    wrong_passwords("alice@example.org", 3)
    assert AccessAttempt.objects.get().attempt_time == before


def test_neither_the_password_nor_the_invite_link_wanted_is_noted(payments: Group):
    path = f"{SIGN_IN}?next={link(payments)}"
    form = {"username": "alice@example.org", "password": "a secret word", "next": link(payments)}
    Client().post(path, form)
    noted = str(AccessAttempt.objects.values().get())
    assert "alice@example.org" in noted
    assert "a secret word" not in noted
    assert link(payments).split("/")[-2] not in noted


def test_a_guest_who_comes_in_forgets_nobodys_wrong_passwords(alice: User):
    wrong_passwords("alice@example.org")
    Client().post("/me/guest/", {"nickname": "Anna"})
    assert signed_in("alice@example.org", PASSWORD).status_code == 429


# --- Several processes


@pytest.fixture
def shared(settings: Any) -> Any:
    with running() as server:
        settings.REDIS_URL = server.url
        yield server


def test_with_redis_all_processes_count_together(shared: Any):
    all_but_one(THREE, "anna")
    rate_limits.forget()  # as another process, which remembers nothing
    THREE.take("anna")
    with pytest.raises(TooManyRequests):
        THREE.take("anna")


def test_without_the_redis_that_should_be_there_each_process_counts_for_itself(shared: Any, caplog):
    shared.kill()
    all_but_one(THREE, "anna")
    THREE.take("anna")
    with pytest.raises(TooManyRequests):
        THREE.take("anna")
    assert [record.message for record in caplog.records if record.name == "users.rate_limits"] == [
        "Redis does not answer: this process counts for itself what is limited."
    ]


# --- Everything else that changes something


def test_nobody_changes_things_at_the_speed_of_a_program(alice: User):
    all_but_one(CHANGES_OF_ALL, alice.pk)
    answers = [
        browser(alice).post("/groups/new/", {"name": f"Group {each}"}).status_code for each in range(2)
    ]
    assert answers == [302, 429]
    assert Group.objects.filter(user=alice).count() == 1


def test_whoever_is_not_signed_in_counts_by_address():
    all_but_one(CHANGES_OF_ALL, HERE)
    form = {"link": "nonsense"}
    assert [Client().post("/join/", form).status_code for _ in range(2)] == [200, 429]
    assert Client(REMOTE_ADDR=ELSEWHERE).post("/join/", form).status_code == 200


def test_failed_sign_ins_are_forgotten_with_the_next_one_that_fails(alice: User):
    wrong_passwords("alice@example.org", 1)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=16))
    wrong_passwords("nobody@example.org", 1)
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["nobody@example.org"]
