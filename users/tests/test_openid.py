"""Sign in by OpenID Connect, with a real provider: who is let in, as whom, and what is not believed."""

import hashlib
import re
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from html import unescape
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from joserfc.jwk import RSAKey

from conftest import PASSWORD
from users import mails, openid, sessions, two_factor
from users.models import Identity, User
from users.pending_authorizations import VALID
from users.refusals import Refused
from users.signals import guest_signed_in
from users.tests.openid_provider import DISCOVERY, ELSEWHERE, KEYS, TOKEN, USERINFO, Provider, provider
from users.tests.staff import staff_with
from users.views.sign_up import SIGN_UPS

pytestmark = pytest.mark.django_db
BEGIN, CALLBACK = "/me/openid/", "/me/openid/callback/"
ADA = {"email": "ada@example.org", "email_verified": True, "given_name": "Ada"}


@pytest.fixture(scope="module")
def _started() -> Iterator[Provider]:
    with provider() as started:
        yield started


@pytest.fixture
def there(_started: Provider, settings: Any) -> Provider:
    """The provider of this site, where Ada has an account."""
    _started.__dict__.update(
        asked=[], spoil=None, algorithm="RS256", head={}, signs_with=None, tells={}, answers={}
    )
    settings.OIDC_ISSUER, settings.OIDC_NAME = _started.issuer, "Example"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "estimation", f"of this test {time.time()}"
    _started.knows("ada", **ADA)
    return _started


