"""Groups and members in the admin."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from groups.admin_forms import SEATS_SHOWN
from groups.models import Group, Membership, Role
from users.models import User
from users.tests.staff import staff_with

pytestmark = pytest.mark.django_db

GROUPS = "admin:groups_group_changelist"
GROUP = "admin:groups_group_change"
MEMBERS = "admin:groups_membership_changelist"
MEMBER = "admin:groups_membership_change"
MEMBER_ADD = "admin:groups_membership_add"
MEMBER_DELETE = "admin:groups_membership_delete"


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """The browser of a superuser."""
    client.force_login(staff)
    return client


@pytest.fixture
def default(db) -> User:
    return User.objects.create(nickname="default", is_active=False, password="!")


def sentences(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def queries(client, page) -> int:
    client.get("/admin/")  # notes, once a minute, that staff are here
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def form_data(client, page) -> dict[str, str]:
    """What the browser would send back of the page's form and members, unchanged."""
    context = client.get(page).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {form.add_prefix(name): form[name].value() for form in forms for name in form.fields}
    return {name: str(value) for name, value in data.items() if value is not None}


def act(client, action, *groups, query="", **fields):
    selected = {"action": action, "_selected_action": [group.pk for group in groups]}
    return client.post(reverse(GROUPS) + query, selected | fields)


# --- Groups: the list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "pay"}, {"Payments"}),
        ({"q": "Bob"}, {"Search"}),
        ({"q": "alice@example"}, {"Payments"}),
        ({"archived": "yes"}, {"Search"}),
        ({"archived": "no"}, {"Payments", "Unnamed"}),
        ({"owner": "default"}, {"Unnamed"}),
        ({"owner": "somebody"}, {"Payments", "Search"}),
    ],
)
def test_search_and_filters_of_groups_find_exactly(desk, payments, bob, default, query, found):
    Group.objects.start(bob, "Search").archive()
    Group.objects.create(name=None, user=default)
    result = desk.get(reverse(GROUPS), query).context["cl"].result_list
    assert {str(group).split()[0] for group in result} == found


def test_a_group_is_found_by_its_number(desk, payments, bob):
    Group.objects.start(bob, "Search")
    result = desk.get(reverse(GROUPS), {"q": str(payments.pk)}).context["cl"].result_list
    assert list(result) == [payments]


def test_a_number_beyond_every_id_finds_nothing(desk, payments):
    assert not desk.get(reverse(GROUPS), {"q": "9" * 40}).context["cl"].result_list


def test_a_nameless_group_shows_its_number_and_the_count_leads_to_the_members(desk, payments):
    Group.objects.filter(pk=payments.pk).update(name=None)
    page = desk.get(reverse(GROUPS)).content.decode()
    assert f"Unnamed group {payments.pk}" in page
    link = f"{reverse(MEMBERS)}?group__id__exact={payments.pk}"
    assert f'<a href="{link}">2</a>' in page
    assert desk.get(link).context["cl"].result_count == 2


def test_the_lists_take_the_same_queries_for_3_rows_and_for_30(desk, alice):
    def teams(count):
        for number in range(count):
            Group.objects.start(User.objects.create_guest(f"U{number}"), f"Team {number}")

    teams(3)
    few = [queries(desk, reverse(GROUPS)), queries(desk, reverse(MEMBERS))]
    teams(27)
    assert [queries(desk, reverse(GROUPS)), queries(desk, reverse(MEMBERS))] == few


# --- Groups: one of them


def test_a_group_is_added_and_its_owner_gets_a_seat(desk, alice):
    data = form_data(desk, reverse("admin:groups_group_add")) | {"name": "New", "user": alice.pk}
    desk.post(reverse("admin:groups_group_add"), data)
    assert Group.objects.get(name="New").memberships.get().user == alice


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "x" * 33])
def test_a_group_without_a_name_is_refused(desk, payments, name):
    page = reverse(GROUP, args=[payments.pk])
    response = desk.post(page, form_data(desk, page) | {"name": name})
    assert "name" in response.context["adminform"].form.errors
    payments.refresh_from_db()
    assert payments.name == "Payments"


