"""What a provider says, and what of it is not believed."""

import hashlib
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from joserfc.jwk import RSAKey

from users import openid
from users.refusals import Refused
from users.tests.openid.coming import (
    BEGIN,
    back,
    come,
    gone,
    refused,
    signed_in_there,
)
from users.tests.openid.provider import DISCOVERY, ELSEWHERE, KEYS, TOKEN, USERINFO

pytestmark = pytest.mark.django_db


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
