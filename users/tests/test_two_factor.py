"""The second factor: without the code nobody comes in who only knows the password."""

import re
import time
from base64 import b32decode
from typing import Any, cast

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from conftest import PASSWORD
from users import mails, two_factor
from users.models import RecoveryCode, User
from users.pending_sign_ins import VALID
from users.rate_limits import TooManyRequests

pytestmark = pytest.mark.django_db
PAGE = "/me/two-factor/"
CODE = "/me/sign-in/code/"
STEP = 30  # seconds for which a code stands


class Phone:
    """An app with a key, in bytes; each code is the next one, as if time had passed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._steps = -1

    def code(self) -> str:
        self._steps += 1
        totp = TOTP(self._key, STEP)
        totp.time = time.time() + STEP * self._steps
        return f"{totp.token():06d}"


@pytest.fixture
def phone(alice: User) -> Phone:
    """Alice's, which she has set up a while ago."""
    device = TOTPDevice.objects.create(user=alice, name="app", confirmed=True)
    return Phone(device.bin_key)


def send(client: Client, path: str, **form: str) -> HttpResponse:
    return cast("HttpResponse", client.post(path, form))


def with_password(client: Client, **more: str) -> HttpResponse:
    return send(client, "/me/sign-in/", username="alice@example.org", password=PASSWORD, **more)


def who(client: Client) -> str | None:
    return cast("str | None", client.session.get("_auth_user_id"))


# --- Signing in


def test_the_password_alone_opens_nothing(client, phone):
    assert with_password(client)["Location"] == CODE
    assert who(client) is None


def test_password_and_code_open_the_account(client, alice, phone):
    with_password(client, next="/join/")
    assert send(client, CODE, code=phone.code())["Location"] == "/join/"
    assert who(client) == str(alice.pk)


def test_a_code_may_be_written_in_groups(client, alice, phone):
    with_password(client)
    code = phone.code()
    send(client, CODE, code=f" {code[:3]} {code[3:]} ")
    assert who(client) == str(alice.pk)


@pytest.mark.parametrize("code", ["000000", "", "12345", "abcdef", "１２３４５６", "-00001"])
def test_a_wrong_code_opens_nothing(client, phone, code):
    with_password(client)
    page = send(client, CODE, code=code)
    assert page.status_code == 200
    assert who(client) is None


def test_a_code_is_good_once(client, phone):
    code = phone.code()
    with_password(client)
    send(client, CODE, code=code)
    other = Client()
    with_password(other)
    assert send(other, CODE, code=code).status_code == 200
    assert who(other) is None


def test_the_code_without_the_password_opens_nothing(client, phone):
    assert send(client, CODE, code=phone.code())["Location"] == "/me/sign-in/"
    assert who(client) is None


def test_whoever_gives_the_password_has_five_minutes_for_the_code(client, phone, monkeypatch):
    with_password(client)
    now = time.time() + VALID + 1
    monkeypatch.setattr("users.pending_sign_ins.time.time", lambda: now)
    assert send(client, CODE, code=phone.code())["Location"] == "/me/sign-in/"


def test_a_password_that_was_changed_meanwhile_is_worth_nothing(client, alice, phone):
    with_password(client)
    alice.set_password("another long one")
    alice.save()
    assert send(client, CODE, code=phone.code())["Location"] == "/me/sign-in/"


def test_what_a_guest_has_comes_along_only_with_the_code(client, guest, phone):
    client.force_login(guest)
    with_password(client)
    guest.refresh_from_db()
    assert guest.is_active
    send(client, CODE, code=phone.code())
    guest.refresh_from_db()
    assert not guest.is_active


def test_the_session_gets_another_key_at_each_step(client, phone):
    client.get("/me/sign-in/")
    keys = [client.session.session_key]
    with_password(client)
    keys.append(client.session.session_key)
    send(client, CODE, code=phone.code())
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3


def test_codes_are_tried_ten_times_a_minute_and_no_more(alice, phone):
    for _ in range(10):
        two_factor.accepted(alice, "no code")
    with pytest.raises(TooManyRequests):
        two_factor.accepted(alice, phone.code())


def test_after_wrong_codes_the_right_one_has_to_wait(client, alice, phone):
    for _ in range(4):
        two_factor.accepted(alice, "000000")
    assert two_factor.accepted(alice, phone.code()) is None
    TOTPDevice.objects.update(throttling_failure_timestamp="2026-01-01T00:00:00Z")
    assert two_factor.accepted(alice, phone.code()) is not None


# --- Recovery codes


def test_a_recovery_code_opens_the_account_once(client, alice, phone):
    code = two_factor.new_recovery_codes(alice)[0]
    with_password(client)
    send(client, CODE, code=code.upper().replace("-", " "))
    assert who(client) == str(alice.pk)
    assert two_factor.accepted(alice, code) is None


def test_a_recovery_code_of_somebody_else_opens_nothing(alice, bob, phone):
    assert two_factor.accepted(alice, two_factor.new_recovery_codes(bob)[0]) is None


def test_of_recovery_codes_only_hashes_are_kept(alice):
    codes = two_factor.new_recovery_codes(alice)
    assert len(set(codes)) == 8
    assert all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", code) for code in codes)
    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_new_codes_make_the_earlier_ones_worthless(client, alice, phone):
    before = two_factor.new_recovery_codes(alice)[0]
    client.force_login(alice)
    page = send(client, f"{PAGE}codes/", password=PASSWORD).content.decode()
    assert two_factor.accepted(alice, before) is None
    assert two_factor.accepted(alice, re.findall(r"<code>([a-z2-7-]{29})</code>", page)[0]) is not None


