"""Users in the admin."""

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conftest import PASSWORD
from groups.models import Group, Membership, Role
from users.models import User
from users.tests.staff import staff_with

pytestmark = pytest.mark.django_db

LIST = "admin:users_user_changelist"
CHANGE = "admin:users_user_change"
DELETE = "admin:users_user_delete"
PASSWORD_PAGE = "admin:auth_user_password_change"


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """The browser of a superuser."""
    client.force_login(staff)
    return client


@pytest.fixture
def default(db) -> User:
    return User.objects.create(nickname="default", is_active=False, password="!", date_joined=None)


def sentences(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def act(client, action, *users, **fields):
    selected = {"action": action, "_selected_action": [user.pk for user in users]}
    return client.post(reverse(LIST), selected | fields)


def changed(client, user, **fields):
    """Send the change form as it stands, with some fields changed. Returns the response."""
    form = client.get(reverse(CHANGE, args=[user.pk])).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if name != "password"} | fields
    return client.post(
        reverse(CHANGE, args=[user.pk]), {name: value for name, value in data.items() if value}
    )


# --- The list


def test_the_list_tells_kinds_apart(desk, alice, guest, default):
    page = desk.get(reverse(LIST)).content.decode()
    for kind in ("account", "guest", "placeholder"):
        assert f'<td class="field-kind">{kind}</td>' in page


def test_the_list_counts_groups_and_seats_apart(desk, alice, bob):
    for name in ("One", "Two"):
        Group.objects.start(alice, name)
    Group.objects.start(bob, "Three").join(alice, nickname="Alice", role=Role.VOTER)
    rows = {user.pk: user for user in desk.get(reverse(LIST)).context["cl"].result_list}
    assert (rows[alice.pk].owned_count, rows[alice.pk].held_count) == (2, 3)


def test_a_count_leads_to_the_groups_of_the_user(desk, payments, bob):
    Group.objects.start(bob, "Other")
    page = desk.get(reverse(LIST)).content.decode()
    link = f"{reverse('admin:groups_group_changelist')}?user__id__exact={payments.user_id}"
    assert link in page
    assert list(desk.get(link).context["cl"].result_list) == [payments]


def test_the_list_takes_the_same_queries_for_3_users_and_for_30(desk):
    def people(*numbers):
        for number in numbers:
            Group.objects.start(User.objects.create_user(f"{number}@example.org", f"U{number}"), "Team")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            desk.get(reverse(LIST))
        return len(captured)

    people(1, 2)
    desk.get("/admin/")  # notes, once a minute, that staff are here
    few = queries()
    people(*range(3, 30))
    assert queries() == few


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ali"}, {"Alice"}),
        ({"q": "bob@example"}, {"Bob"}),
        ({"q": "nobody of that name"}, set()),
        ({"kind": "guest"}, {"Gast"}),
        ({"kind": "default"}, {"default"}),
        ({"kind": "account"}, {"Alice", "Bob", "Staff"}),
        ({"is_staff__exact": "1"}, {"Staff"}),
        ({"is_active__exact": "0"}, {"default"}),
        ({"date_joined__isnull": "True"}, {"default"}),
    ],
)
@pytest.mark.usefixtures("alice", "bob", "guest", "default")
def test_search_and_filters_find_exactly(desk, query, found):
    result = desk.get(reverse(LIST), query).context["cl"].result_list
    assert {user.nickname for user in result} == found


def test_a_hostile_nickname_is_shown_as_text(desk):
    hostile = User.objects.create_guest("<b onclick=alert(1)>")
    Group.objects.start(hostile, "<i>group</i>")
    pages = [desk.get(reverse(LIST)), desk.get(reverse(CHANGE, args=[hostile.pk]))]
    pages += [desk.get(reverse(DELETE, args=[hostile.pk])), act(desk, "delete_selected", hostile)]
    for page in pages:
        assert "&lt;b onclick=alert(1)&gt;" in page.content.decode()
        assert "<b onclick" not in page.content.decode()


def test_filtering_by_password_is_refused(desk, alice):
    assert desk.get(reverse(LIST), {"password__startswith": "m"}).status_code == 400


# --- Adding and changing


def test_an_account_is_added_with_email_nickname_and_password(desk):
    fields = {
        "email": " Dora@Example.ORG",
        "nickname": " Dora ",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    desk.post(reverse("admin:users_user_add"), fields)
    dora = User.objects.get(email="dora@example.org")
    assert dora.nickname == "Dora"
    assert dora.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "ALICE@example.org"),
        ("nickname", ""),
        ("nickname", "Default"),
        ("nickname", "\u200b"),
        ("nickname", "x" * 33),
        ("password2", "another password"),
    ],
)
def test_a_wrong_field_is_said_at_the_field_and_nobody_is_added(desk, alice, field, value):
    fields = {"email": "d@example.org", "nickname": "D", "password1": PASSWORD, "password2": PASSWORD}
    response = desk.post(reverse("admin:users_user_add"), fields | {field: value})
    assert field in response.context["adminform"].form.errors
    assert not User.objects.filter(email="d@example.org").exists()


