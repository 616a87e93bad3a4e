"""Members: what the owner does with their seats, and each with their own."""

import pytest
from django.urls import reverse

from groups.models import Group, Membership, Role
from groups.tests.people import browser, seated

pytestmark = pytest.mark.django_db


@pytest.fixture
def of_bob(payments, bobs_seat):
    return lambda name: reverse(f"groups:{name}", args=[payments.pk, bobs_seat.pk])


@pytest.fixture
def mine(payments):
    return lambda name: reverse(f"groups:{name}", args=[payments.pk])


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("role", Role.values)
def test_the_owner_gives_a_member_a_role(alice, bobs_seat, of_bob, role):
    browser(alice).post(of_bob("member-role"), {"role": role})
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == role


@pytest.mark.parametrize("role", ["", "owner", "VOTER"])
def test_a_role_that_does_not_exist_changes_nothing(alice, bobs_seat, of_bob, role):
    response = browser(alice).post(of_bob("member-role"), {"role": role}, follow=True)
    assert messages(response) == ["There is no such role. Nothing was changed."]
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == Role.VOTER


@pytest.mark.parametrize("name", ["member-role", "member-remove"])
@pytest.mark.parametrize("role", [Role.OBSERVER, Role.VOTER, Role.FACILITATOR])
def test_nobody_but_the_owner_may(payments, bobs_seat, of_bob, name, role):
    member = seated(payments, "Mia", role).user
    assert browser(member).post(of_bob(name), {"role": Role.FACILITATOR}).status_code == 403
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == Role.VOTER


@pytest.mark.parametrize("name", ["member-role", "member-remove"])
def test_a_stranger_finds_nothing(charlie, bobs_seat, of_bob, name):
    assert browser(charlie).post(of_bob(name), {"role": Role.OBSERVER}).status_code == 404
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == Role.VOTER


@pytest.mark.parametrize("name", ["member-role", "member-remove"])
def test_an_owner_reaches_nobody_in_another_group(charlie, bobs_seat, name):
    own = Group.objects.start(charlie, "Search")
    address = reverse(f"groups:{name}", args=[own.pk, bobs_seat.pk])
    assert browser(charlie).post(address, {"role": Role.OBSERVER}).status_code == 404
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == Role.VOTER


def test_a_removed_member_no_longer_finds_the_group(alice, bob, mine, of_bob):
    browser(alice).post(of_bob("member-remove"))
    assert browser(bob).get(mine("group-detail")).status_code == 404


def test_after_removing_the_owner_is_offered_to_renew_the_link(alice, of_bob, mine):
    response = browser(alice).post(of_bob("member-remove"), follow=True)
    assert messages(response) == ["Bob is removed, but still knows the invite link."]
    banner = response.content.decode().split('class="messages"')[1].split("</ul>")[0]
    assert mine("invite-renew") in banner


def test_removing_twice_finds_nobody_the_second_time(alice, of_bob):
    owner = browser(alice)
    owner.post(of_bob("member-remove"))
    assert owner.post(of_bob("member-remove")).status_code == 404


def test_the_owner_cannot_be_removed(alice, payments):
    seat = Membership.objects.get(group=payments, user=alice)
    response = browser(alice).post(reverse("groups:member-remove", args=[payments.pk, seat.pk]), follow=True)
    assert messages(response) == [
        "The owner can’t leave. First hand the group over to a member, or archive it."
    ]
    assert Membership.objects.filter(pk=seat.pk).exists()


def test_a_member_leaves(bob, bobs_seat, mine):
    member = browser(bob)
    response = member.post(mine("membership-leave"), follow=True)
    assert messages(response) == ["You have left “Payments”."]
    assert member.get(mine("group-detail")).status_code == 404


def test_the_owner_cannot_leave_and_is_told_what_to_do(alice, payments, mine):
    response = browser(alice).post(mine("membership-leave"), follow=True)
    assert response.redirect_chain[0][0] == mine("group-settings")
    assert messages(response) == [
        "The owner can’t leave. First hand the group over to a member, or archive it."
    ]
    assert payments.memberships.filter(user=alice).exists()


def test_a_member_takes_another_nickname_in_this_group_alone(bob, bobs_seat, mine):
    browser(bob).post(mine("membership-rename"), {"nickname": "Bobby"})
    bobs_seat.refresh_from_db()
    bob.refresh_from_db()
    assert (bobs_seat.nickname, bob.nickname) == ("Bobby", "Bob")


def test_the_own_nickname_can_be_written_differently(bob, bobs_seat, mine):
    browser(bob).post(mine("membership-rename"), {"nickname": "BOB"})
    bobs_seat.refresh_from_db()
    assert bobs_seat.nickname == "BOB"


def test_a_taken_nickname_is_told_and_a_free_one_is_in_the_field(bob, bobs_seat, mine):
    response = browser(bob).post(mine("membership-rename"), {"nickname": "alice"})
    form = response.context["form"]
    assert form.errors["nickname"] == ["Somebody here is called “alice” already. “alice 2” is free."]
    assert form["nickname"].value() == "alice 2"
    assert "Take “alice 2”" in response.content.decode()
    bobs_seat.refresh_from_db()
    assert bobs_seat.nickname == "Bob"


def test_a_nickname_of_33_characters_is_refused(bob, bobs_seat, mine):
    response = browser(bob).post(mine("membership-rename"), {"nickname": "x" * 33})
    assert response.context["form"].errors["nickname"]
    bobs_seat.refresh_from_db()
    assert bobs_seat.nickname == "Bob"


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.VOTER])
@pytest.mark.parametrize("before", Role.values)
def test_a_member_chooses_to_vote_or_to_observe(bob, bobs_seat, mine, before, role):
    bobs_seat.change_role(before)
    browser(bob).post(mine("membership-role"), {"role": role})
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == role


@pytest.mark.parametrize("role", [Role.FACILITATOR, "", "owner"])
def test_nobody_makes_themselves_facilitator(bob, bobs_seat, mine, role):
    response = browser(bob).post(mine("membership-role"), {"role": role}, follow=True)
    assert messages(response) == ["Choose whether you vote or observe."]
    bobs_seat.refresh_from_db()
    assert bobs_seat.role == Role.VOTER


@pytest.mark.parametrize("name", ["membership-leave", "membership-rename", "membership-role"])
def test_a_stranger_has_no_seat_to_change(charlie, mine, name):
    assert browser(charlie).post(mine(name), {"nickname": "C", "role": Role.VOTER}).status_code == 404


@pytest.mark.parametrize("name", ["membership-leave", "membership-rename", "membership-role"])
def test_an_owner_without_a_seat_has_none_to_change(alice, payments, mine, name):
    payments.memberships.filter(user=alice).delete()
    answer = browser(alice).post(mine(name), {"nickname": "C", "role": Role.VOTER})
    assert answer.status_code == 404
