"""Passwords: which are taken, how exactly they are compared, how they are kept, and what a reset does."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from conftest import PASSWORD
from users import mails
from users.models import User

pytestmark = pytest.mark.django_db

NEW = "another long one"
SIGN_UP = {"nickname": "Anna", "email": "anna@example.org"}
# On Django's list of what everybody takes, and long enough.
COMMON = ["1234567890", "qwertyuiop", "1q2w3e4r5t", "password123", "basketball"]


def sign_in(email: str, password: str) -> bool:
    """Whether the two open a session."""
    client = Client()
    client.post(reverse("users:sign-in"), {"username": email, "password": password})
    return "_auth_user_id" in client.session


def link_for(user: User) -> str:
    """The path of a reset link, as the user is sent it."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("users:password-reset-confirm", args=[number, default_token_generator.make_token(user)])


class Inputs(HTMLParser):
    """The attributes of the fields for a password on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input" and "password" in (attributes.get("name") or ""):
            self.found.append(attributes)


# --- Which are taken


@pytest.mark.parametrize(
    "password",
    [
        "only small letters",
        "ONLY CAPITALS",
        "8306417295",
        "…………„“”………",
        "🦊🐢🦉🐝🦋🐌🐞🐜🦂🐙",
        "' OR 1=1; --",
        "пароль для всех",
    ],
)
def test_letters_digits_and_signs_of_any_kind_make_a_password(client, password):
    client.post(reverse("users:sign-up"), SIGN_UP | {"password": password})
    assert sign_in("anna@example.org", password)


@pytest.mark.parametrize("length", [10, 64, 128, 1000])
def test_a_long_password_is_taken(client, length):
    password = ("correct horse battery staple " * 40)[:length]
    client.post(reverse("users:sign-up"), SIGN_UP | {"password": password})
    assert sign_in("anna@example.org", password)


@pytest.mark.parametrize("password", COMMON)
def test_a_password_that_everybody_takes_is_refused_wherever_one_is_chosen(client, alice, password):
    signing_up = client.post(reverse("users:sign-up"), SIGN_UP | {"password": password})
    assert "password" in signing_up.context["form"].errors
    twice = {"new_password1": password, "new_password2": password}
    page = client.get(link_for(alice)).url
    assert "new_password2" in client.post(page, twice).context["form"].errors
    client.force_login(alice)
    changing = client.post(reverse("users:password-change"), {"old_password": PASSWORD} | twice)
    assert "new_password2" in changing.context["form"].errors


@pytest.mark.parametrize(
    "wrong", [PASSWORD.upper(), PASSWORD + " ", " " + PASSWORD, PASSWORD[:-1], PASSWORD + "\0"]
)
def test_a_password_counts_as_it_is_typed(alice, wrong):
    assert sign_in("alice@example.org", PASSWORD)
    assert not sign_in("alice@example.org", wrong)


def test_the_last_character_of_a_long_password_counts(alice):
    alice.set_password("x" * 200)
    alice.save()
    assert not sign_in("alice@example.org", "x" * 199 + "y")
    assert sign_in("alice@example.org", "x" * 200)


def test_an_old_password_stays_good(alice):
    long_ago = timezone.now() - timedelta(days=3650)
    User.objects.filter(pk=alice.pk).update(date_joined=long_ago, last_login=long_ago)
    assert sign_in("alice@example.org", PASSWORD)


# --- The fields


@pytest.mark.parametrize(
    "name", ["users:sign-up", "users:sign-in", "users:password-change", "users:two-factor", "reset"]
)
def test_what_is_typed_is_hidden_and_password_managers_fill_it_in(client, alice, name):
    if name in {"users:password-change", "users:two-factor"}:
        client.force_login(alice)
    address = client.get(link_for(alice)).url if name == "reset" else reverse(name)
    fields = Inputs(client.get(address).content.decode()).found
    assert fields
    assert {field["type"] for field in fields} == {"password"}
    assert {field["autocomplete"] for field in fields} <= {"current-password", "new-password"}
    assert not [field for field in fields if "readonly" in field or "maxlength" in field]


def test_nothing_is_asked_that_a_friend_could_answer(client):
    page = client.get(reverse("users:sign-up"))
    assert list(page.context["form"].fields) == ["nickname", "email", "password"]
    reset = client.get(reverse("users:password-reset"))
    assert list(reset.context["form"].fields) == ["email"]


# --- How they are kept


def test_the_hash_of_an_earlier_day_is_made_anew_at_the_next_sign_in(alice, settings):
    before = User.objects.get(pk=alice.pk).password
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    assert sign_in("alice@example.org", PASSWORD)
    after = User.objects.get(pk=alice.pk).password
    assert (before.partition("$")[0], after.partition("$")[0]) == ("md5", "pbkdf2_sha256")


# --- A forgotten one


def test_the_link_leads_to_an_address_without_the_secret(client, alice):
    link = link_for(alice)
    secret = link.rstrip("/").rpartition("/")[2]
    assert secret not in client.get(link).url


def test_a_reset_signs_nobody_in(client, alice):
    page = client.get(link_for(alice)).url
    client.post(page, {"new_password1": NEW, "new_password2": NEW})
    assert "_auth_user_id" not in client.session
    assert sign_in("alice@example.org", NEW)


def test_a_link_is_good_for_its_own_account_alone(client, alice, bob):
    token = link_for(alice).rstrip("/").rpartition("/")[2]
    number = link_for(bob).rstrip("/").split("/")[-2]
    other = reverse("users:password-reset-confirm", args=[number, token])
    assert "no longer works" in client.get(other, follow=True).content.decode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "%0a"])
@pytest.mark.parametrize("name", ["users:sign-up", "users:password-reset"])
def test_no_line_is_put_into_the_head_of_a_mail(client, settings, name, end):
    settings.SIGN_UP_BY_MAIL = True
    answer = client.post(reverse(name), {"email": f"alice@example.org{end}Bcc: eve@example.org"})
    assert "email" in answer.context["form"].errors
    mails.wait()
    assert mail.outbox == []
