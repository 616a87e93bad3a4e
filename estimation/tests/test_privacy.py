"""Who is told what about a person: e-mail addresses are for their owner and for staff."""

import pytest
from django.test import Client
from django.urls import reverse

from estimation.tests.test_routes import OWN_ROUTES
from users import api_tokens

pytestmark = pytest.mark.django_db

OTHERS = ("anonymous", "stranger", "observer", "voter", "facilitator")


def told(cast, role: str, address: str) -> str:
    client = Client()
    if role != "anonymous":
        client.force_login(cast.people[role])
    return client.get(address).content.decode()


@pytest.mark.parametrize("name", OWN_ROUTES)
def test_no_page_tells_the_address_of_somebody_else(cast, name):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    for role in OTHERS:
        assert cast.people["owner"].email not in told(cast, role, address), role
    assert cast.people["voter"].email not in told(cast, "owner", address)


@pytest.mark.parametrize(
    "path", ["", "/{0}", "/{0}/issues", "/{0}/issues/{1}", "/{0}/rounds", "/{0}/rounds/{2}"]
)
def test_the_api_tells_no_address_and_nothing_of_an_account(cast, path):
    address = "/api/v1/groups" + path.format(cast.group.pk, cast.issue.pk, cast.round.pk)
    headers = {"Authorization": f"Bearer {api_tokens.make(cast.people['voter'])}"}
    answer = Client().get(address, headers=headers).content.decode()
    for secret in ("@example.org", "password", "invite", "is_staff", "is_active", "last_login", "digest"):
        assert secret not in answer


def test_a_token_in_an_address_is_no_token(cast):
    token = api_tokens.make(cast.people["owner"])
    for name in ("token", "access_token", "api_key", "Authorization"):
        assert Client().get("/api/v1/groups", {name: token}).status_code == 401