def test_a_name_that_nobody_touched_stays_byte_for_byte(desk, payments, bob):
    Group.objects.filter(pk=payments.pk).update(name="  two  spaces ")
    page = reverse(GROUP, args=[payments.pk])
    desk.post(page, form_data(desk, page) | {"user": bob.pk})
    payments.refresh_from_db()
    assert (payments.name, payments.user) == ("  two  spaces ", bob)


def test_a_new_owner_gets_a_seat_and_the_history_names_the_old_one(desk, staff, payments, charlie):
    page = reverse(GROUP, args=[payments.pk])
    desk.post(page, form_data(desk, page) | {"user": charlie.pk})
    payments.refresh_from_db()
    assert payments.user == charlie
    assert payments.memberships.get(user=charlie).role == Role.FACILITATOR
    assert payments.memberships.count() == 3
    entry = payments.history.first()
    assert (entry.history_change_reason, entry.history_user) == ("Handed over. Owner before: Alice", staff)


def test_a_new_owner_who_is_added_as_member_at_once_gets_that_seat(desk, payments, charlie):
    page = reverse(GROUP, args=[payments.pk])
    row = {
        "memberships-2-user": charlie.pk,
        "memberships-2-nickname": "Chuck",
        "memberships-2-role": "voter",
        "memberships-2-group": payments.pk,
        "memberships-TOTAL_FORMS": 3,
    }
    desk.post(page, form_data(desk, page) | {"user": charlie.pk} | row)
    assert payments.memberships.get(user=charlie).nickname == "Chuck"


def test_neither_default_nor_somebody_inactive_becomes_owner(desk, payments, default):
    page = reverse(GROUP, args=[payments.pk])
    response = desk.post(page, form_data(desk, page) | {"user": default.pk})
    assert response.context["adminform"].form.errors["user"] == ["Choose somebody who is active."]


def test_the_page_of_a_group_offers_to_delete_no_user(desk, payments):
    assert (
        "related-widget-wrapper-link delete-related"
        not in desk.get(reverse(GROUP, args=[payments.pk])).content.decode()
    )


def test_an_owner_who_is_no_number_is_an_error_at_the_field(desk, payments):
    page = reverse(GROUP, args=[payments.pk])
    response = desk.post(page, form_data(desk, page) | {"user": "nobody"})
    assert response.context["adminform"].form.errors["user"]


def test_a_group_is_never_deleted(desk, payments):
    assert (
        desk.post(reverse("admin:groups_group_delete", args=[payments.pk]), {"post": "yes"}).status_code
        == 403
    )
    act(desk, "delete_selected", payments, post="yes")
    assert Group.objects.filter(pk=payments.pk).exists()


# --- Groups: the members on the page


def test_members_are_changed_added_and_deleted_on_the_page(desk, payments, bob, charlie):
    page = reverse(GROUP, args=[payments.pk])
    data = form_data(desk, page) | {
        "memberships-0-nickname": "Ally",
        "memberships-1-DELETE": "on",
        "memberships-2-user": charlie.pk,
        "memberships-2-nickname": "Charlie",
        "memberships-2-role": "observer",
        "memberships-2-group": payments.pk,
        "memberships-TOTAL_FORMS": 3,
    }
    assert desk.post(page, data).status_code == 302
    assert {(seat.nickname, seat.role) for seat in payments.memberships.all()} == {
        ("Ally", "facilitator"),
        ("Charlie", "observer"),
    }


def test_the_owners_seat_cannot_be_deleted_on_the_page(desk, payments, alice):
    page = reverse(GROUP, args=[payments.pk])
    response = desk.post(page, form_data(desk, page) | {"memberships-0-DELETE": "on"})
    assert "The owner keeps a seat." in response.content.decode()
    assert payments.memberships.filter(user=alice).exists()


def test_a_seat_on_the_page_stays_whose_it_is(desk, payments, bobs_seat, charlie):
    page = reverse(GROUP, args=[payments.pk])
    desk.post(page, form_data(desk, page) | {"memberships-1-user": charlie.pk})
    bobs_seat.refresh_from_db()
    assert bobs_seat.user.nickname == "Bob"