# --- Setting it up


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def key_shown(client: Client) -> str:
    page = client.get(PAGE).content.decode()
    assert "<svg" in page
    (key,) = re.findall(r'<code class="breakable">([A-Z2-7]+)</code>', page)
    return str(key)


@pytest.mark.django_db(transaction=True)
def test_it_is_on_once_the_app_shows_the_right_code_and_the_owner_is_told(alices, alice):
    page = send(alices, PAGE, password=PASSWORD, code=scanned(alices).code())
    assert len(re.findall(r"<code>[a-z2-7-]{29}</code>", page.content.decode())) == 8
    assert two_factor.device_of(alice)
    mails.wait()
    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("Estimation: two-factor sign-in is on", ["alice@example.org"])
    ]


def scanned(client: Client) -> Phone:
    """The app that was shown the page."""
    return Phone(b32decode(key_shown(client)))


def test_the_key_stays_the_same_until_then(alices):
    assert key_shown(alices) == key_shown(alices)


@pytest.mark.parametrize("wrong", ["password", "code"])
def test_with_a_wrong_password_or_code_it_stays_off(alices, alice, wrong):
    form = {"password": PASSWORD, "code": scanned(alices).code()} | {wrong: "000000"}
    assert send(alices, PAGE, **form).status_code == 200
    assert two_factor.device_of(alice) is None


def test_nobody_sees_the_key_once_it_is_on(alices, phone):
    page = alices.get(PAGE).content.decode()
    assert "<svg" not in page.split("<main")[1]
    assert two_factor.secret(TOTPDevice.objects.get().key) not in page


def test_it_is_turned_off_with_the_password_only(alices, alice, phone):
    assert send(alices, f"{PAGE}off/", password="wrong").status_code == 200
    assert two_factor.device_of(alice)
    assert send(alices, f"{PAGE}off/", password=PASSWORD).status_code == 302
    assert two_factor.device_of(alice) is None
    assert not RecoveryCode.objects.exists()


def test_a_guest_who_wants_it_is_led_to_an_account(client, guest):
    client.force_login(guest)
    assert client.get(PAGE).headers["Location"] == "/me/sign-up/"


# --- Staff


@pytest.fixture
def needed(settings: Any) -> None:
    settings.STAFF_TWO_FACTOR = True


@pytest.fixture
def desk(needed: None, client: Client, staff: User) -> Client:
    """A member of staff who has given the password."""
    client.force_login(staff)
    return client


def test_staff_without_it_are_led_to_set_it_up(desk):
    answer = desk.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == PAGE
    assert "The administration needs two-factor sign-in." in answer.content.decode()


def test_staff_who_have_just_set_it_up_come_in(desk):
    send(desk, PAGE, password=PASSWORD, code=scanned(desk).code())
    assert desk.get("/admin/").status_code == 200


def test_staff_whose_session_has_shown_no_code_are_asked_for_it(desk, staff):
    phone = Phone(TOTPDevice.objects.create(user=staff, name="app", confirmed=True).bin_key)
    asked = desk.get("/admin/users/user/", follow=True)
    assert asked.redirect_chain[-1][0].startswith(CODE)
    came = send(desk, CODE, code=phone.code(), next=asked.context["next"])
    assert came["Location"] == "/admin/users/user/"
    assert desk.get("/admin/users/user/").status_code == 200


def test_staff_whose_second_factor_was_turned_off_are_out(desk, staff):
    send(desk, PAGE, password=PASSWORD, code=scanned(desk).code())
    two_factor.turn_off(staff)
    assert desk.get("/admin/").status_code == 302


def test_a_superuser_turns_it_off_for_others(client, staff, alice, phone):
    client.force_login(staff)
    action = {"action": "turn_off_two_factor", "_selected_action": [alice.pk]}
    page = client.post("/admin/users/user/", action, follow=True).content.decode()
    assert "It is off for 1 user." in page
    assert two_factor.device_of(alice) is None


def test_the_command_turns_it_off(alice, phone, capsys):
    call_command("turnofftwofactor", "Alice@example.org")
    assert capsys.readouterr().out == "alice@example.org signs in with the password alone now.\n"
    assert two_factor.device_of(alice) is None
    with pytest.raises(CommandError, match=r"alice@example.org has no two-factor sign-in\."):
        call_command("turnofftwofactor", "alice@example.org")
    with pytest.raises(CommandError, match=r"There is no account nobody@example.org\."):
        call_command("turnofftwofactor", "nobody@example.org")


# --- How long a browser is known


@pytest.mark.parametrize(
    ("who", "seconds"), [("staff@example.org", 12 * 3600), ("alice@example.org", 30 * 24 * 3600)]
)
def test_staff_sign_in_again_each_day_and_others_each_month(client, alice, staff, who, seconds):
    send(client, "/me/sign-in/", username=who, password=PASSWORD)
    assert client.session.get_expiry_age() == pytest.approx(seconds, abs=60)


def test_a_guest_is_known_for_a_year(client):
    send(client, "/me/guest/", nickname="Anna")
    assert client.session.get_expiry_age() == 365 * 24 * 3600
