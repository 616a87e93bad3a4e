"""What groups do when a user changes the nickname, or a guest signs in to an account."""

import pytest
from django.urls import reverse

from conftest import PASSWORD
from groups.models import Group, Membership, Role
from groups.tests.people import browser

pytestmark = pytest.mark.django_db


def sign_in(guest, email="alice@example.org"):
    client = browser(guest)
    response = client.post(reverse("users:sign-in"), {"username": email, "password": PASSWORD}, follow=True)
    return client, response


def messages(response):
    return [str(message) for message in response.context["messages"]]


def test_a_new_nickname_holds_in_every_group(bob, bobs_seat, charlie):
    other = Group.objects.start(charlie, "Search").join(bob, nickname="Bob 7", role=Role.VOTER)
    browser(bob).post(reverse("users:account"), {"nickname": "Bobby"})
    for seat in (bobs_seat, other):
        seat.refresh_from_db()
        assert seat.nickname == "Bobby"


def test_where_the_nickname_is_taken_the_old_one_stays_and_that_is_said(bob, bobs_seat, charlie):
    other = Group.objects.start(charlie, "Search").join(bob, nickname="Bob", role=Role.VOTER)
    response = browser(bob).post(reverse("users:account"), {"nickname": "alice"}, follow=True)
    assert messages(response) == [
        "Your nickname is “alice” now.",
        "In “Payments” somebody else has that nickname, so you are still “Bob” there.",
    ]
    bobs_seat.refresh_from_db()
    other.refresh_from_db()
    assert (bobs_seat.nickname, other.nickname) == ("Bob", "alice")


def test_groups_and_seats_of_a_guest_go_to_the_account(guest, alice, payments, charlie):
    owned = Group.objects.start(guest, "Guests")
    joined = Group.objects.start(charlie, "Search")
    seat = joined.join(guest, nickname="Gast", role=Role.OBSERVER)
    client, response = sign_in(guest)
    owned.refresh_from_db()
    seat.refresh_from_db()
    assert owned.user == alice
    assert (seat.user, seat.nickname, seat.role) == (alice, "Gast", Role.OBSERVER)
    assert not Membership.objects.filter(user=guest).exists()
    assert messages(response) == ["What you had as the guest “Gast” is here now."]
    assert client.get(reverse("groups:group-detail", args=[owned.pk])).status_code == 200


@pytest.mark.parametrize(
    ("roles", "stays"),
    [
        ((Role.FACILITATOR, Role.OBSERVER), Role.FACILITATOR),
        ((Role.OBSERVER, Role.VOTER), Role.VOTER),
        ((Role.VOTER, Role.OBSERVER), Role.VOTER),
        ((Role.VOTER, Role.VOTER), Role.VOTER),
    ],
)
def test_where_both_sit_one_seat_stays_with_the_stronger_role(guest, payments, bobs_seat, roles, stays):
    payments.join(guest, nickname="Gast", role=roles[0])
    bobs_seat.change_role(roles[1])
    sign_in(guest, "bob@example.org")
    bobs_seat.refresh_from_db()
    assert (bobs_seat.role, bobs_seat.nickname) == (stays, "Bob")
    assert payments.memberships.count() == 2


def test_a_group_that_the_guest_owns_and_in_which_the_account_sits_has_one_seat_of_it(guest, bob):
    group = Group.objects.start(guest, "Guests")
    group.join(bob, nickname="Bob", role=Role.OBSERVER)
    sign_in(guest, "bob@example.org")
    group.refresh_from_db()
    seat = group.memberships.get()
    assert (group.user, seat.user, seat.nickname, seat.role) == (bob, bob, "Bob", Role.FACILITATOR)


def test_the_history_tells_each_change(guest, alice, charlie):
    owned = Group.objects.start(guest, "Guests")
    seat = owned.memberships.get()
    sign_in(guest)
    assert [entry.user_id for entry in owned.history.order_by("history_id")] == [guest.pk, alice.pk]
    assert [entry.user_id for entry in seat.history.order_by("history_id")] == [guest.pk, alice.pk]


def test_the_history_tells_of_the_seat_that_went(guest, bob, payments, bobs_seat):
    seat = payments.join(guest, nickname="Gast", role=Role.VOTER)
    sign_in(guest, "bob@example.org")
    assert [entry.history_type for entry in Membership.history.filter(id=seat.pk).order_by("history_id")] == [
        "+",
        "-",
    ]


def test_a_guest_with_nothing_is_not_spoken_of(guest, alice):
    assert messages(sign_in(guest)[1]) == []


def test_a_guest_who_signs_up_keeps_groups_seats_and_roles(guest, payments):
    owned = Group.objects.start(guest, "Guests")
    seat = payments.join(guest, nickname="Gast", role=Role.OBSERVER)
    client = browser(guest)
    form = {"nickname": "Gast", "email": "gast@example.org", "password": "a long enough one"}
    client.post(reverse("users:sign-up"), form)
    for group in (owned, payments):
        assert client.get(reverse("groups:group-detail", args=[group.pk])).status_code == 200
    seat.refresh_from_db()
    assert (seat.user, seat.role) == (guest, Role.OBSERVER)
