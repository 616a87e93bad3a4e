"""What counts of a request, and what does not, however it is put."""

import json
import socket
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from groups.models import Group
from issues.tests.feed import PATIENCE, served
from users.models import User

FORM = "application/x-www-form-urlencoded"


def answers(server: str, request: bytes) -> bytes:
    """All that the server says to these bytes, until it hangs up."""
    where = urlsplit(server)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=PATIENCE) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        told = b""
        while piece := line.recv(65536):
            told += piece
    return told


# --- Parameters


@pytest.mark.django_db
def test_what_stands_in_an_address_fills_in_no_form(client, alice):
    client.force_login(alice)
    client.post(f"{reverse('groups:group-new')}?name=Mine", {})
    client.post("/?nickname=Eve&name=Mine", {})
    assert not Group.objects.exists()


@pytest.mark.django_db
def test_of_a_field_that_comes_twice_the_last_one_is_checked_and_used(client, alice):
    client.force_login(alice)
    client.post(reverse("users:account"), "nickname=Ally&nickname=default", content_type=FORM)
    alice.refresh_from_db()
    assert alice.nickname == "Alice"
    client.post(reverse("users:account"), "nickname=default&nickname=Ally", content_type=FORM)
    alice.refresh_from_db()
    assert alice.nickname == "Ally"


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["%3Cb%3E", "&lt;b&gt;", "\\u003cb\\u003e", "%253Cb", "+"])
def test_what_looks_encoded_is_kept_as_it_was_typed(client, alice, typed):
    client.force_login(alice)
    client.post(reverse("users:account"), {"nickname": typed})
    alice.refresh_from_db()
    assert alice.nickname == typed


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["%(nickname)s", "%s%s%n", "{0.__class__}", "{{ user.password }}", "{% now 'Y' %}"]
)
def test_what_looks_like_a_pattern_is_shown_as_it_was_typed(client, alice, typed):
    client.force_login(alice)
    page = client.post(reverse("users:account"), {"nickname": typed}, follow=True)
    assert [str(message) for message in page.context["messages"]] == [f"Your nickname is “{typed}” now."]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ['"},"deck":["x","<b>"],"y":{"', "\\", "</script><script>", "a\u2028b", "<img src=x>"]
)
def test_what_was_typed_breaks_out_of_no_answer_to_a_script(alice, payments, typed):
    client = Client()
    client.force_login(alice)
    client.post(reverse("groups:membership-rename", args=[payments.pk]), {"nickname": typed[:32]})
    frame = json.loads(client.get(reverse("issues:room-state", args=[payments.pk])).content)
    assert set(frame) == {"version", "now", "seats", "states", "stage", "backlog"}
    said = str(frame["seats"])
    assert "Alice" not in said
    assert "<img" not in said
    assert "<script" not in said


@pytest.mark.django_db
def test_nobody_changes_the_address_of_an_account_by_a_form(client, alice):
    client.force_login(alice)
    client.post(reverse("users:account"), {"nickname": "Ally", "email": "eve@example.org"})
    alice.refresh_from_db()
    assert (alice.nickname, alice.email) == ("Ally", "alice@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize("extra", ["is_staff", "is_superuser", "is_active", "id", "pk", "user_permissions"])
def test_a_field_that_no_form_has_changes_nothing(client, extra):
    form = {"nickname": "Eve", "email": "eve@example.org", "password": "a long enough one", extra: "7"}
    client.post(reverse("users:sign-up"), form)
    client.post(reverse("users:account"), {"nickname": "Eva", extra: "7"})
    eve = User.objects.get()
    assert (eve.nickname, eve.is_staff, eve.is_superuser, eve.is_active) == ("Eva", False, False, True)
    assert eve.pk != 7
    assert not eve.user_permissions.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_that_is_too_large_for_the_database_is_a_number_that_is_not_there(alice, payments, number):
    client = Client()
    client.force_login(alice)
    for address in (
        reverse("issues:room", args=[number]),
        reverse("issues:issue-detail", args=[payments.pk, number]),
        f"/api/v1/groups/{number}",
    ):
        assert client.get(address).status_code in {401, 404}
    assert client.get(reverse("issues:issue-list", args=[payments.pk]), {"page": number}).status_code == 200
    vote = client.post(reverse("issues:round-vote", args=[payments.pk, number]), {"card": "5"})
    assert vote.status_code == 409


# --- Where one request ends and the next begins


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ],
)
def test_a_request_that_two_servers_could_read_in_two_ways_is_refused(headers):
    second = b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with served() as server:
        told = answers(
            server, b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n0\r\n\r\n" + second
        )
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"Disallow" not in told
    assert told.count(b"HTTP/1.1 ") == 1