def test_a_taken_nickname_on_the_page_is_said_with_a_free_one(desk, payments, bobs_seat):
    page = reverse(GROUP, args=[payments.pk])
    response = desk.post(page, form_data(desk, page) | {"memberships-1-nickname": "alice"})
    assert "alice 2 is free" in response.content.decode()


def test_two_new_members_of_one_nickname_are_refused_together(desk, payments, charlie, guest):
    page = reverse(GROUP, args=[payments.pk])
    rows: dict[str, object] = {"memberships-TOTAL_FORMS": 4}
    for number, user, nickname in ((2, charlie, "Zoë"), (3, guest, "ZOË")):
        rows[f"memberships-{number}-user"] = user.pk
        rows[f"memberships-{number}-nickname"] = nickname
        rows[f"memberships-{number}-role"] = "voter"
        rows[f"memberships-{number}-group"] = payments.pk
    response = desk.post(page, form_data(desk, page) | rows)
    assert "Somebody else in this list has that nickname." in response.content.decode()
    assert payments.memberships.count() == 2


def test_a_group_of_1000_members_shows_the_first_and_leads_to_all(desk, payments):
    crowd = User.objects.bulk_create(User(nickname=f"U{number}", password="!") for number in range(998))
    Membership.objects.bulk_create(
        Membership(group=payments, user=user, nickname=user.nickname, nickname_key=str(number))
        for number, user in enumerate(User.objects.filter(nickname__startswith="U").order_by("pk"))
    )
    assert len(crowd) == 998
    page = reverse(GROUP, args=[payments.pk])
    with CaptureQueriesContext(connection) as captured:
        content = desk.get(page).content.decode()
    assert len(captured) < 20
    assert content.count('class="form-row has_original') == SEATS_SHOWN
    assert f'href="{reverse(MEMBERS)}?group__id__exact={payments.pk}">1000</a>' in content
    assert "of whom the first 50 are below" in content
    assert desk.post(page, form_data(desk, page) | {"memberships-1-nickname": "Bobby"}).status_code == 302
    assert payments.memberships.filter(nickname="Bobby").exists()


# --- Groups: actions


def test_the_page_before_handing_over_says_how_many(desk, payments, bob):
    groups = [payments, *(Group.objects.start(bob, f"Team {number}") for number in range(12))]
    page = act(desk, "hand_over", *groups).content.decode()
    assert "13 groups get a new owner" in page
    assert "and 3 more" in page


def test_selected_groups_are_handed_over(desk, payments, bob, charlie):
    other = Group.objects.start(bob, "Other")
    response = act(desk, "hand_over", payments, confirmed="yes", user=charlie.pk)
    assert response.status_code == 302
    assert "1 group now belongs to Charlie." in sentences(response)
    assert set(Group.objects.filter(user=charlie)) == {payments}
    assert other.user == bob


def test_all_groups_of_a_filter_are_handed_over_across_the_pages(desk, payments, default, charlie):
    Group.objects.bulk_create(Group(name=f"G{number}", user=default) for number in range(150))
    some = Group.objects.filter(user=default)[:2]
    query = "?owner=default"
    page = act(desk, "hand_over", *some, query=query, select_across="1")
    assert "150 groups get a new owner" in page.content.decode()
    assert '<input type="hidden" name="select_across" value="1">' in page.content.decode()
    act(desk, "hand_over", *some, query=query, select_across="1", confirmed="yes", user=charlie.pk)
    assert Group.objects.filter(user=charlie).count() == 150
    assert Membership.objects.filter(user=charlie).count() == 150
    payments.refresh_from_db()
    assert payments.user != charlie


@pytest.mark.parametrize("choice", ["", "0", "not a number", "default", "inactive"])
def test_handing_over_to_nobody_changes_nothing(desk, payments, default, charlie, choice):
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    choice = {"default": default.pk, "inactive": charlie.pk}.get(choice, choice)
    response = act(desk, "hand_over", payments, confirmed="yes", user=choice)
    assert response.context["form"].errors["user"]
    payments.refresh_from_db()
    assert payments.user.nickname == "Alice"


