"""Browsers of the cast, for tests that try a page as several people."""

from django.test import Client

from groups.models import Group, Membership, Role
from users.models import User


def browser(user: User | None = None) -> Client:
    """A browser of its own in which the user is signed in, or nobody."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def seated(group: Group, nickname: str, role: str = Role.VOTER) -> Membership:
    """The seat of a new guest."""
    seat: Membership = group.join(User.objects.create_guest(nickname), nickname=nickname, role=role)
    return seat
