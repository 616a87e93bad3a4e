"""Tokens for programs: made once, kept as a hash, good until they are made anew or removed."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from users import api_tokens
from users.models import ApiToken, User

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_token_stands_for_its_user_and_is_kept_as_a_hash_alone(alice):
    token = api_tokens.make(alice)
    assert api_tokens.user_of(token) == alice
    assert token.startswith("est_")
    assert len(token) == 4 + 43  # 256 bits
    row = ApiToken.objects.get()
    assert token not in str(vars(row))
    assert re.fullmatch("[0-9a-f]{64}", row.digest)


@pytest.mark.parametrize("token", ["", "est_", "est_" + "x" * 43, "x" * 10_000, "é"])
def test_what_is_no_token_is_nobody_s(alice, token):
    api_tokens.make(alice)
    assert api_tokens.user_of(token) is None


def test_a_new_token_ends_the_one_before(alice):
    old, new = api_tokens.make(alice), api_tokens.make(alice)
    assert api_tokens.user_of(old) is None
    assert api_tokens.user_of(new) == alice


def test_a_token_of_somebody_who_may_not_sign_in_is_good_no_more(alice):
    token = api_tokens.make(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert api_tokens.user_of(token) is None


def test_its_use_is_noted_once_an_hour(alice, django_assert_num_queries):
    token = api_tokens.make(alice)
    api_tokens.user_of(token)
    first = ApiToken.objects.get().used_at
    assert first
    with django_assert_num_queries(1):
        api_tokens.user_of(token)
    assert ApiToken.objects.get().used_at == first
    ApiToken.objects.update(used_at=timezone.now() - timedelta(minutes=61))
    api_tokens.user_of(token)
    again = ApiToken.objects.get().used_at
    assert again
    assert again > first


def test_the_page_shows_it_once(alice):
    client = browser(alice)
    answer = client.post(reverse("users:api-token-make"))
    token = re.search(r'value="(est_[^"]+)"', answer.content.decode())
    assert token
    assert api_tokens.user_of(token[1]) == alice
    assert "no-store" in answer["Cache-Control"]
    assert "est_" not in client.get(reverse("users:account")).content.decode()
    assert "You have a token since" in client.get(reverse("users:account")).content.decode()


def test_the_page_removes_it(alice):
    token = api_tokens.make(alice)
    browser(alice).post(reverse("users:api-token-remove"))
    assert api_tokens.user_of(token) is None


def test_a_guest_has_none():
    guest = User.objects.create_guest("Gus")
    browser(guest).post(reverse("users:api-token-make"))
    assert not ApiToken.objects.exists()
    assert (
        reverse("users:api-token-make") not in browser(guest).get(reverse("users:account")).content.decode()
    )