def test_selected_groups_are_archived_and_restored(desk, payments):
    assert "1 group was archived." in sentences(act(desk, "archive", payments))
    payments.refresh_from_db()
    assert payments.is_archived
    act(desk, "restore", payments)
    payments.refresh_from_db()
    assert not payments.is_archived


# --- History


def test_the_history_of_a_group_shows_what_changed_and_who_did_it(desk, payments):
    page = reverse(GROUP, args=[payments.pk])
    desk.post(page, form_data(desk, page) | {"name": "<i>Billing</i>"})
    history = desk.get(reverse("admin:groups_group_history", args=[payments.pk])).content.decode()
    assert "&lt;i&gt;Billing&lt;/i&gt;" in history
    assert "Staff" in history
    assert "style=" not in history


def test_the_history_shows_archiving_although_no_form_does(desk, payments):
    act(desk, "archive", payments)
    payments.refresh_from_db()
    history = desk.get(reverse("admin:groups_group_history", args=[payments.pk])).content.decode()
    assert "<strong>Archived:</strong>" in history


def test_the_history_of_a_deleted_seat_can_be_read(desk, payments, bobs_seat):
    number = bobs_seat.pk
    payments.remove(bobs_seat)
    page = desk.get(reverse("admin:groups_membership_history", args=[number]))
    assert "Deleted" in page.content.decode()


@pytest.mark.parametrize("number", ["999999", "x", "1 or 1"])
def test_a_history_that_is_not_there_is_not_found(desk, payments, number):
    assert desk.get(f"/admin/groups/group/{number}/history/").status_code == 404


def test_history_cannot_be_written(client, payments):
    client.force_login(staff_with("groups.view_group"))
    version = payments.history.first().pk
    page = f"/admin/groups/group/{payments.pk}/history/{version}/"
    client.post(page, {"name": "Mine", "user": payments.user_id})
    payments.refresh_from_db()
    assert payments.name == "Payments"


def test_a_long_history_takes_the_same_queries(desk, payments):
    page = reverse("admin:groups_group_history", args=[payments.pk])
    for number in range(3):
        payments.rename(f"Name {number}")
    desk.get(page)  # kinds of content are remembered from the first time on
    few = queries(desk, page)
    for number in range(27):
        payments.rename(f"Another {number}")
    assert queries(desk, page) == few


# --- Members


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "bob"}, {"Bob"}),
        ({"q": "alice@example"}, {"Alice"}),
        ({"q": "payments"}, {"Alice", "Bob"}),
        ({"role__exact": "voter"}, {"Bob"}),
        ({"role__exact": "observer"}, set()),
    ],
)
def test_search_and_filters_of_members_find_exactly(desk, payments, query, found):
    result = desk.get(reverse(MEMBERS), query).context["cl"].result_list
    assert {seat.nickname for seat in result} == found


def test_a_member_is_added(desk, payments, charlie):
    fields = {"group": payments.pk, "user": charlie.pk, "nickname": " Charlie ", "role": "observer"}
    desk.post(reverse(MEMBER_ADD), fields)
    assert Membership.objects.get(user=charlie).nickname == "Charlie"


@pytest.mark.parametrize("nickname", ["BOB", "ｂｏｂ", " bob"])
def test_a_taken_nickname_is_said_with_a_free_one(desk, payments, charlie, nickname):
    fields = {"group": payments.pk, "user": charlie.pk, "nickname": nickname, "role": "voter"}
    response = desk.post(reverse(MEMBER_ADD), fields)
    assert "2 is free" in response.context["adminform"].form.errors["nickname"][0]


def test_a_second_seat_of_one_user_is_refused(desk, payments, bob):
    fields = {"group": payments.pk, "user": bob.pk, "nickname": "Robert", "role": "voter"}
    response = desk.post(reverse(MEMBER_ADD), fields)
    assert "member of the group already" in response.content.decode()


def test_a_nickname_that_is_taken_in_between_is_said_as_well(desk, payments, charlie, guest):
    def overtake(sender, instance, **_kwargs):
        if instance.user_id == charlie.pk:
            pre_save.disconnect(overtake, Membership)
            payments.join(guest, nickname="Zoë", role=Role.VOTER)

    pre_save.connect(overtake, Membership)
    fields = {"group": payments.pk, "user": charlie.pk, "nickname": "Zoë", "role": "voter"}
    assert desk.post(reverse(MEMBER_ADD), fields).status_code == 302
    assert Membership.objects.get(user=charlie).nickname == "Zoë"


