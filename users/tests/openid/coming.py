"""The way to the provider and back, as a browser goes it."""

import re
from html import unescape
from typing import Any, cast

import requests
from django.http import HttpResponse
from django.test import Client

from conftest import PASSWORD
from users.models import Identity, User
from users.tests.openid.provider import Provider

BEGIN, CALLBACK = "/me/openid/", "/me/openid/callback/"
ADA = {"email": "ada@example.org", "email_verified": True, "given_name": "Ada"}


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


def refused(client: Client, status: int = 502) -> str:
    """The page, with nothing changed."""
    answer = come(client)
    assert answer.status_code == status
    assert who(client) is None
    assert not User.objects.exists()
    return answer.content.decode()
