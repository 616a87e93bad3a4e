"""manage.py loaddemo and the team that it loads."""

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from estimation import demo
from groups.access import Permission, access
from groups.models import Group, Membership, Role
from issues.models import Room, Round
from users import nicknames
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _real_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


def loaddemo(**options) -> tuple[str, str]:
    """What the command wrote to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("loaddemo", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


# --- The command


def test_an_empty_database_gets_the_team_and_the_way_in_is_said():
    out, _err = loaddemo()
    assert "A demo team was loaded: 13 people in 5 groups." in out
    assert f"{demo.MEMBER}   password: {demo.PASSWORD}" in out
    assert "/groups/1/" in out
    assert User.objects.count() == 13


def test_a_second_time_changes_nothing_and_says_the_way_in_again():
    loaddemo()
    Group.objects.filter(pk=1).update(name="Renamed")
    out, _err = loaddemo()
    assert "was loaded" not in out
    assert f"{demo.MEMBER}   password: {demo.PASSWORD}" in out
    assert "(Renamed)" in out
    assert User.objects.count() == 13


@pytest.mark.parametrize("what", ["user", "group"])
def test_nothing_is_loaded_where_there_is_something(alice, what):
    if what == "group":
        Group.objects.start(alice, "Ours")
    out, _err = loaddemo()
    assert out == "There are users or groups in the database; the demo team was not loaded.\n"
    assert User.objects.count() == 1


def test_another_password_is_not_given_away():
    loaddemo()
    for user in User.objects.exclude(email=None):
        user.set_password("something of our own")
        user.save()
    out, _err = loaddemo()
    assert demo.PASSWORD not in out


def test_an_inactive_demo_account_is_not_offered():
    loaddemo()
    User.objects.filter(email=demo.STAFF).update(is_active=False)
    out, _err = loaddemo()
    assert demo.MEMBER in out
    assert demo.STAFF not in out


def test_verbosity_0_says_nothing():
    assert loaddemo(verbosity=0) == ("", "")
    assert User.objects.count() == 13
    assert loaddemo(verbosity=0) == ("", "")


def test_with_https_on_nothing_is_loaded(settings):
    settings.HTTPS = True
    with pytest.raises(CommandError, match="everybody knows its password, and HTTPS is on"):
        loaddemo()
    assert not User.objects.exists()


def test_with_https_on_and_users_there_it_is_no_error(settings, alice):
    settings.HTTPS = True
    assert "was not loaded" in loaddemo()[0]


def test_with_https_on_a_demo_that_is_there_is_warned_of(settings):
    loaddemo()
    settings.HTTPS = True
    out, err = loaddemo()
    assert demo.PASSWORD not in out + err
    assert "before anybody else reaches the site" in err
    assert "mateusz@demo.example" in err


@pytest.mark.django_db(transaction=True)
def test_without_tables_it_says_to_migrate():
    with connection.schema_editor() as schema:
        schema.alter_db_table(Group, "estimation_group", "elsewhere")
    try:
        with pytest.raises(CommandError, match=r"Run manage\.py migrate first"):
            loaddemo()
    finally:
        with connection.schema_editor() as schema:
            schema.alter_db_table(Group, "elsewhere", "estimation_group")


# --- The team


def test_plain_loaddata_loads_the_team_and_the_next_ids_are_new():
    call_command("loaddata", str(demo.FIXTURE), verbosity=0)
    newcomer = User.objects.create_guest("New")
    group = Group.objects.start(newcomer, "New")
    assert newcomer.pk > 13
    assert group.pk > 5
    assert group.history.first().pk > 10


@pytest.mark.parametrize("email", [demo.MEMBER, demo.STAFF, "priya@demo.example"])
def test_the_demo_accounts_sign_in_with_the_demo_password(client, email):
    loaddemo()
    client.post("/me/sign-in/", {"username": email, "password": demo.PASSWORD})
    assert "_auth_user_id" in client.session


def test_signing_in_does_not_rewrite_the_hashes():
    rows = json.loads(demo.FIXTURE.read_text(encoding="utf-8"))
    hashes = [row["fields"]["password"] for row in rows if row["fields"].get("email")]
    assert len(hashes) == 7
    assert not any(PBKDF2PasswordHasher().must_update(encoded) for encoded in hashes)


def test_guests_have_no_usable_password():
    loaddemo()
    guests = User.objects.filter(email=None)
    assert guests.count() == 6
    assert not any(guest.has_usable_password() for guest in guests)


def test_every_name_and_nickname_passes_the_rules_of_today():
    loaddemo()
    for thing in (*User.objects.all(), *Group.objects.all(), *Membership.objects.all()):
        thing.full_clean()
    for seat in Membership.objects.all():
        assert seat.nickname_key == nicknames.key(seat.nickname)
        assert seat.nickname == nicknames.clean(seat.nickname)


def test_every_group_opens_for_its_members_and_only_for_them(client):
    loaddemo()
    alice = User.objects.get(email=demo.MEMBER)
    client.force_login(alice)
    for group in Group.objects.all():
        response = client.get(reverse("groups:group-detail", args=[group.pk]))
        assert response.status_code == (200 if group.memberships.filter(user=alice).exists() else 404)


def test_every_owner_administers_and_has_a_seat():
    loaddemo()
    for group in Group.objects.select_related("user"):
        assert access(group.user, group.pk, Permission.ADMINISTER).membership is not None


def test_the_team_shows_what_there_is_to_see():
    loaddemo()
    assert {seat.role for seat in Membership.objects.filter(group=1)} == set(Role)
    assert Group.objects.archived().count() == 1
    assert Group.objects.exclude(user__email=demo.MEMBER).exists()
    assert not any(group.history.count() == 0 for group in Group.objects.all())
    for group in Group.objects.all():
        newest = group.history.first()
        assert (newest.name, newest.user_id, newest.archived_at, newest.invite_generation) == (
            group.name,
            group.user_id,
            group.archived_at,
            group.invite_generation,
        )


def test_the_demo_is_in_the_middle_of_a_session():
    loaddemo()
    group = demo.group()
    assert group is not None
    room = Room.objects.get(pk=group.pk)
    assert room.round is not None
    assert room.round.is_open
    assert 0 < room.round.votes.count() < group.memberships.count()
    assert group.issues.to_estimate().count() > 3


def test_the_last_session_of_the_demo_is_of_today_whenever_it_is_loaded():
    loaddemo()
    newest = Round.objects.latest("opened_at")
    assert timezone.now() - timedelta(days=1) <= newest.opened_at <= timezone.now()
    sealed = Round.objects.filter(state=Round.State.SETTLED)
    assert (newest.opened_at - sealed.earliest("opened_at").opened_at).days > 30
