"""My groups."""

import pytest
from django.urls import reverse

from groups.models import Group, Role

pytestmark = pytest.mark.django_db
URL = "/groups/"


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return lambda **parameters: client.get(URL, parameters)


def test_mine_are_those_that_i_own_and_those_in_which_i_sit(page, payments, charlie, alice):
    joined = Group.objects.start(charlie, "Search")
    joined.join(alice, nickname="Alice", role=Role.OBSERVER)
    Group.objects.start(charlie, "Not mine")
    assert list(page().context["groups"]) == [joined, payments]


def test_a_group_shows_its_members_my_role_and_whether_it_is_mine(page, payments):
    text = page().content.decode()
    assert "2 members" in text
    assert "facilitator" in text
    assert "yours" in text


def test_an_owner_without_a_seat_still_finds_the_group(page, payments, alice):
    payments.memberships.filter(user=alice).delete()
    assert list(page().context["groups"]) == [payments]


def test_archived_groups_stand_apart(page, payments):
    payments.archive()
    response = page()
    assert list(response.context["groups"]) == []
    assert list(response.context["archived"]) == [payments]
    assert "1 archived group" in response.content.decode()


def test_who_has_no_group_is_offered_both_ways_to_one(page):
    text = page().content.decode()
    assert f'action="{reverse("groups:group-new")}"' in text
    assert f'action="{reverse("groups:invite-open")}"' in text


@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_nameless_group_can_be_told_and_opened(page, alice, name):
    group = Group.objects.create(name=name, user=alice)
    assert f"Unnamed group {group.pk}</bdi></a>" in page().content.decode()


def test_a_hostile_name_is_text(page, alice):
    Group.objects.start(alice, "<script>1</script>")
    text = page().content.decode()
    assert "<script>1" not in text
    assert "&lt;script&gt;1" in text


def test_fifty_groups_make_a_page(page, alice):
    for number in range(51):
        Group.objects.start(alice, f"Group {number}")
    assert len(page().context["groups"]) == 50
    assert len(page(page=2).context["groups"]) == 1
    assert len(page(page="nonsense").context["groups"]) == 50


def test_the_number_of_queries_does_not_grow_with_the_groups(page, alice, django_assert_max_num_queries):
    for number in range(20):
        Group.objects.start(alice, f"Group {number}")
        Group.objects.start(alice, f"Old group {number}").archive()
    # The session, the user, and for each of the two lists a count, the groups and my seats in them.
    with django_assert_max_num_queries(8):
        page()


def test_a_new_group_is_started_once_however_often_the_form_comes(client, alice):
    client.force_login(alice)
    form = {"name": "Search", "csrfmiddlewaretoken": "t" * 64}
    first, second = (client.post(reverse("groups:group-new"), form) for _ in range(2))
    assert first.url == second.url
    assert Group.objects.get().user == alice


def test_a_new_group_needs_a_name_that_can_be_seen(client, alice):
    client.force_login(alice)
    response = client.post(reverse("groups:group-new"), {"name": " \u200b "})
    assert response.context["form"].errors["name"]
    assert not Group.objects.exists()


@pytest.mark.parametrize(("name", "fits"), [("🎲" * 32, True), ("🎲" * 33, False)])
def test_the_name_of_a_group_has_32_characters_at_most(client, alice, name, fits):
    client.force_login(alice)
    client.post(reverse("groups:group-new"), {"name": name})
    assert Group.objects.filter(user=alice).exists() == fits
