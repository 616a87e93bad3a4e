"""What the server signs and takes back: invite links and the tickets of the live feed.

Each is tried as it would come from somebody who makes one of their own: signed with another key, by another
algorithm, for another purpose, or too late.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from groups import invitations
from groups.models import Group
from issues import tickets
from issues.tests.feed import PATIENCE, served
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

INVITATION = "groups.invitations"  # the purposes
TICKET = "issues.tickets"
OTHER_KEY = "another key, which is long enough for anything 0123456789"


def opens(token: str) -> bool:
    """Whether a visitor gets to a group by this link."""
    return Client().get(reverse("groups:invite-join", args=[token])).status_code == 200


def told(group: Group, **signer: Any) -> str:
    """A link's token as `signer` makes it."""
    return signing.Signer(**{"salt": INVITATION, "sep": "."} | signer).sign(f"{group.pk}.0")


# --- Invite links


def test_a_link_is_made_by_whoever_has_the_key(payments):
    assert told(payments) == payments.invite_token
    assert opens(told(payments))


@pytest.mark.parametrize(
    "signer",
    [{"key": OTHER_KEY}, {"algorithm": "sha1"}, {"algorithm": "md5"}, {"salt": TICKET}],
    ids=str,
)
def test_a_link_that_is_signed_otherwise_leads_nowhere(payments, signer):
    assert not opens(told(payments, **signer))


def test_a_link_without_its_signature_leads_nowhere(payments):
    number = payments.invite_token.rpartition(".")[0]
    assert not opens(number)
    assert not opens(f"{number}.")


def test_a_link_that_was_changed_leads_nowhere(payments, charlie):
    other = Group.objects.start(charlie, "Search")
    signature = payments.invite_token.rpartition(".")[2]
    assert not opens(f"{other.pk}.0.{signature}")


def test_links_of_an_earlier_key_go_on_working_while_the_key_is_changed(payments, settings):
    token, settings.SECRET_KEY_FALLBACKS = payments.invite_token, [settings.SECRET_KEY]
    settings.SECRET_KEY = OTHER_KEY
    # Signers read the key when they are made, which is when a process starts.
    started = signing.Signer(salt=INVITATION, sep=".")
    assert started.unsign(token) == f"{payments.pk}.0"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.Signer(salt=INVITATION, sep=".").unsign(token)


def test_sessions_of_an_earlier_key_go_on_while_the_key_is_changed(client, alice, settings):
    client.force_login(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = OTHER_KEY
    assert client.get(reverse("users:account")).status_code == 200


def test_a_signature_has_256_bits(payments):
    signature = payments.invite_token.rpartition(".")[2]
    assert len(signing.b64_decode(signature.encode())) * 8 == 256
    assert invitations.read(payments.invite_token) == (payments.pk, 0)


# --- Tickets of the live feed

Listen = Callable[..., int]


@pytest.fixture
def listen(alice: User, payments: Group) -> Iterator[Listen]:
    """Asks for the stream of Alice's room with a ticket that `change` has made of hers; gives the status."""
    with served() as server:
        browser = Client()
        browser.force_login(alice)
        browser.get(reverse("issues:room", args=[payments.pk]))
        (name,) = [name for name in browser.cookies if tickets.COOKIE in name]
        shown = {key: cookie.value for key, cookie in browser.cookies.items()}

        def ask(change: Callable[[str], str] = str) -> int:
            cookies = "; ".join(
                f"{key}={value}" for key, value in (shown | {name: change(shown[name])}).items()
            )
            where = urlsplit(server)
            with closing(HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)) as asking:
                path = reverse("issues:room-feed", args=[payments.pk])
                asking.request("GET", path, headers={"Cookie": cookies})
                return asking.getresponse().status

        yield ask


def resigned(**signer: Any) -> Callable[[str], str]:
    """The same ticket, signed by another."""

    def change(ticket: str) -> str:
        return signing.TimestampSigner(**{"salt": TICKET} | signer).sign(ticket.rsplit(":", 2)[0])

    return change


def test_a_ticket_as_it_was_given_is_good(listen):
    assert listen() == 200
    assert listen(resigned()) == 200


@pytest.mark.parametrize(
    "signer", [{"key": OTHER_KEY}, {"algorithm": "sha1"}, {"algorithm": "md5"}, {"salt": INVITATION}], ids=str
)
def test_a_ticket_that_is_signed_otherwise_opens_nothing(listen, signer):
    assert listen(resigned(**signer)) == 403


def test_a_ticket_without_its_signature_opens_nothing(listen):
    assert listen(lambda ticket: ticket.rpartition(":")[0]) == 403
    assert listen(lambda ticket: ticket.rpartition(":")[0] + ":") == 403


def test_a_ticket_that_is_too_old_opens_nothing(listen, monkeypatch):
    monkeypatch.setattr(tickets, "VALID", -1)  # seconds
    assert listen() == 403
