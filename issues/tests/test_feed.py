"""The live feed: what screens are told, and when they are told nothing any more. On a real server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from groups.models import Group, Membership, Role
from groups.tests.people import browser
from issues import rounds, snapshots, table, tickets
from issues.feed import channels, heartbeat, streams
from issues.models import Presence, Room
from issues.tests.feed import PATIENCE, Screen, eventually, served
from issues.tests.room import at_the_table, shown
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

Watch = Callable[..., Screen]


@pytest.fixture
def server() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def screen(server: str, payments: Group) -> Iterator[Watch]:
    """Opens a screen of a user in the group's room."""
    with ExitStack() as opened:

        def watch(user: User, have: str = "") -> Screen:
            made = Screen(server, payments, user, have)
            opened.callback(made.close)
            return made

        yield watch


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


def test_a_screen_is_told_the_present_state_at_once(payments, alice, anna, screen):
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    frame = screen(alice).next_frame()
    assert frame["version"] == Room.objects.get(pk=payments.pk).version
    # Alice looks at it but has not voted, Bob is away, Anna has voted.
    assert frame["states"] == "mMv"
    assert [name for pk, role, name in frame["seats"]["all"] if "Anna" in name]
    assert "Reveal (1/" in frame["progress"][1]


def test_a_vote_is_told_to_all_others_without_its_card(payments, alice, bob, anna, screen):
    round_ = rounds.begin(payments, alice)
    one, other = screen(alice), screen(bob)
    for told in (one, other):
        told.next_frame()
    rounds.vote(anna, round_.pk, "8", "SECRET-REASON")
    for told in (one, other):
        frame = told.until(lambda frame: frame["states"][2] == "v")
        assert "cards" not in frame
        assert b"SECRET-REASON" not in told.raw
    rounds.reveal(payments, round_.pk, alice, early=True)
    revealed = one.until(lambda frame: "cards" in frame)
    assert revealed["cards"] == [None, None, "8"]
    assert "stage" in revealed


def test_what_a_screen_shows_already_is_not_told_again(payments, alice, screen):
    rounds.begin(payments, alice)
    have = shown(browser(alice).get(reverse("issues:room", args=[payments.pk])).content.decode())
    frame = screen(alice, have).next_frame()
    assert set(frame) == {"version", "now", "states"}


def test_who_sits_down_later_is_told_as_one_more_seat(payments, alice, screen):
    watching = screen(alice)
    watching.next_frame()
    late = at_the_table(payments, "Lena")
    frame = watching.until(lambda frame: "seats" in frame)
    assert [seat[0] for seat in frame["seats"]["put"]] == [late.pk]
    assert frame["seats"]["left"] == []


def test_a_change_of_another_process_is_found_by_the_room_s_version(payments, alice, anna, screen):
    watching = screen(alice)
    watching.next_frame()
    # As another process writes it: nothing rings here.
    Room.objects.filter(pk=payments.pk).update(version=1000)
    assert watching.until(lambda frame: frame["version"] == 1000)


def test_a_member_who_is_removed_loses_the_stream_at_once(payments, bob, bobs_seat, screen):
    watching = screen(bob)
    watching.next_frame()
    payments.remove(bobs_seat)
    while watching.next_event()[0] != "gone":
        pass
    with pytest.raises(EOFError):
        watching.next_event()


def test_a_facilitator_made_so_while_watching_gets_the_buttons(payments, alice, bob, bobs_seat, screen):
    rounds.begin(payments, alice)
    watching = screen(bob)
    assert "Stop this vote" not in watching.next_frame()["stage"][1]
    bobs_seat.change_role(Role.FACILITATOR)
    frame = watching.until(lambda frame: "stage" in frame)
    assert "Stop this vote" in frame["stage"][1]


def test_a_screen_that_is_open_keeps_its_person_present(monkeypatch, payments, alice, bob, bobs_seat, screen):
    monkeypatch.setattr(channels, "SEEN", 0)
    monkeypatch.setattr(channels, "LOOK_AGAIN", 0.1)
    watching = screen(bob)
    watching.next_frame()
    Presence.objects.filter(pk=bobs_seat.pk).update(seen_at=timezone.now() - table.AT_THE_TABLE)
    eventually(lambda: Presence.objects.get(pk=bobs_seat.pk).seen_at > timezone.now() - table.PRESENT)


