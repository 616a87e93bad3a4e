"""A group and its seats."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from groups import invitations
from groups.models import Group, Membership, NicknameTaken, OwnerMustStay, Role
from users.models import User

pytestmark = pytest.mark.django_db


def test_whoever_starts_a_group_owns_it_and_facilitates(alice):
    group = Group.objects.start(alice, "Payments")
    assert group.user == alice
    assert Membership.objects.get(group=group, user=alice).role == Role.FACILITATOR


def test_joining_twice_gives_the_same_seat(payments, charlie):
    first = payments.join(charlie, nickname="Charlie", role=Role.VOTER)
    second = payments.join(charlie, nickname="Charlie", role=Role.VOTER)
    assert first == second


def test_a_nickname_stands_once_in_a_group_whatever_its_case(payments, charlie):
    with pytest.raises(NicknameTaken) as taken:
        payments.join(charlie, nickname="BOB", role=Role.VOTER)
    assert taken.value.free == "BOB 2"
    assert not Membership.objects.filter(group=payments, user=charlie).exists()


def test_two_emoji_are_two_nicknames_on_every_database(payments, charlie, guest):
    payments.join(charlie, nickname="🚀", role=Role.VOTER)
    payments.join(guest, nickname="🔥", role=Role.VOTER)
    assert payments.memberships.count() == 4


def test_the_free_nickname_skips_the_taken_ones_and_fits_32_characters(payments, charlie, guest):
    payments.join(charlie, nickname="x" * 32, role=Role.VOTER)
    payments.join(guest, nickname="x" * 30 + " 2", role=Role.VOTER)
    assert payments.free_nickname("X" * 32) == "X" * 30 + " 3"


def test_a_member_may_be_called_the_same_in_another_group(bob, payments, charlie):
    other = Group.objects.start(charlie, "Search")
    other.join(User.objects.create_guest("Bob"), nickname="Bob", role=Role.VOTER)


def test_the_database_refuses_a_second_seat_of_one_user(payments, bob):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(group=payments, user=bob, nickname="Bobby")


def test_the_owner_cannot_be_removed(payments, alice):
    with pytest.raises(OwnerMustStay):
        payments.remove(Membership.objects.get(group=payments, user=alice))
    assert payments.memberships.filter(user=alice).exists()


def test_handing_over_gives_a_seat_to_the_new_owner_and_keeps_that_of_the_old_one(payments, alice, charlie):
    payments.hand_over(charlie)
    payments.refresh_from_db()
    assert payments.user == charlie
    assert set(payments.memberships.values_list("user", flat=True)) >= {alice.pk, charlie.pk}


def test_a_user_who_owns_a_group_cannot_be_deleted(payments, alice):
    with pytest.raises(ProtectedError):
        alice.delete()


@pytest.mark.parametrize("name", [None, "", "   ", "\u200b"])
def test_a_nameless_group_shows_its_number(alice, name):
    group = Group.objects.create(name=name, user=alice)
    assert str(group) == f"Unnamed group {group.pk}"


def test_a_renewed_invite_has_another_token(payments):
    before = payments.invite_token
    payments.renew_invite()
    assert payments.invite_token != before
    assert invitations.read(payments.invite_token) == (payments.pk, 1)


@pytest.mark.parametrize("token", ["", "1.0", "1.0.", "1.0.AAAA", "x" * 500, "1.0.é"])
def test_a_made_up_invite_token_means_nothing(token):
    assert invitations.read(token) is None


def test_an_archived_group_leaves_the_active_ones_and_comes_back(payments):
    payments.archive()
    assert list(Group.objects.active()) == []
    assert list(Group.objects.archived()) == [payments]
    payments.restore()
    assert list(Group.objects.active()) == [payments]


def test_member_counts_come_with_one_query(payments, django_assert_num_queries):
    Group.objects.start(payments.user, "Search")
    with django_assert_num_queries(1):
        assert [group.member_count for group in Group.objects.with_member_count().order_by("pk")] == [2, 1]
