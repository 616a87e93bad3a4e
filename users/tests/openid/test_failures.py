"""What goes wrong at a provider, and what is kept of all that."""

import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from users.models import Identity, User
from users.tests.openid.coming import BEGIN, back, come, gone, refused, signed_in_there
from users.tests.openid.provider import DISCOVERY, KEYS, TOKEN, provider

pytestmark = pytest.mark.django_db


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