def test_a_round_reveals_itself_when_its_time_is_over(payments, alice, anna, screen):
    rounds.reveal_by_itself(payments, on=True)
    round_ = rounds.begin(payments, alice)
    table.see(Membership.objects.get(group=payments, user=alice))
    watching = screen(alice)
    rounds.vote(anna, round_.pk, "8")
    rounds.set_timer(payments, round_.pk, timedelta(seconds=0.5))
    assert watching.until(lambda frame: "cards" in frame)["cards"][2] == "8"


@pytest.mark.parametrize("cookie", ["", "feed=forged", "feed"])
def test_without_a_ticket_there_is_no_stream(server, payments, cookie):
    where = urlsplit(server)
    with closing(HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)) as asking:
        asking.request("GET", reverse("issues:room-feed", args=[payments.pk]), headers={"Cookie": cookie})
        assert asking.getresponse().status == 403


def test_a_ticket_is_good_for_its_room_alone(alice, payments):
    client = browser(alice)
    session = client.cookies["sessionid"].value
    cookie = client.get(reverse("issues:room", args=[payments.pk])).cookies["feed"]
    seal = tickets.seal(session, alice)
    assert tickets.read(cookie.value, session, payments.pk) == tickets.Ticket(
        payments.pk, alice.pk, "en", seal, session
    )
    assert tickets.read(cookie.value, session, payments.pk + 1) is None
    assert cookie["path"] == reverse("issues:room-feed", args=[payments.pk])
    assert cookie["httponly"]


def test_the_feed_holds_two_connections_to_the_database_at_most(payments, alice, screen):
    for _screen in range(20):
        screen(alice).next_frame()
    assert len([thread for thread in threading.enumerate() if thread.name.startswith("feed")]) <= 2


def test_a_screen_that_reads_nothing_slows_nobody(payments, alice, bob, anna, server, screen):
    """Its socket fills up; everyone else is told as before."""
    idle = [screen(bob) for _socket in range(5)]
    watching = screen(alice)
    watching.next_frame()
    for number in range(40):
        round_ = rounds.begin(payments, alice)
        for member in payments.memberships.all():
            member.rename(f"{member.nickname[:20]} {number}")
        rounds.cancel(payments, round_.pk, alice)
    version = Room.objects.get(pk=payments.pk).version
    assert watching.until(lambda frame: frame["version"] == version)
    assert all(stuck.frames == [] for stuck in idle)


def test_a_quiet_stream_says_that_it_lives(monkeypatch, payments, alice, screen):
    monkeypatch.setattr(streams, "PING", 0)
    monkeypatch.setattr(heartbeat, "EVERY", 0.05)
    watching = screen(alice)
    watching.next_frame()
    assert watching.next_event()[0] == "ping"


def test_many_streams_that_are_cut_at_once_come_back(payments, alice, bob, anna, server, screen):
    """And get the present state, which was changed meanwhile."""
    round_ = rounds.begin(payments, alice)
    first = [screen(user) for user in (alice, bob) * 25]
    for watching in first:
        watching.next_frame()
    for watching in first:
        watching.close()
    rounds.vote(anna, round_.pk, "8")
    again = [screen(user) for user in (alice, bob) * 25]
    assert all(watching.next_frame()["states"][2] == "v" for watching in again)


def test_the_feed_goes_on_when_the_database_was_away(payments, alice, bob, screen, monkeypatch):
    watching = screen(alice)
    watching.next_frame()
    taken = snapshots.take
    failures: list[int] = []

    def fails_once(group_id: int) -> object:
        if not failures:
            failures.append(group_id)
            raise OperationalError("The server has gone away")
        return taken(group_id)

    monkeypatch.setattr(channels, "RETRY", 0.05)
    monkeypatch.setattr(snapshots, "take", fails_once)
    late = at_the_table(payments, "Lena")
    frame = watching.until(lambda frame: "seats" in frame)
    assert frame["seats"]["put"][0][0] == late.pk
    assert failures


def test_after_a_read_that_took_very_long_the_feed_does_not_rest_in_proportion(
    payments, alice, screen, monkeypatch
):
    monkeypatch.setattr(channels, "REST", 10_000)
    monkeypatch.setattr(channels, "LONGEST_REST", 0.05)
    watching = screen(alice)
    watching.next_frame()
    at_the_table(payments, "Lena")
    assert watching.until(lambda frame: "seats" in frame)
