"""Where somebody is signed in: to be seen, and to be ended."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from conftest import PASSWORD
from users import open_sessions
from users.models import User, UserSession
from users.session_store import SessionStore

pytestmark = pytest.mark.django_db
PAGE = "/me/sessions/"
ELSEWHERE = "/me/sign-out/elsewhere/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"


def signed_in(user: User, user_agent: str = FIREFOX) -> Client:
    """A browser in which the user has signed in by the form."""
    client = Client(headers={"User-Agent": user_agent})
    client.post("/me/sign-in/", {"username": user.email, "password": PASSWORD})
    return client


def key_of(client: Client) -> str:
    return str(client.session.session_key)


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def number_of(client: Client) -> int:
    """By which the session of this browser is named on the page."""
    return UserSession.objects.get(session=key_of(client)).pk


def end(client: Client, *numbers: int, password: str = PASSWORD) -> Any:
    return client.post(PAGE, {"sessions": list(numbers), "password": password})


@pytest.fixture
def laptop(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def phone(alice: User) -> Client:
    return signed_in(alice, PHONE)


# --- Seen


def test_people_see_their_browsers_since_when_and_which_is_this_one(laptop, phone):
    now = timezone.localtime()
    page = laptop.get(PAGE).content.decode()
    here, _heading, others = page.partition("Other browsers")
    assert f"Firefox on Windows, since {now:%m/%d/%Y}" in here
    assert "Chrome on Android, since " in others
    assert "Firefox" not in others


def test_the_way_there_stands_on_the_page_of_the_account(laptop):
    assert f'href="{PAGE}"' in laptop.get("/me/").content.decode()


def test_what_says_nothing_of_itself_is_a_browser(alice):
    page = signed_in(alice, "Gibberish <script>").get(PAGE).content.decode()
    assert "A browser, since" in page
    assert "Gibberish" not in page


def test_it_is_told_in_german(laptop):
    with translation.override("de"):
        assert "Firefox auf Windows, seit" in str(open_sessions.of(User.objects.get())[0])


def test_nobody_sees_the_browsers_of_somebody_else(laptop, bob):
    page = signed_in(bob, PHONE).get(PAGE).content.decode()
    assert "Chrome on Android" in page
    assert "Firefox" not in page


def test_no_key_stands_on_the_page(laptop, phone):
    page = laptop.get(PAGE).content.decode()
    assert key_of(laptop) not in page
    assert key_of(phone) not in page


def test_what_has_ended_is_not_told(alice, laptop, phone):
    Session.objects.filter(pk=key_of(phone)).update(expire_date=timezone.now() - timedelta(seconds=1))
    signed_in(alice).post("/me/sign-out/")
    assert [one.key for one in open_sessions.of(alice)] == [key_of(laptop)]


def test_what_a_new_password_has_ended_is_not_told(alice, laptop, phone):
    new = "quite another pass phrase"
    laptop.post("/me/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    alice.refresh_from_db()
    assert [one.key for one in open_sessions.of(alice)] == [key_of(laptop)]


def test_with_another_key_of_the_site_they_are_told_as_before(alice, laptop, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key" * 5
    assert [one.key for one in open_sessions.of(alice)] == [key_of(laptop)]


def test_a_guest_is_led_to_an_account(client, guest):
    client.force_login(guest)
    assert [client.get(PAGE)["Location"], client.post(ELSEWHERE)["Location"]] == ["/me/sign-up/"] * 2


# --- Ended


def test_one_of_them_is_ended(alice, laptop, phone):
    third = signed_in(alice)
    assert end(laptop, number_of(phone))["Location"] == PAGE
    assert [is_in(browser) for browser in (laptop, phone, third)] == [True, False, True]
    assert len(open_sessions.of(alice)) == 2


def test_all_others_are_ended(laptop, phone):
    before = key_of(laptop)
    assert laptop.post(ELSEWHERE, {"password": PASSWORD})["Location"] == PAGE
    assert [is_in(laptop), is_in(phone)] == [True, False]
    assert key_of(laptop) != before
    assert "You are signed in in no other browser." in laptop.get(PAGE).content.decode()


@pytest.mark.parametrize("address", [PAGE, ELSEWHERE])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_none_is_ended(laptop, phone, address, password):
    page = laptop.post(address, {"sessions": [number_of(phone)], "password": password})
    assert page.context["form"].errors["password"]
    assert is_in(phone)


@pytest.mark.parametrize("address", [PAGE, ELSEWHERE])
def test_the_password_is_guessed_ten_times_a_minute_and_no_more(laptop, address):
    statuses = [laptop.post(address, {"password": "wrong"}).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_nobody_ends_those_of_somebody_else(laptop, bob):
    assert end(signed_in(bob), number_of(laptop)).status_code == 200
    assert is_in(laptop)
    assert open_sessions.end(bob, [number_of(laptop)]) == 0
    assert is_in(laptop)


def test_one_has_to_be_chosen(laptop, phone):
    assert end(laptop).context["form"].errors["sessions"] == ["Choose at least one."]


# --- Kept with the session


def test_a_session_is_followed_from_key_to_key(client, guest):
    """From a guest's to the account that the guest becomes; the first is gone."""
    client = Client(headers={"User-Agent": PHONE})
    client.post("/me/guest/", {"nickname": "Nina"})
    before = key_of(client)
    client.post("/me/sign-up/", {"nickname": "Nina", "email": "nina@example.org", "password": PASSWORD})
    assert key_of(client) != before
    account = User.objects.get(email="nina@example.org")
    (told,) = open_sessions.of(account)
    assert (told.key, told.browser) == (key_of(client), "Chrome on Android")
    assert UserSession.objects.count() == 1


