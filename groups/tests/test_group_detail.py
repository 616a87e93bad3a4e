"""The page of a group."""

import pytest
from django.urls import reverse

from groups.models import Group, Role
from groups.tests.people import browser, seated
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(payments):
    return reverse("groups:group-detail", args=[payments.pk])


def test_members_see_each_other(url, bob):
    text = browser(bob).get(url).content.decode()
    assert "<bdi>Alice</bdi>" in text
    assert "2 members" in text


def test_a_stranger_finds_as_little_as_where_there_is_no_group(url, charlie):
    stranger = browser(charlie)
    there = stranger.get(url)
    nowhere = stranger.get(reverse("groups:group-detail", args=[10**30]))
    assert there.status_code == nowhere.status_code == 404
    assert "Payments" not in there.content.decode()


def test_a_visitor_is_sent_to_sign_in_and_back(url):
    assert browser().get(url)["Location"] == f"{reverse('users:sign-in')}?next={url}"


def test_the_invite_link_is_for_those_who_facilitate(url, payments, alice, bob):
    facilitator = seated(payments, "Fay", Role.FACILITATOR).user
    observer = seated(payments, "Olga", Role.OBSERVER).user
    link = "http://testserver" + reverse("groups:invite-join", args=[payments.invite_token])
    seen = {
        person.nickname: link in browser(person).get(url).content.decode()
        for person in (alice, bob, facilitator, observer)
    }
    assert seen == {"Alice": True, "Bob": False, "Fay": True, "Olga": False}


def test_the_settings_are_for_the_owner(url, payments, alice, bob):
    settings = reverse("groups:group-settings", args=[payments.pk])
    assert settings in browser(alice).get(url).content.decode()
    assert settings not in browser(bob).get(url).content.decode()


def test_who_is_alone_is_told_to_send_the_link(alice):
    group = Group.objects.start(alice, "Search")
    text = browser(alice).get(reverse("groups:group-detail", args=[group.pk])).content.decode()
    assert "You are alone here" in text
    assert text.count(group.invite_token) == 1


def test_an_archived_group_can_be_seen_and_shows_no_link(url, payments, alice, bob):
    payments.archive()
    for person, may_restore in ((alice, True), (bob, False)):
        text = browser(person).get(url).content.decode()
        assert "This group is archived" in text
        assert payments.invite_token not in text
        assert (reverse("groups:group-restore", args=[payments.pk]) in text) == may_restore


def test_an_owner_without_a_seat_is_offered_one(url, payments, alice):
    payments.memberships.filter(user=alice).delete()
    assert "Take a seat" in browser(alice).get(url).content.decode()


@pytest.mark.parametrize("nickname", ["<b>bold</b>", "\"'><img src=x>", "{{ 7|add:7 }}"])
def test_a_hostile_nickname_is_text(url, payments, bobs_seat, alice, nickname):
    bobs_seat.rename(nickname)
    for page in (url, reverse("groups:group-settings", args=[payments.pk])):
        text = browser(alice).get(page).content.decode()
        assert "<b>bold" not in text
        assert "<img src=x" not in text
        assert ">14<" not in text


@pytest.mark.parametrize("page", ["group-detail", "group-settings"])
def test_the_number_of_queries_does_not_grow_with_the_members(
    payments, alice, page, django_assert_max_num_queries
):
    for number in range(60):
        seated(payments, f"Member {number}")
    address = reverse(f"groups:{page}", args=[payments.pk])
    owner = browser(alice)
    # The session, the user, the group, my seat, how many members and who they are.
    with django_assert_max_num_queries(6):
        response = owner.get(address)
    assert len(response.context["members"]) == 50
    assert len(owner.get(address + "?page=2").context["members"]) == 12


def test_a_guest_who_owns_a_group_is_told_how_to_keep_it(guest):
    group = Group.objects.start(guest, "Search")
    text = browser(guest).get(reverse("groups:group-detail", args=[group.pk])).content.decode()
    assert "Keep what you have" in text


def test_a_legacy_group_of_a_user_without_members_can_be_opened(db):
    owner = User.objects.create_guest("Old")
    group = Group.objects.create(name=None, user=owner)
    response = browser(owner).get(reverse("groups:group-detail", args=[group.pk]))
    assert f'<h1 class="breakable"><bdi>Unnamed group {group.pk}</bdi></h1>' in response.content.decode()


def test_the_page_is_there_in_german(url, bob):
    text = browser(bob).get(url, headers={"accept-language": "de"}).content.decode()
    assert "2 Mitglieder" in text
    assert "schätzt mit" in text