def test_an_account_is_changed(desk, alice):
    changed(desk, alice, nickname="Alicia", email="Alicia@example.org")
    alice.refresh_from_db()
    assert (alice.nickname, alice.email) == ("Alicia", "alicia@example.org")
    assert alice.check_password(PASSWORD)


def test_an_account_keeps_an_email(desk, alice):
    response = changed(desk, alice, email="")
    assert "email" in response.context["adminform"].form.errors


def test_a_nickname_changed_by_staff_is_taken_into_the_groups_where_it_is_free(desk, alice, bob, payments):
    other = Group.objects.start(bob, "Other")
    response = changed(desk, bob, nickname="Alice")
    assert [seat.nickname for seat in Membership.objects.filter(user=bob).order_by("pk")] == ["Bob", "Alice"]
    assert any("In 1 group somebody else has that nickname" in sentence for sentence in sentences(response))
    assert other.memberships.get().nickname == "Alice"


def test_an_email_makes_a_guest_an_account(desk, guest):
    changed(desk, guest, email="gast@example.org")
    guest.refresh_from_db()
    assert not guest.is_guest
    assert not guest.has_usable_password()


def test_a_guest_has_no_password_and_no_privileges_in_the_form(desk, guest):
    fields = desk.get(reverse(CHANGE, args=[guest.pk])).context["adminform"].form.fields
    shown = [
        name
        for _title, options in desk.get(reverse(CHANGE, args=[guest.pk])).context["adminform"].fieldsets
        for name in options["fields"]
    ]
    assert "password" not in shown
    assert not {"is_staff", "is_superuser", "groups"} & fields.keys()


def test_the_password_of_an_account_is_changed(desk, alice):
    page = desk.get(reverse(PASSWORD_PAGE, args=[alice.pk]))
    assert page.status_code == 200
    new = {
        "password1": "another long password",
        "password2": "another long password",
        "usable_password": "true",
    }
    response = desk.post(reverse(PASSWORD_PAGE, args=[alice.pk]), new)
    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("another long password")


def test_the_password_page_of_a_guest_says_that_there_is_none(desk, guest):
    response = desk.get(reverse(PASSWORD_PAGE, args=[guest.pk]))
    assert response.url == reverse(CHANGE, args=[guest.pk])
    assert any("has no password" in sentence for sentence in sentences(response))


def test_nobody_takes_their_own_rights_away(desk, staff):
    fields = desk.get(reverse(CHANGE, args=[staff.pk])).context["adminform"].form.fields
    assert not {"is_active", "is_staff", "is_superuser"} & fields.keys()


def test_the_placeholder_can_only_be_looked_at(desk, default):
    page = desk.get(reverse(CHANGE, args=[default.pk]))
    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    assert "It can never sign in" in page.content.decode()
    assert desk.post(reverse(CHANGE, args=[default.pk]), {"nickname": "Mallory"}).status_code == 403
    assert desk.get(reverse(PASSWORD_PAGE, args=[default.pk])).status_code == 403
    default.refresh_from_db()
    assert (default.nickname, default.is_active) == ("default", False)


# --- Deleting


def test_whoever_is_in_no_group_and_no_history_can_be_deleted(desk, guest):
    assert desk.post(reverse(DELETE, args=[guest.pk]), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=guest.pk).exists()


def test_an_owner_cannot_be_deleted_and_the_page_leads_to_the_groups(desk, alice, payments):
    for send in (desk.get, desk.post):
        page = send(reverse(DELETE, args=[alice.pk]), {"post": "yes"}).content.decode()
        assert "Alice (alice@example.org) owns 1 group." in page
        assert f'href="{reverse("admin:groups_group_changelist")}?user__id__exact={alice.pk}"' in page
    assert User.objects.filter(pk=alice.pk).exists()


def test_an_owner_among_the_selected_keeps_all_of_them(desk, alice, guest, payments):
    page = act(desk, "delete_selected", alice, guest, post="yes").content.decode()
    assert "Alice (alice@example.org) owns 1 group." in page
    assert User.objects.filter(pk=guest.pk).exists()


def test_the_placeholder_cannot_be_deleted_while_groups_are_his(desk, default, django_assert_max_num_queries):
    Group.objects.bulk_create(Group(name=f"G{number}", user=default) for number in range(300))
    with django_assert_max_num_queries(20):
        page = desk.post(reverse(DELETE, args=[default.pk]), {"post": "yes"}).content.decode()
    assert "default (stands for groups without an owner)" in page
    assert "owns 300 groups." in page
    assert "G17" not in page
    assert User.objects.filter(pk=default.pk).exists()


def test_the_placeholder_without_groups_can_be_deleted(desk, default):
    desk.post(reverse(DELETE, args=[default.pk]), {"post": "yes"})
    assert not User.objects.filter(pk=default.pk).exists()