def gone(client: Client, path: str = BEGIN, **form: str) -> str:
    """Begin; the address to which the page leads on."""
    page = client.post(path, form).content.decode()
    (address,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    return unescape(address)


def signed_in_there(address: str, **form: str) -> str:
    """Sign in at the provider; where it sends the browser."""
    sent = requests.post(address, form or {"sub": "ada"}, allow_redirects=False, timeout=5)
    return sent.headers["Location"].removeprefix("http://testserver")


def come(client: Client, subject: str = "ada", **form: str) -> HttpResponse:
    """The whole way; the answer to who comes back."""
    return back(client, signed_in_there(gone(client, **form), sub=subject))


def back(client: Client, address: str) -> HttpResponse:
    return cast("HttpResponse", client.get(address))


def who(client: Client) -> Any:
    """The user who is signed in there, or None."""
    return User.objects.filter(pk=client.session.get("_auth_user_id", 0)).first()


def linked(user: User, there: Provider) -> User:
    """Ada is this user."""
    client = Client()
    client.force_login(user)
    back(client, signed_in_there(gone(client, f"{BEGIN}link/", password=PASSWORD)))
    assert Identity.objects.get().user == user
    return user


# --- Off


@pytest.mark.parametrize("path", [BEGIN, CALLBACK, f"{BEGIN}link/", f"{BEGIN}unlink/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_provider_there_is_no_such_page(client, alice, path, method):
    assert getattr(client, method)(path).status_code == 404
    client.force_login(alice)
    assert getattr(client, method)(path).status_code == 404


@pytest.mark.parametrize("path", ["/me/sign-in/", "/me/sign-up/", "/me/"])
def test_without_a_provider_no_page_speaks_of_one(client, guest, path):
    client.force_login(guest)
    assert "openid" not in client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/me/sign-in/", "/me/sign-up/"])
def test_with_a_provider_there_is_a_button(client, there, path):
    page = client.get(path).content.decode()
    assert f'action="{BEGIN}"' in page
    assert "Go on with Example" in page


# --- Coming in


def test_whoever_comes_for_the_first_time_gets_an_account(client, there):
    assert come(client)["Location"] == "/groups/"
    account = who(client)
    assert (account.nickname, account.email, account.has_usable_password()) == (
        "Ada",
        "ada@example.org",
        False,
    )
    assert not account.is_guest


def test_whoever_comes_again_gets_the_same_account_whatever_they_are_called_now(client, there):
    come(client)
    there.knows("ada", email="other@example.org", email_verified=True, given_name="Augusta")
    other = Client()
    come(other)
    assert who(other) == who(client)
    assert who(other).email == "ada@example.org"


def test_the_one_who_wanted_to_go_somewhere_gets_there(client, there):
    assert come(client, next="/groups/new/")["Location"] == "/groups/new/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client, there, elsewhere):
    assert come(client, next=elsewhere)["Location"] == "/groups/"


def test_the_session_gets_another_key(client, there):
    address = gone(client)
    before = client.session.session_key
    back(client, signed_in_there(address))
    assert client.session.session_key != before


def test_two_people_whose_names_there_differ_in_case_alone_are_two(client, there):
    there.knows("ADA", email="capital@example.org", email_verified=True)
    other = Client()
    come(client)
    come(other, "ADA")
    assert who(client) != who(other)
    assert Identity.objects.count() == 2


def test_the_same_name_at_another_provider_is_somebody_else(client, there, settings):
    come(client)
    with provider() as other:
        settings.OIDC_ISSUER = other.issuer
        other.knows("ada", email="eve@example.org", email_verified=True, given_name="Eve")
        eve = Client()
        come(eve)
    assert who(eve).email == "eve@example.org"
    assert who(eve) != who(client)


def test_sessions_end_as_those_by_password(client, there, alice, staff):
    linked(alice, there)
    come(client)
    assert client.session.get_expiry_age() == pytest.approx(sessions.ACCOUNTS.total_seconds(), abs=60)
    Identity.objects.update(user=staff)
    desk = Client()
    come(desk)
    assert desk.session.get_expiry_age() == pytest.approx(sessions.STAFF.total_seconds(), abs=60)


def test_who_is_signed_in_already_goes_nowhere(client, there, alice):
    client.force_login(alice)
    assert client.post(BEGIN, {"next": "/me/"}).headers["Location"] == "/me/"


def test_looking_begins_nothing(client, there):
    assert client.get(BEGIN).status_code == 405
    assert there.asked == [("/users/ada", {})]


def test_a_form_of_another_site_begins_nothing(there):
    assert Client(enforce_csrf_checks=True).post(BEGIN).status_code == 403


def test_what_is_begun_too_often_is_refused(client, there):
    for _ in range(30):
        client.post(BEGIN)
    assert client.post(BEGIN).status_code == 429


def test_new_accounts_are_limited_like_those_of_the_form(client, there):
    for _ in range(20):
        SIGN_UPS.take("127.0.0.1")
    assert come(client).status_code == 429
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("claims", "nickname"),
    [
        ({"nickname": "ada\u202e", "given_name": "Ada"}, "ada"),
        ({"given_name": "A" * 40}, "A" * 32),
        ({"nickname": "default", "name": "Ada Lovelace"}, "Ada Lovelace"),
        ({"preferred_username": "ada@example.org"}, "New member"),
        ({"nickname": " ", "given_name": 7}, "New member"),
    ],
)
def test_the_nickname_is_one_that_others_may_see(client, there, claims, nickname):
    there.knows("ada", **{"email": "ada@example.org", "email_verified": True} | claims)
    come(client)
    assert who(client).nickname == nickname


@pytest.mark.parametrize("held_back", [{"email", "email_verified"}, {"email_verified"}])
def test_what_the_provider_tells_only_when_asked_is_asked_for(client, there, held_back):
    there.spoil = lambda claims: {name: claims[name] for name in claims if name not in held_back}
    come(client)
    assert who(client).email == "ada@example.org"


# --- Whose account it is


@pytest.mark.parametrize("verified", [False, None, "false", 1.5])
def test_an_address_that_the_provider_has_not_confirmed_makes_no_account(client, there, verified):
    there.knows("ada", **ADA | {"email_verified": verified})
    answer = come(client)
    assert answer.status_code == 403
    assert "has not confirmed an e-mail address of yours" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("email", [None, "", "ada", "a" * 250 + "@example.org"])
def test_without_a_whole_address_there_is_no_account(client, there, email):
    there.knows("ada", **ADA | {"email": email})
    assert come(client).status_code == 403
    assert not User.objects.exists()


def test_an_account_of_that_address_is_not_taken_over(client, there, alice):
    there.knows("ada", **ADA | {"email": "Alice@Example.org"})
    answer = come(client)
    assert answer.status_code == 409
    assert "Sign in to it with its password, then link Example" in answer.content.decode()
    assert who(client) is None
    assert not Identity.objects.exists()


def test_a_guest_keeps_everything_in_the_new_account(client, there, guest):
    client.force_login(guest)
    before = client.session.session_key
    come(client)
    guest.refresh_from_db()
    assert (who(client), guest.email, guest.nickname) == (guest, "ada@example.org", "Gast")
    assert not guest.is_guest
    assert client.session.session_key != before
    assert client.session.get_expiry_age() < 31 * 24 * 60 * 60


def test_a_guest_whose_address_has_an_account_stays_a_guest(client, there, guest, alice):
    there.knows("ada", **ADA | {"email": alice.email})
    client.force_login(guest)
    assert come(client).status_code == 409
    guest.refresh_from_db()
    assert (who(client), guest.email) == (guest, None)


def test_what_a_guest_has_goes_to_the_account_that_there_is(client, there, guest, alice):
    linked(alice, there)
    client.force_login(guest)
    moved = []

    def note(sender, guest, account, **kwargs):
        moved.append((guest, account))

    guest_signed_in.connect(note)
    come(client)
    guest.refresh_from_db()
    assert who(client) == alice
    assert not guest.is_active
    assert moved == [(guest, alice)]


def test_whoever_was_deactivated_stays_out(client, there, alice):
    linked(alice, there)
    User.objects.update(is_active=False)
    answer = come(client)
    assert answer.status_code == 403
    assert "Your account here is closed." in answer.content.decode()
    assert who(client) is None


def test_staff_give_the_code_of_their_app_too(client, there, staff):
    linked(staff, there)
    TOTPDevice.objects.create(user=staff, name="app", confirmed=True)
    code = two_factor.new_recovery_codes(staff)[0]
    assert come(client, next="/admin/")["Location"] == "/me/sign-in/code/"
    assert who(client) is None
    assert client.post("/me/sign-in/code/", {"code": code}).headers["Location"] == "/admin/"
    assert who(client) == staff


def test_staff_without_a_second_factor_do_not_enter_the_admin(client, there, staff, settings):
    settings.STAFF_TWO_FACTOR = True
    linked(staff, there)
    come(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/me/two-factor/"


def test_only_superusers_take_from_staff_who_opens_their_account(client, there, staff, alice):
    clerk = staff_with("users.view_identity", "users.delete_identity")
    linked(alice, there)
    identity = Identity.objects.get()
    client.force_login(clerk)
    address = f"/admin/users/identity/{identity.pk}/delete/"
    assert client.get(address).status_code == 200
    Identity.objects.update(user=staff)
    assert client.get(address).status_code == 403


# --- Linking


@pytest.mark.django_db(transaction=True)
def test_an_account_is_linked_with_its_password_and_its_owner_is_told(client, there, alice):
    client.force_login(alice)
    address = gone(client, f"{BEGIN}link/", password=PASSWORD)
    assert back(client, signed_in_there(address))["Location"] == "/me/"
    assert "Example opens your account since" in client.get("/me/").content.decode()
    other = Client()
    come(other)
    assert who(other) == alice
    mails.wait()
    assert [message.subject for message in mail.outbox] == ["Estimation: another way into your account"]


def test_without_the_password_nothing_is_linked(client, there, alice):
    client.force_login(alice)
    page = client.post(f"{BEGIN}link/", {"password": "wrong"})
    assert "This is not your password." in page.content.decode()
    assert DISCOVERY not in dict(there.asked)


def test_whoever_opens_another_account_is_not_linked(client, there, alice, bob):
    linked(alice, there)
    client.force_login(bob)
    answer = back(client, signed_in_there(gone(client, f"{BEGIN}link/", password=PASSWORD)))
    assert answer.status_code == 409
    assert Identity.objects.get().user == alice


@pytest.mark.django_db(transaction=True)
def test_a_link_is_taken_back_and_the_owner_is_told(client, there, alice):
    linked(alice, there)
    client.force_login(alice)
    client.post(f"{BEGIN}unlink/")
    assert not Identity.objects.exists()
    mails.wait()
    assert mail.outbox[-1].subject == "Estimation: one way less into your account"


def test_the_only_way_in_is_not_taken_back(client, there):
    come(client)
    page = client.post(f"{BEGIN}unlink/", follow=True).content.decode()
    assert "This is your only way in. Choose a password first" in page
    assert Identity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_password_may_choose_one_by_mail(client, there):
    come(client)
    assert client.get("/me/password/").headers["Location"] == "/me/password/reset/"
    client.post("/me/password/reset/", {"email": "ada@example.org"})
    mails.wait()
    (link,) = re.findall(r"http://testserver(\S+)", str(mail.outbox[0].body))
    form = client.get(link, follow=True).request["PATH_INFO"]
    client.post(form, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    client.post("/me/sign-in/", {"username": "ada@example.org", "password": PASSWORD})
    client.post(f"{BEGIN}unlink/")
    assert not Identity.objects.exists()


def test_whoever_has_no_password_is_told_so_where_one_is_asked_for(client, there):
    come(client)
    page = client.post("/me/data/delete/", {"password": "", "sure": "on"} | {"password": "anything"})
    assert "You have no password here yet." in page.content.decode()


# --- Who has not begun here


def test_an_answer_that_nobody_asked_for_is_refused(client, there):
    answer = back(client, f"{CALLBACK}?code=a&state=b")
    assert answer.status_code == 400
    assert "This was not begun in this browser" in answer.content.decode()
    assert TOKEN not in dict(there.asked)


@pytest.mark.parametrize("query", ["", "code=a", "state=", "error=access_denied"])
def test_an_answer_without_a_state_is_refused(client, there, query):
    gone(client)
    assert back(client, f"{CALLBACK}?{query}").status_code == 400


def test_the_answer_to_another_browser_is_refused(client, there):
    address = signed_in_there(gone(Client()))
    gone(client)
    assert back(client, address).status_code == 400
    assert who(client) is None


def test_an_answer_is_good_once(client, there):
    address = signed_in_there(gone(client))
    back(client, address)
    client.post("/me/sign-out/")
    assert back(client, address).status_code == 400
    assert who(client) is None


def test_an_answer_is_refused_once_it_was_refused(client, there):
    address = signed_in_there(gone(client))
    there.answers[TOKEN] = (503, "")
    assert back(client, address).status_code == 502
    there.answers.clear()
    assert back(client, address).status_code == 400


def test_an_answer_that_comes_too_late_is_refused(client, there, monkeypatch):
    address = signed_in_there(gone(client))
    later = time.time() + VALID + 1
    monkeypatch.setattr("users.pending_authorizations.time.time", lambda: later)
    assert back(client, address).status_code == 400


def test_a_link_that_somebody_else_has_begun_is_refused(client, there, alice, bob):
    client.force_login(alice)
    address = signed_in_there(gone(client, f"{BEGIN}link/", password=PASSWORD))
    begun = dict(client.session.items())["pending_authorizations"]
    client.force_login(bob)
    session = client.session
    session["pending_authorizations"] = begun
    session.save()
    assert back(client, address).status_code == 400
    assert not Identity.objects.exists()


def test_whoever_has_signed_in_by_password_meanwhile_is_not_linked(client, there, alice):
    address = signed_in_there(gone(client))
    client.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD})
    assert back(client, address).status_code == 400
    assert not Identity.objects.exists()


def test_a_guest_who_begins_twice_links_nobody_by_the_second(client, there, guest):
    there.knows("eve", email="eve@example.org", email_verified=True)
    client.force_login(guest)
    first, second = signed_in_there(gone(client)), signed_in_there(gone(client), sub="eve")
    assert back(client, first).status_code == 302
    assert back(client, second).status_code == 400
    assert Identity.objects.get().subject == "ada"


def test_two_tabs_do_not_disturb_each_other(client, there):
    first, _second = gone(client), gone(client)
    assert back(client, signed_in_there(first)).status_code == 302


# --- What is not believed


def test_the_code_is_of_use_to_the_browser_alone_that_has_asked_for_it(client, there):
    asked = parse_qs(urlsplit(gone(client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    come(client)
    asked = there.asked_for("/oauth2/authorize")
    digest = hashlib.sha256(there.asked_for(TOKEN)["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]


def test_the_secret_of_the_site_goes_to_the_provider_alone(client, there, settings):
    address = gone(client)
    assert settings.OIDC_CLIENT_SECRET not in address
    back(client, signed_in_there(address))
    assert settings.OIDC_CLIENT_SECRET not in str(there.asked)


FORGED = {
    "another nonce": {"nonce": "of an earlier sign-in"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another site"},
    "another audience for us": {"aud": "another site", "azp": "estimation"},
    "two audiences for another": {"aud": ["estimation", "another site"], "azp": "another site"},
    "expired": {"iat": 1_000_000_000, "exp": 1_000_000_600},
    "not yet": {"nbf": 9_999_999_999},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "a" * 256},
    "a number for a subject": {"sub": 1},
    "no end": {"exp": None},
}


def refused(client: Client, status: int = 502) -> str:
    """The page, with nothing changed."""
    answer = come(client)
    assert answer.status_code == status
    assert who(client) is None
    assert not User.objects.exists()
    return answer.content.decode()


@pytest.mark.parametrize("what", FORGED)
def test_a_token_that_says_anything_else_is_refused(client, there, what):
    there.spoil = lambda claims: {
        name: value for name, value in (claims | FORGED[what]).items() if value is not None
    }
    assert "What Example said about you does not hold" in refused(client)


def test_a_token_that_was_signed_anew_with_the_keys_of_the_provider_is_believed(client, there):
    there.spoil = dict
    assert come(client).status_code == 302


def test_a_token_that_somebody_else_has_signed_is_refused(client, there):
    there.spoil, there.signs_with = dict, RSAKey.generate_key(2048)
    refused(client)


def test_a_token_that_brings_its_own_key_is_refused(client, there):
    key = RSAKey.generate_key(2048)
    there.spoil, there.signs_with, there.head = dict, key, {"jwk": key.as_dict(private=False)}
    refused(client)


def test_a_token_that_nobody_has_signed_is_refused_even_where_the_provider_says_that_it_may(client, there):
    there.tells[DISCOVERY] = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}
    there.spoil, there.algorithm = dict, "none"
    refused(client)


def test_a_token_that_is_signed_with_the_public_key_is_refused(client, there):
    there.tells[DISCOVERY] = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}
    there.spoil, there.algorithm = dict, "HS256"
    refused(client)


def test_an_answer_without_a_token_of_identity_is_refused(client, there):
    there.answers[TOKEN] = (200, '{"access_token": "a", "token_type": "Bearer"}')
    refused(client)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (DISCOVERY, "no JSON"),
        (DISCOVERY, "[]"),
        (DISCOVERY, "{}"),
        (TOKEN, "[]"),
        (TOKEN, '{"error": "invalid_grant"}'),
        (TOKEN, '{"id_token": "a.b.c", "access_token": "a"}'),
        (TOKEN, '{"id_token": 1}'),
        (KEYS, "{}"),
        (KEYS, '{"keys": [{"kty": "none"}]}'),
    ],
)
def test_what_is_no_answer_is_refused(client, there, path, told):
    there.answers[path] = (200, told)
    if path == DISCOVERY:
        assert client.post(BEGIN).status_code == 502
    else:
        refused(client)


def test_metadata_of_another_provider_is_refused(client, there):
    there.tells[DISCOVERY] = {"issuer": "https://evil.example"}
    assert client.post(BEGIN).status_code == 502


def test_metadata_that_were_mended_are_believed_at_once(client, there):
    there.tells[DISCOVERY] = {"issuer": "https://evil.example"}
    client.post(BEGIN)
    there.tells.clear()
    assert client.post(BEGIN).status_code == 200


def test_a_key_that_the_provider_has_since_is_believed_the_next_time(client, there):
    come(Client())
    there.spoil, there.signs_with = dict, RSAKey.generate_key(2048)
    there.tells[KEYS] = {"keys": [there.signs_with.as_dict(private=False)]}
    assert come(client).status_code == 502
    assert come(client).status_code == 302


ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_address_that_is_none_is_refused(client, there, endpoint):
    there.tells[DISCOVERY] = {endpoint: "ftp://localhost/"}
    assert client.post(BEGIN).status_code == 502


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_provider_with_tls_leads_nowhere_without(settings, endpoint):
    settings.OIDC_ISSUER = "https://id.example"
    told = {name: f"https://id.example/{name}" for name in ENDPOINTS} | {"issuer": settings.OIDC_ISSUER}
    client = openid._client(settings.OIDC_ISSUER, "estimation", "a secret", 0)
    client.server_metadata.update(told, _loaded_at=time.time())
    assert client.load_server_metadata()
    client.server_metadata[endpoint] = "http://id.example/"
    with pytest.raises(Refused, match="invalid"):
        client.load_server_metadata()


def test_what_is_told_about_somebody_else_is_refused(client, there):
    there.spoil = lambda claims: {name: claims[name] for name in claims if "email" not in name}
    there.tells[USERINFO] = {"sub": "eve", "email": "eve@example.org"}
    refused(client)


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("path", [TOKEN, KEYS])
def test_no_answer_leads_to_another_address(client, there, path, status):
    there.answers[path] = (status, "")
    refused(client)
    assert ELSEWHERE not in dict(there.asked)


# --- What goes wrong


def test_whoever_says_no_there_is_told_that_nothing_is_changed(client, there):
    answer = back(client, signed_in_there(gone(client), action="deny"))
    assert answer.status_code == 403
    assert "Nothing is changed." in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("path", [TOKEN, KEYS])
def test_a_provider_that_fails_in_the_middle_changes_nothing(client, there, path):
    there.answers[path] = (500, "")
    assert "Example does not answer at the moment." in refused(client)


def test_a_provider_that_is_down_is_named(client, there, settings):
    with provider() as gone_soon:
        settings.OIDC_ISSUER = gone_soon.issuer
    answer = client.post(BEGIN)
    assert answer.status_code == 502
    assert "Example does not answer at the moment." in answer.content.decode()


def test_nobody_waits_for_a_provider_that_says_nothing(client, there, settings, monkeypatch):
    monkeypatch.setattr("users.openid.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.OIDC_ISSUER = f"http://127.0.0.1:{silent.getsockname()[1]}"
        before = time.monotonic()
        assert client.post(BEGIN).status_code == 502
        assert time.monotonic() - before < 3


def test_what_is_refused_stands_in_the_log_without_what_was_sent(client, there, caplog):
    caplog.set_level("DEBUG")
    there.spoil = lambda claims: claims | {"aud": "another site"}
    address = signed_in_there(gone(client))
    back(client, address)
    (event,) = [
        one.fields for one in caplog.records if getattr(one, "fields", {}).get("event") == "openid-refused"
    ]
    assert (event["reason"], event["detail"]) == ("invalid", "InvalidClaimError aud")
    sent = there.asked_for(TOKEN)
    text = "\n".join(
        f"{one.getMessage()} {getattr(one, 'fields', '')}"
        for one in caplog.records
        if not one.name.startswith("oidc_provider_mock")
    )
    for secret in (
        sent["code"],
        sent["code_verifier"],
        parse_qs(urlsplit(address).query)["state"][0],
        "ada@",
    ):
        assert secret not in text


def test_nothing_of_the_provider_is_kept_but_who_it_was(client, there):
    come(client)
    kept = str(dict(client.session.items()))
    for secret in (there.asked_for("/oauth2/authorize")["nonce"], *there.asked_for(TOKEN).values()):
        assert secret not in kept
    assert Identity.objects.values_list("issuer", "subject").get() == (there.issuer, "ada")


def test_the_addresses_are_asked_for_once_an_hour(client, there):
    for _ in range(3):
        client.post(BEGIN)
    assert [path for path, _sent in there.asked].count(DISCOVERY) == 1
