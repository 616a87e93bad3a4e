"""What a process remembers of rooms: never longer, and never more, than it may."""

import runpy
import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from groups.models import Group, Membership
from groups.tests.people import browser
from issues import frames, remembered, room_page, rounds, snapshots, table
from issues.frames import Frames, Have
from issues.models import Presence, Room
from issues.room_parts import Audience
from issues.tests.room import at_the_table, new_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def look(payments):
    """The room's page, as a member gets it."""

    def get(member: Membership) -> str:
        return browser(member.user).get(reverse("issues:room", args=[payments.pk])).content.decode()

    return get


def remembered_now(group: Group) -> Frames:
    room = Room.objects.filter(pk=group.pk).first()
    frames_ = remembered.frames(group.pk, room.version if room else 0)
    assert frames_
    return frames_


def unremembered(group: Group) -> Frames:
    snapshot = snapshots.take(group.pk)
    assert snapshot
    return Frames(snapshot)


def test_the_same_version_is_read_once(payments, alice, anna):
    rounds.begin(payments, alice)
    first = remembered_now(payments)
    assert remembered_now(payments) is first


def test_another_version_is_read_anew(payments, alice, anna):
    round_ = rounds.begin(payments, alice)
    remembered_now(payments)
    rounds.vote(anna, round_.pk, "8")
    assert anna.user_id in remembered_now(payments).snapshot.voted


def test_what_another_process_changed_is_on_the_next_page(payments, alice, anna, look):
    rounds.begin(payments, alice, new_issue(payments, "Refunds"))
    look(anna)
    # As another process does it: this one is not told.
    payments.issues.update(title="Invoices")
    Room.objects.filter(pk=payments.pk).update(version=1000)
    assert "Invoices" in look(anna)


def test_who_has_gone_is_noticed_within_two_seconds_though_presence_has_no_version(
    payments, alice, anna, monkeypatch
):
    rounds.begin(payments, alice)
    assert anna.user_id not in remembered_now(payments).snapshot.away
    Presence.objects.filter(membership=anna).update(seen_at=timezone.now() - timedelta(minutes=5))
    later = time.monotonic() + remembered.LOOKS_AGAIN
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert anna.user_id in remembered_now(payments).snapshot.away


def test_of_two_who_came_at_once_both_are_there_and_the_room_is_not_read_again(payments, alice, anna):
    ben = at_the_table(payments, "Ben")
    Presence.objects.all().delete()
    rounds.begin(payments, alice)
    looked_at = remembered_now(payments)
    assert {anna.user_id, ben.user_id} <= looked_at.snapshot.away
    for member in (anna, ben):
        table.see(member)
        after = remembered.seen(looked_at, member.user_id)
    assert remembered_now(payments) is after
    assert not {anna.user_id, ben.user_id} & after.snapshot.away


def test_who_was_seen_gets_no_older_room_than_they_looked_at(payments, alice, anna):
    round_ = rounds.begin(payments, alice)
    earlier = remembered_now(payments)
    rounds.vote(anna, round_.pk, "8")
    looked_at = remembered_now(payments)
    remembered._keep(payments.pk, remembered._Known(earlier, time.monotonic()))  # by a thread that was slow
    assert anna.user_id in remembered.seen(looked_at, anna.user_id).snapshot.voted


def test_a_group_that_is_gone_is_none(payments):
    Group.objects.filter(pk=payments.pk).delete()
    assert remembered.frames(payments.pk, 1) is None


def test_no_more_rooms_are_kept_than_the_bound_and_those_looked_at_last(payments, alice, monkeypatch):
    monkeypatch.setattr(remembered, "ROOMS", 2)
    groups = [payments, *(Group.objects.start(alice, name) for name in ("One", "Two"))]
    before = [remembered_now(group) for group in groups]
    after = [remembered_now(group) for group in reversed(groups)]
    assert [one is other for one, other in zip(before, reversed(after), strict=True)] == [False, True, True]


def test_a_screen_that_makes_up_what_it_shows_fills_no_memory(payments, alice):
    room = unremembered(payments)
    audience = Audience.of(room.snapshot, alice.pk, "en")
    for number in range(frames.FRAMES_KEPT + 10):
        room.event(audience, Have(seats=f"made up {number}"))
        room.frame(audience, Have(seats=f"made up {number}"))
    assert len(room._frames) == len(room._events) == frames.FRAMES_KEPT


def test_each_frame_tells_the_time_at_which_it_is_sent(payments, alice, anna, monkeypatch):
    """Screens set their timers by it: a late one would otherwise be as late as it comes."""
    room = unremembered(payments)
    audience = Audience.of(room.snapshot, alice.pk, "en")
    first = room.frame(audience, Have())
    later = time.time() + 90
    monkeypatch.setattr(time, "time", lambda: later)
    second = room.frame(audience, Have())
    assert f'"now":{round(later * 1000)},' in second
    assert first.partition(",")[2] == second.partition(",")[2]


# --- The page around the parts


def test_each_person_gets_their_own_card_nickname_and_token(payments, alice, anna, look):
    ben = at_the_table(payments, "Ben")
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8", "Annas reason")
    rounds.vote(ben, round_.pk, "13", "Bens reason")
    annas, bens = look(anna), look(ben)
    assert "You sit here as Anna." in annas
    assert "You sit here as Ben." in bens
    assert "Annas reason" in annas
    assert "Annas reason" not in bens
    assert "Bens reason" in bens
    assert "Bens reason" not in annas
    tokens = [
        text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0] for text in (annas, bens)
    ]
    assert all(tokens)
    assert tokens[0] != tokens[1]


def test_a_group_named_like_a_gap_is_only_named_so(payments, anna, look):
    for name in ("hand seat have chairs", "{{ gaps.hand }}"):
        payments.rename(name)
        assert name in look(anna)


def test_the_word_for_a_gap_is_drawn_anew_in_each_process():
    """Whoever has read the source, or another server's pages, can't write one into the name of a group."""
    drawn = [runpy.run_path(room_page.__file__)["_MARK"] for _process in range(2)]
    assert len({room_page._MARK, *drawn}) == 3
    assert len(room_page._MARK) == 32  # 128 bits, as hexadecimal digits


def test_typed_markup_in_a_nickname_stays_text(payments, anna, look):
    Membership.objects.filter(pk=anna.pk).update(nickname="<b>Anna</b>")
    type(anna.user).objects.filter(pk=anna.user_id).update(nickname="<i>A</i>")
    text = look(anna)
    assert "You sit here as &lt;b&gt;Anna&lt;/b&gt;." in text
    assert "<b>Anna" not in text
    assert "<i>A" not in text


def test_a_renamed_group_has_its_new_name_on_the_next_page(payments, anna, look):
    look(anna)
    payments.rename("Invoices <3")
    assert "Invoices &lt;3" in look(anna)


def test_a_message_is_shown_once(payments, alice, anna, look):
    client = browser(alice)
    client.post(reverse("groups:group-rename", args=[payments.pk]), {"name": "Billing"})
    address = reverse("issues:room", args=[payments.pk])
    assert [client.get(address).content.decode().count("message-success") for _time in range(2)] == [1, 0]