def test_whoever_was_once_in_a_group_stands_in_its_history_and_stays(desk, payments, bobs_seat, bob):
    payments.remove(bobs_seat)
    page = desk.post(reverse(DELETE, args=[bob.pk]), {"post": "yes"}).content.decode()
    assert "stands in the history" in page
    assert User.objects.filter(pk=bob.pk).exists()


def test_whoever_wrote_the_admins_log_stays(desk, alice):
    LogEntry.objects.create(user=alice, action_flag=1, object_repr="something")
    desk.post(reverse(DELETE, args=[alice.pk]), {"post": "yes"})
    assert LogEntry.objects.filter(user=alice).exists()


def test_nobody_deletes_themselves(desk, staff):
    page = desk.post(reverse(DELETE, args=[staff.pk]), {"post": "yes"}).content.decode()
    assert "You cannot delete yourself." in page


def test_a_refusal_of_many_names_some_and_counts_the_others(desk):
    people = [User.objects.create_user(f"{number}@example.org", f"U{number}") for number in range(25)]
    for person in people:
        Group.objects.start(person, "Team")
    page = act(desk, "delete_selected", *people).content.decode()
    assert page.count("owns 1 group.") == 20
    assert "and 5 more" in page


# --- Actions


def test_users_are_deactivated_and_activated(desk, alice, bob):
    act(desk, "deactivate", alice, bob)
    assert not User.objects.filter(pk__in=[alice.pk, bob.pk], is_active=True).exists()
    response = act(desk, "activate", alice, bob)
    assert User.objects.filter(pk__in=[alice.pk, bob.pk], is_active=True).count() == 2
    assert "2 users were activated." in sentences(response)


def test_deactivating_stands_in_the_users_history(desk, alice):
    act(desk, "deactivate", alice)
    page = desk.get(reverse("admin:users_user_history", args=[alice.pk])).content.decode()
    assert "Changed Active." in page


def test_neither_oneself_nor_the_placeholder_is_switched(desk, staff, default, alice):
    response = act(desk, "deactivate", staff, alice)
    assert "1 user was deactivated." in sentences(response)
    assert any(sentence.startswith("1 user was left as it was") for sentence in sentences(response))
    act(desk, "activate", default)
    for user in (staff, default):
        was = user.is_active
        user.refresh_from_db()
        assert user.is_active == was


# --- Staff with some permissions only


def test_clerks_change_no_staff_and_give_no_privileges(client, staff, alice):
    client.force_login(staff_with("users.view_user", "users.change_user"))
    assert client.post(reverse(CHANGE, args=[staff.pk]), {"nickname": "Mine"}).status_code == 403
    assert client.get(reverse(PASSWORD_PAGE, args=[staff.pk])).status_code == 403
    fields = client.get(reverse(CHANGE, args=[alice.pk])).context["adminform"].form.fields
    assert not {"is_staff", "is_superuser", "groups", "user_permissions"} & fields.keys()
    act(client, "deactivate", staff)
    staff.refresh_from_db()
    assert staff.is_active


def test_clerks_who_send_a_privilege_all_the_same_give_none(client, alice):
    client.force_login(staff_with("users.change_user"))
    changed(client, alice, is_superuser="on", is_staff="on")
    alice.refresh_from_db()
    assert not alice.is_superuser
    assert not alice.is_staff


def test_clerks_delete_no_staff(client, staff, guest):
    client.force_login(staff_with("users.view_user", "users.delete_user"))
    assert client.post(reverse(DELETE, args=[staff.pk]), {"post": "yes"}).status_code == 403
    assert act(client, "delete_selected", staff, guest, post="yes").status_code == 403
    assert User.objects.filter(pk__in=[staff.pk, guest.pk]).count() == 2


def test_those_who_may_only_look_have_no_actions(client, alice):
    client.force_login(staff_with("users.view_user"))
    assert client.get(reverse(LIST)).context["cl"].result_count == 2
    act(client, "deactivate", alice)
    alice.refresh_from_db()
    assert alice.is_active
    assert "Reset password" not in client.get(reverse(CHANGE, args=[alice.pk])).content.decode()


# --- createsuperuser


def test_createsuperuser_takes_email_and_nickname(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@Example.org")
    monkeypatch.setenv("DJANGO_SUPERUSER_NICKNAME", "Root")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, verbosity=0)
    root = User.objects.get(email="root@example.org")
    assert root.is_superuser
    assert root.nickname == "Root"
    assert root.check_password(PASSWORD)


def test_createsuperuser_without_a_nickname_says_so(db):
    with pytest.raises(CommandError, match="--nickname"):
        call_command("createsuperuser", interactive=False, email="root@example.org")


def test_createsuperuser_asks_for_email_and_nickname(db, monkeypatch):
    asked = []

    def answer(question=""):
        asked.append(question)
        return "root@example.org" if "mail" in question else "Root"

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("getpass.getpass", lambda *_arguments: PASSWORD)
    call_command("createsuperuser", interactive=True, verbosity=0, stdin=Terminal())
    assert asked == ["E-mail: ", "Nickname: "]
    assert User.objects.get().check_password(PASSWORD)


class Terminal(io.StringIO):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True