def test_a_seat_stays_where_and_whose_it_is(desk, bobs_seat, charlie):
    page = reverse(MEMBER, args=[bobs_seat.pk])
    desk.post(page, {"nickname": "Bobby", "role": "observer", "user": charlie.pk, "group": "999"})
    bobs_seat.refresh_from_db()
    assert (bobs_seat.nickname, bobs_seat.role) == ("Bobby", "observer")
    assert (bobs_seat.user.nickname, bobs_seat.group.name) == ("Bob", "Payments")


def test_a_seat_is_deleted(desk, bobs_seat):
    desk.post(reverse(MEMBER_DELETE, args=[bobs_seat.pk]), {"post": "yes"})
    assert not Membership.objects.filter(pk=bobs_seat.pk).exists()
    assert Membership.history.filter(id=bobs_seat.pk, history_type="-").exists()


def test_the_owners_seat_stays_and_the_page_says_why(desk, payments, alice, bobs_seat):
    seat = payments.memberships.get(user=alice)
    one = desk.post(reverse(MEMBER_DELETE, args=[seat.pk]), {"post": "yes"})
    selected = {"action": "delete_selected", "_selected_action": [seat.pk, bobs_seat.pk], "post": "yes"}
    many = desk.post(reverse(MEMBERS), selected)
    for page in (one, many):
        assert "Alice owns “Payments”, and the owner keeps a seat." in page.content.decode()
        assert f'href="{reverse(GROUP, args=[payments.pk])}"' in page.content.decode()
    assert payments.memberships.count() == 2


# --- Choices


def suggestions(client, model, field, term):
    query = {"app_label": "groups", "model_name": model, "field_name": field, "term": term}
    return client.get(reverse("admin:autocomplete"), query)


def test_a_choice_of_users_tells_two_of_one_nickname_apart(desk, bob):
    guest = User.objects.create_guest("Bob")
    found = suggestions(desk, "group", "user", "bob").json()["results"]
    assert {entry["text"] for entry in found} == {"Bob (bob@example.org)", f"Bob (guest, number {guest.pk})"}


def test_a_choice_of_groups_tells_two_of_one_name_apart(desk, payments, bob):
    other = Group.objects.start(bob, "Payments")
    found = suggestions(desk, "membership", "group", "paym").json()["results"]
    assert {entry["text"] for entry in found} == {
        f"Payments (number {payments.pk})",
        f"Payments (number {other.pk})",
    }


# --- Staff with some permissions only


def test_clerks_for_groups_who_see_no_users_neither_hand_over_nor_choose_an_owner(client, payments, charlie):
    client.force_login(staff_with("groups.view_group", "groups.change_group", "groups.add_group"))
    act(client, "hand_over", payments, confirmed="yes", user=charlie.pk)
    page = reverse(GROUP, args=[payments.pk])
    client.post(page, form_data(client, page) | {"name": "Renamed", "user": charlie.pk})
    payments.refresh_from_db()
    assert (payments.name, payments.user.nickname) == ("Renamed", "Alice")
    assert client.get(reverse("admin:groups_group_add")).status_code == 403
    assert suggestions(client, "group", "user", "c").status_code == 403


def test_those_who_may_only_look_archive_nothing(client, payments):
    client.force_login(staff_with("groups.view_group"))
    assert client.get(reverse(GROUPS)).context["cl"].result_count == 1
    act(client, "archive", payments)
    payments.refresh_from_db()
    assert not payments.is_archived


def test_clerks_without_members_see_none_on_the_page_of_a_group(client, payments):
    client.force_login(staff_with("groups.change_group", "users.view_user"))
    assert not client.get(reverse(GROUP, args=[payments.pk])).context["inline_admin_formsets"]


def test_the_date_of_archiving_is_shown(desk, payments):
    payments.archive()
    assert str(timezone.now().year) in desk.get(reverse(GROUPS), {"archived": "yes"}).content.decode()
