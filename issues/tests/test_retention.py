"""What is archived and deleted by age, and what never is."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from groups.models import Group, Membership
from groups.tests.people import seated
from issues import retention, rounds
from issues.models import Issue, Presence, Room, Round, Transition, Vote
from issues.tests.room import at_the_table, new_issue
from users.models import User

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=400)
YEAR = "365"


def retain(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def age(group: Group) -> None:
    """Everything in it happened long ago."""
    then = timezone.now() - LONG_AGO
    Group.objects.filter(pk=group.pk).update(created_at=then)
    Presence.objects.filter(membership__group=group).update(seen_at=then)
    Transition.objects.filter(round__group=group).update(at=then)
    Vote.objects.filter(round__group=group).update(cast_at=then)
    Issue.objects.filter(group=group).update(created_at=then)
    Round.objects.filter(group=group).update(opened_at=then)


@pytest.fixture
def old(payments: Group, alice: User) -> Group:
    """A group with two rounds, one of them never revealed, in which nobody was for more than a year."""
    anna = at_the_table(payments, "Anna")
    for number, reveals in ((1, True), (2, False)):
        round_ = rounds.begin(payments, alice, new_issue(payments, f"Card {number}"))
        rounds.vote(anna, round_.pk, "8", f"REASON {number}")
        if reveals:
            rounds.reveal(payments, round_.pk, alice, early=True)
        else:
            rounds.cancel(payments, round_.pk, alice)
    age(payments)
    return payments


@pytest.fixture
def archived(old: Group) -> Group:
    old.archive()
    Group.objects.filter(pk=old.pk).update(archived_at=timezone.now() - LONG_AGO)
    old.refresh_from_db()
    return old


# --- Nothing by itself


def test_without_a_policy_it_says_what_to_give(old):
    with pytest.raises(CommandError, match="Say what may go: --archive-after"):
        retain("--apply", "--no-input")


def test_without_apply_it_only_tells(old):
    told = retain("--archive-after", YEAR)
    assert (
        f"Groups to archive: 1\n  {old.pk} Payments, of Alice: 2 issues, 2 rounds, 2 votes, last used" in told
    )
    assert "Nothing was changed. With --apply it is done." in told
    old.refresh_from_db()
    assert not old.is_archived


def test_with_nothing_to_do_it_says_so(payments):
    assert "There is nothing to do." in retain("--archive-after", YEAR, "--apply", "--no-input")


def test_without_a_terminal_it_does_nothing_unasked(old, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandError, match="nobody to ask"):
        retain("--archive-after", YEAR, "--apply")
    old.refresh_from_db()
    assert not old.is_archived


@pytest.mark.parametrize(("days", "is_taken"), [("30", True), ("29", False), ("-1", False), ("x", False)])
def test_a_policy_is_thirty_days_at_least(days, is_taken):
    with nullcontext() if is_taken else pytest.raises(CommandError):
        retain("--archive-after", days)


# --- Archiving


def test_a_group_in_which_nobody_was_is_archived(old):
    retain("--archive-after", YEAR, "--apply", "--no-input")
    old.refresh_from_db()
    assert old.is_archived
    assert Vote.objects.count() == 2


@pytest.mark.parametrize("sign", ["seen", "voted", "issue", "estimate", "made"])
def test_any_sign_of_life_keeps_a_group(old, alice, sign):
    now = timezone.now()
    if sign == "seen":
        Presence.objects.filter(membership__group=old).update(seen_at=now)
    elif sign == "voted":
        Vote.objects.filter(pk=Vote.objects.order_by("pk")[0].pk).update(cast_at=now)
    elif sign == "issue":
        new_issue(old, "New")
    elif sign == "estimate":
        Issue.objects.filter(pk=old.issues.order_by("pk")[0].pk).update(estimated_at=now)
    else:
        Group.objects.filter(pk=old.pk).update(created_at=now)
    assert "There is nothing to do." in retain("--archive-after", YEAR)


def test_a_group_of_unknown_age_that_was_never_used_stays(alice):
    group = Group.objects.start(alice, "From before")
    Group.objects.filter(pk=group.pk).update(created_at=None)
    assert "There is nothing to do." in retain("--archive-after", YEAR)


def test_one_that_was_used_meanwhile_is_not_archived(old):
    since = timezone.now() - timedelta(days=365)
    assert retention.unused(since).get() == old
    Presence.objects.filter(membership__group=old).update(seen_at=timezone.now())
    assert not retention.archive(old, since)


# --- Deleting


def delete(folder: Path) -> str:
    return retain("--delete-after", YEAR, "--apply", "--no-input", "--export-to", str(folder))


def test_a_group_archived_long_ago_is_deleted_with_all_that_is_in_it(archived, tmp_path):
    other = Group.objects.start(archived.user, "Other")
    assert "Groups deleted: 1" in delete(tmp_path)
    assert list(Group.objects.all()) == [other]
    for model in (Vote, Transition, Round, Issue, Room, Presence):
        assert not model.objects.exists(), model
    assert set(Membership.objects.values_list("group", flat=True)) == {other.pk}
    assert set(Membership.history.values_list("group_id", flat=True)) == {other.pk}
    assert set(Group.history.values_list("id", flat=True)) == {other.pk}
    assert User.objects.filter(nickname="Anna").exists()


def test_it_is_written_before_without_what_was_never_revealed(archived, tmp_path):
    delete(tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == f"group-{archived.pk}-payments.json"
    text = path.read_text(encoding="utf-8")
    told = json.loads(text)
    assert [issue["title"] for issue in told["issues"]] == ["Card 1", "Card 2"]
    assert told["rounds"][0]["votes"] == [{"name": "Anna", "card": "8", "reason": "REASON 1"}]
    assert "REASON 2" not in text
    assert [step["state"] for step in told["rounds"][0]["steps"]] == ["open", "revealed"]
    assert told["rounds"][1]["steps"][-1]["votes"] == 1


def test_to_delete_without_a_folder_has_to_be_said(archived):
    with pytest.raises(CommandError, match="--export-to FOLDER"):
        retain("--delete-after", YEAR, "--apply", "--no-input")
    assert Group.objects.filter(pk=archived.pk).exists()
    retain("--delete-after", YEAR, "--apply", "--no-input", "--no-export")
    assert not Group.objects.filter(pk=archived.pk).exists()


def test_a_group_that_can_t_be_written_is_not_deleted(archived, tmp_path):
    (tmp_path / f"group-{archived.pk}-payments.json.part").mkdir()
    with pytest.raises(CommandError, match="could not be written"):
        delete(tmp_path)
    assert Vote.objects.count() == 2


def test_a_folder_that_is_not_there_is_told_before_anything(archived, tmp_path):
    with pytest.raises(CommandError, match="There is no folder"):
        delete(tmp_path / "none")


def test_one_that_was_brought_back_meanwhile_is_not_deleted(archived):
    before = timezone.now() - timedelta(days=365)
    archived.restore()
    assert not retention.delete(archived, before)
    assert Vote.objects.count() == 2


def test_one_archived_for_fewer_days_stays(archived, tmp_path):
    Group.objects.filter(pk=archived.pk).update(archived_at=timezone.now() - timedelta(days=364))
    assert "There is nothing to do." in delete(tmp_path)


# --- Guests


def test_guests_who_belong_nowhere_are_deleted_and_their_votes_stay(old, tmp_path):
    then = timezone.now() - LONG_AGO
    stray, fresh = User.objects.create_guest("Stray"), User.objects.create_guest("Fresh")
    account = User.objects.create_user("account@example.org", "Account", "correct horse battery")
    member = seated(old, "Member").user
    Vote.objects.filter(pk=Vote.objects.order_by("pk")[0].pk).update(voter=stray)
    User.objects.exclude(pk=fresh.pk).update(date_joined=then, last_login=None)
    assert "Guests to delete: 1" in retain("--delete-guests-after", YEAR)
    assert "Guests deleted: 1" in retain("--delete-guests-after", YEAR, "--apply", "--no-input")
    assert not User.objects.filter(pk=stray.pk).exists()
    assert User.objects.filter(pk__in=[fresh.pk, account.pk, member.pk]).count() == 3
    assert Vote.objects.count() == 2


# --- Cut short, and many


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_a_run_that_is_killed_leaves_each_group_whole_or_gone(alice, tmp_path):
    for number in range(30):
        group = Group.objects.start(alice, f"Team {number}")
        for issue in range(3):
            new_issue(group, f"Card {issue}")
        group.archive()
    Group.objects.update(archived_at=timezone.now() - LONG_AGO)
    arguments = ["--delete-after", YEAR, "--apply", "--no-input", "--export-to", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "retention", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "Team 5" in line and " is in " in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    left = Group.objects.count()
    assert 0 < left < 30
    assert {group.issues.count() for group in Group.objects.all()} == {3}
    assert Issue.objects.count() == 3 * left
    delete(tmp_path)
    assert not Group.objects.exists()
    assert len(list(tmp_path.glob("group-*.json"))) == 30


def test_what_is_told_takes_the_same_queries_for_any_number_of_groups(old, alice, django_assert_num_queries):
    for number in range(15):
        group = Group.objects.start(alice, f"Team {number}")
        new_issue(group, "Card")
        age(group)
    with django_assert_num_queries(2):
        assert "Groups to archive: 16" in retain("--archive-after", YEAR)
