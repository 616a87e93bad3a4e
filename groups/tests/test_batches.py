"""Changes to many groups at once."""

import pytest

from groups import batches
from groups.models import Group, Membership, Role
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def default(db) -> User:
    return User.objects.create(nickname="default", is_active=False, password="!")


@pytest.fixture
def legacy(default: User, monkeypatch: pytest.MonkeyPatch) -> list[Group]:
    """Seven groups of `default`, to be changed in batches of three."""
    monkeypatch.setattr(batches, "BATCH", 3)
    return [Group.objects.create(name=f"G{number}", user=default) for number in range(7)]


def test_every_group_is_handed_over_with_a_seat_although_the_selection_shrinks(legacy, default, alice, staff):
    assert batches.hand_over(Group.objects.filter(user=default), alice, staff) == 7
    assert Group.objects.filter(user=alice).count() == 7
    seats = Membership.objects.filter(user=alice)
    assert {(seat.nickname, seat.role) for seat in seats} == {("Alice", Role.FACILITATOR)}
    assert seats.count() == 7


def test_the_history_of_each_group_and_seat_says_who_handed_over_and_from_whom(legacy, default, alice, staff):
    batches.hand_over(Group.objects.all(), alice, staff)
    for group in legacy:
        entry = group.history.first()
        assert (entry.history_user, entry.user, entry.history_type) == (staff, alice, "~")
        assert entry.history_change_reason == "Handed over. Owner before: default"
        seat = Membership.objects.get(group=group).history.get()
        assert (seat.history_user, seat.user, seat.history_type) == (staff, alice, "+")


def test_where_the_nickname_is_taken_the_new_owner_gets_a_free_one(payments, legacy, staff):
    newcomer = User.objects.create_user("other-bob@example.org", "BOB")
    batches.hand_over(Group.objects.all(), newcomer, staff)
    assert Membership.objects.get(group=payments, user=newcomer).nickname == "BOB 2"
    assert Membership.objects.get(group=legacy[0], user=newcomer).nickname == "BOB"


def test_the_owner_before_and_those_who_sit_already_keep_their_seats(payments, alice, bob, bobs_seat, staff):
    batches.hand_over(Group.objects.all(), bob, staff)
    assert Membership.objects.filter(group=payments, user=alice).exists()
    assert list(Membership.objects.filter(user=bob)) == [bobs_seat]


def test_groups_that_are_the_new_owners_already_stay_without_an_entry(payments, alice, staff):
    entries = payments.history.count()
    assert batches.hand_over(Group.objects.all(), alice, staff) == 0
    assert payments.history.count() == entries


def test_groups_are_archived_and_restored_with_their_history(legacy, staff):
    assert batches.archive(Group.objects.all(), staff) == 7
    assert not Group.objects.active().exists()
    assert batches.restore(Group.objects.all(), staff) == 7
    assert not Group.objects.archived().exists()
    for group in legacy:
        entries = group.history.filter(history_type="~")
        assert [entry.archived_at is None for entry in entries] == [True, False]
        assert {entry.history_user for entry in entries} == {staff}


def test_what_is_archived_already_keeps_its_date(payments, staff):
    payments.archive()
    assert batches.archive(Group.objects.all(), staff) == 0
    before = payments.archived_at
    payments.refresh_from_db()
    assert payments.archived_at == before


def test_the_number_of_queries_grows_with_the_batches_not_with_the_groups(
    legacy, default, alice, staff, monkeypatch, django_assert_max_num_queries
):
    Group.objects.bulk_create(Group(name="More", user=default) for _number in range(300))
    monkeypatch.setattr(batches, "BATCH", 1000)
    with django_assert_max_num_queries(20):
        batches.hand_over(Group.objects.all(), alice, staff)