def test_what_ends_with_the_session_is_gone(laptop):
    laptop.post("/me/sign-out/")
    assert not UserSession.objects.exists()


def test_a_session_of_nobody_is_not_noted():
    store = SessionStore()
    store["anything"] = 1
    store.save()
    assert Session.objects.count() == 1
    assert not UserSession.objects.exists()


def test_a_session_of_an_earlier_release_is_told_once_it_has_come_again(alice, laptop, phone):
    """That release began it, or gave it another key."""
    UserSession.objects.all().delete()
    for client, change in ((laptop, {"listed_as": "another"}), (phone, None)):
        session = client.session
        for name in ("listed_as", "began", "browser"):
            session._session.pop(name)
        session._session.update(change or {})
        Session.objects.filter(pk=key_of(client)).update(session_data=session.encode(session._session))
    assert open_sessions.of(alice) == []
    assert is_in(laptop)
    assert is_in(phone)
    assert [str(one) for one in open_sessions.of(alice)] == ["A browser; since when is not known"] * 2
    assert {one.key for one in open_sessions.of(alice)} == {key_of(laptop), key_of(phone)}


def test_what_an_earlier_release_has_ended_goes_with_the_next_cleaning(alice, laptop, phone):
    Session.objects.filter(pk=key_of(phone)).delete()
    Session.objects.filter(pk=key_of(laptop)).update(expire_date=timezone.now() - timedelta(seconds=1))
    kept = signed_in(alice)
    call_command("clearsessions")
    assert list(UserSession.objects.values_list("session", flat=True)) == [key_of(kept)]
    assert is_in(kept)


def test_sessions_that_have_ended_go_in_one_statement_however_many(laptop, phone):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    with CaptureQueriesContext(connection) as asked:
        SessionStore.clear_expired()
    assert len(asked.captured_queries) == 2
    assert not Session.objects.exists()


def test_a_session_that_is_kept_again_under_the_same_key_writes_no_other_row(laptop):
    session = laptop.session
    session["anything"] = 1
    with CaptureQueriesContext(connection) as asked:
        session.save()
    assert "user_session" not in " ".join(query["sql"] for query in asked.captured_queries)


def test_a_request_of_somebody_who_is_signed_in_asks_nothing_more(laptop):
    laptop.get("/me/")
    with CaptureQueriesContext(connection) as asked:
        laptop.get("/me/")
    assert "user_session" not in " ".join(query["sql"] for query in asked.captured_queries)
