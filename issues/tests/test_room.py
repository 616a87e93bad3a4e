"""The room's page, and what is sent from it, as a browser without scripts does."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from groups import decks
from groups.models import Group, Membership, Role
from groups.tests.people import browser, seated
from issues import remembered, rounds, table
from issues.models import Issue, Presence, Round, Vote
from issues.models.round import State
from issues.tests.room import at_the_table, new_issue, shown

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


@pytest.fixture
def open_round(payments, alice) -> Round:
    return rounds.begin(payments, alice, new_issue(payments, "Refunds", key="PAY-7"))


@pytest.fixture
def url(payments):
    def address(name: str, *more: int) -> str:
        return reverse(f"issues:{name}", args=[payments.pk, *more])

    return address


def page(member: Membership) -> str:
    response = browser(member.user).get(reverse("issues:room", args=[member.group_id]))
    return str(response.content.decode())


# --- The page


def test_before_anything_is_started_the_page_says_who_will(payments, alice, anna):
    table.see(Membership.objects.get(group=payments, user=alice))
    assert "Alice will start the next vote." in page(anna)


def test_an_empty_group_offers_a_vote_without_an_issue(alice, payments):
    text = browser(alice).get(reverse("issues:room", args=[payments.pk])).content.decode()
    assert "Nothing to vote on yet" in text
    assert "Vote now, without an issue" in text


def test_the_first_issue_to_estimate_is_the_one_that_is_offered(alice, payments, url):
    new_issue(payments, "First")
    new_issue(payments, "Second")
    stage = (
        browser(alice)
        .get(url("room"))
        .content.decode()
        .partition('id="part-stage"')[2]
        .partition("</section>")[0]
    )
    assert "First" in stage
    assert "Second" not in stage


def test_whoever_is_alone_gets_the_link_and_a_code_for_the_phone(alice, url):
    group = Group.objects.start(alice, "New")
    text = browser(alice).get(reverse("issues:room", args=[group.pk])).content.decode()
    assert group.invite_token in text
    assert "scan this code" in text


def test_looking_at_the_room_is_being_there(anna, url):
    Presence.objects.all().delete()
    page(anna)
    assert Presence.objects.filter(membership=anna).exists()


def test_looking_again_and_again_is_noted_now_and_then_alone(anna, url):
    def noted(at):
        Presence.objects.filter(membership=anna).update(seen_at=at)
        remembered.forget()
        page(anna)
        return Presence.objects.get(membership=anna).seen_at

    now = timezone.now()
    assert noted(now - table.NOTE_AGAIN / 2) == now - table.NOTE_AGAIN / 2
    assert noted(now - table.NOTE_AGAIN) > now - table.NOTE_AGAIN


def test_one_s_own_card_and_reason_are_there_after_a_reload(anna, open_round):
    rounds.vote(anna, open_round.pk, "8", "much to test")
    text = page(anna)
    assert text.count('aria-pressed="true"') == 1
    assert 'value="much to test"' in text


def test_an_observer_sees_the_deck_and_cannot_play(payments, open_round):
    assert "You observe: you have no vote." in page(seated(payments, "Olga", Role.OBSERVER))


def test_a_page_on_which_nothing_is_typed_looks_again_by_itself(anna, open_round):
    assert "http-equiv" not in page(anna)
    rounds.vote(anna, open_round.pk, "8")
    assert 'http-equiv="refresh"' in page(anna)


def test_those_whose_votes_are_missing_are_named(payments, anna, open_round):
    for nickname in ("Bo", "Cy", "Di", "Ed", "Fi", "Gu"):
        at_the_table(payments, nickname)
    assert "Waiting for Anna, Bo, Cy, Di, Ed and 2 others." in page(anna)


def test_the_queries_of_the_page_do_not_grow_with_the_room(
    payments, alice, anna, open_round, django_assert_num_queries, url
):
    def look():
        client.get(url("room"))

    client = browser(alice)
    look()
    remembered.forget()
    with django_assert_num_queries(9):
        look()
    for number in range(40):
        rounds.vote(at_the_table(payments, f"Voter {number}"), open_round.pk, "5")
        new_issue(payments, f"Issue {number}")
    with django_assert_num_queries(9):
        look()


def test_while_nothing_happens_a_page_asks_only_who_looks_and_what_was_theirs(
    anna, open_round, django_assert_num_queries, url
):
    client = browser(anna.user)
    client.get(url("room"))
    with django_assert_num_queries(3):  # session, user, group with seat and version
        client.get(url("room"))
    rounds.vote(anna, open_round.pk, "5")
    client.get(url("room"))
    with django_assert_num_queries(4):  # and the own vote
        client.get(url("room"))


# --- Voters


@pytest.mark.parametrize("answers", [{}, JSON])
def test_a_vote_is_saved_and_said_to_be(anna, open_round, url, answers):
    form = {"card": "13", "reason": " much\tto  test "}
    response = browser(anna.user).post(url("round-vote", open_round.pk), form, headers=answers)
    assert response.status_code == (200 if answers else 303)
    vote = Vote.objects.get(voter=anna.user)
    assert (vote.card, vote.reason) == ("13", "much to test")


def test_a_reason_alone_goes_to_the_card_that_was_played(anna, open_round, url):
    rounds.vote(anna, open_round.pk, "8")
    browser(anna.user).post(url("round-vote", open_round.pk), {"card": "", "reason": "new"})
    vote = Vote.objects.get(voter=anna.user)
    assert (vote.card, vote.reason) == ("8", "new")


@pytest.mark.parametrize(("length", "status"), [(140, 303), (141, 400)])
def test_a_reason_has_at_most_140_characters(anna, open_round, url, length, status):
    form = {"card": "8", "reason": "w" * length}
    response = browser(anna.user).post(url("round-vote", open_round.pk), form)
    assert response.status_code == status
    assert Vote.objects.count() == (1 if status == 303 else 0)
    if status == 400:
        text = response.content.decode()
        assert "A reason has at most 140 characters. This one has 141; please shorten it." in text
        assert "w" * 141 in text  # nothing typed is lost


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"card": "7"}, 400, "There is no such card in this deck."),
        ({"card": "", "reason": "why"}, 409, "Choose a card first"),
    ],
)
def test_what_is_no_vote_is_said_and_changes_nothing(anna, open_round, url, form, status, said):
    response = browser(anna.user).post(url("round-vote", open_round.pk), form, headers=JSON)
    assert response.status_code == status
    assert said in response.json()["problem"]
    assert not Vote.objects.exists()


@pytest.mark.parametrize("name", ["round-vote", "round-take-back"])
def test_a_round_that_is_over_answers_409_with_the_present_state(
    payments, alice, anna, open_round, url, name
):
    rounds.cancel(payments, open_round.pk, alice)
    following = rounds.begin(payments, alice)
    response = browser(anna.user).post(url(name, open_round.pk), {"card": "8"})
    assert response.status_code == 409
    assert "That vote is over." in response.content.decode()
    assert url("round-vote", following.pk) in response.content.decode()
    assert not Vote.objects.exists()


def test_a_card_is_taken_back(anna, open_round, url):
    rounds.vote(anna, open_round.pk, "8")
    browser(anna.user).post(url("round-take-back", open_round.pk))
    assert not Vote.objects.exists()


def test_my_other_screens_can_ask_for_my_card_alone(anna, open_round, url):
    rounds.vote(anna, open_round.pk, "8", "why")
    told = browser(anna.user).get(url("own-vote")).json()
    assert told == {"round": open_round.pk, "card": "8", "reason": "why"}


# --- Facilitators


def test_an_issue_is_taken_up_and_its_estimate_saved(alice, payments, anna, url):
    issue = new_issue(payments, "Refunds")
    owner = browser(alice)
    owner.post(url("round-begin"), {"issue": issue.pk})
    round_ = Round.objects.get()
    assert round_.issue == issue
    rounds.vote(anna, round_.pk, "8")
    owner.post(url("round-reveal", round_.pk), {"early": "yes"})
    owner.post(url("round-settle", round_.pk), {"card": "8"})
    issue.refresh_from_db()
    assert (issue.estimate, issue.estimated_by) == ("8", alice)


def test_save_and_next_opens_the_following_issue(alice, payments, anna, open_round, url):
    following = new_issue(payments, "Receipts")
    rounds.vote(anna, open_round.pk, "8")
    rounds.reveal(payments, open_round.pk, alice, early=True)
    browser(alice).post(f"{url('round-settle', open_round.pk)}?then=next", {"card": "8"})
    assert Round.objects.latest("pk").issue == following


@pytest.mark.parametrize(
    ("form", "estimate", "value"),
    [
        ({"card": "8"}, "8", 8),
        ({"card": "", "other": "6,5"}, "6,5", decks.card("6.5").value),
        ({"card": "", "other": "big"}, "big", None),
    ],
)
def test_an_estimate_may_be_a_card_or_typed(alice, payments, anna, open_round, url, form, estimate, value):
    rounds.vote(anna, open_round.pk, "8")
    rounds.reveal(payments, open_round.pk, alice, early=True)
    browser(alice).post(url("round-settle", open_round.pk), form)
    issue = Issue.objects.get()
    assert (issue.estimate, issue.estimate_value) == (estimate, value)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Write the estimate, or choose one of the cards."),
        ({"other": "?"}, "? and ☕ are no estimates."),
        ({"other": "far too long"}, "can&#x27;t stand on a card: at most 8 visible characters"),
    ],
)
def test_what_is_no_estimate_is_said_and_nothing_settled(alice, payments, anna, open_round, url, form, said):
    rounds.vote(anna, open_round.pk, "8")
    rounds.reveal(payments, open_round.pk, alice, early=True)
    response = browser(alice).post(url("round-settle", open_round.pk), form)
    assert response.status_code == 400
    assert said in response.content.decode()
    assert Round.objects.get().state == State.REVEALED


def test_an_early_reveal_is_asked_about_first(alice, payments, anna, open_round, url):
    at_the_table(payments, "Ben")
    rounds.vote(anna, open_round.pk, "8")
    owner = browser(alice)
    response = owner.post(url("round-reveal", open_round.pk))
    assert response.status_code == 409
    assert "Ben has not voted. Reveal all the same?" in response.content.decode()
    assert Round.objects.get().is_open
    owner.post(url("round-reveal", open_round.pk), {"early": "yes"})
    assert Round.objects.get().state == State.REVEALED


def test_a_nudge_is_seen_by_those_who_have_not_voted(alice, payments, anna, open_round, url):
    ben = at_the_table(payments, "Ben")
    rounds.vote(anna, open_round.pk, "8")
    browser(alice).post(url("round-nudge", open_round.pk))
    assert "Your vote is waited for." in page(ben)
    assert "Your vote is waited for." not in page(anna)


@pytest.mark.parametrize(("minutes", "runs"), [("5", True), ("", False), ("7", None)])
def test_a_timer_is_one_of_those_offered_or_none(alice, payments, open_round, url, minutes, runs):
    rounds.set_timer(payments, open_round.pk, timedelta(minutes=1))
    before = Round.objects.get().timer_ends_at
    response = browser(alice).post(url("round-timer", open_round.pk), {"minutes": minutes})
    after = Round.objects.get().timer_ends_at
    if runs is None:
        assert response.status_code == 400
        assert after == before
    else:
        assert (after is not None) is runs


def test_a_timer_of_a_round_says_nothing_about_the_next(alice, payments, anna, open_round):
    rounds.reveal_by_itself(payments, on=True)
    rounds.set_timer(payments, open_round.pk, timedelta(seconds=-1))
    rounds.cancel(payments, open_round.pk, alice)
    following = rounds.begin(payments, alice)
    at_the_table(payments, "Ben")
    rounds.vote(anna, following.pk, "8")
    rounds.touch(payments)
    assert Round.objects.get(pk=following.pk).is_open


def test_cards_turn_by_themselves_when_that_is_switched_on(alice, payments, anna, url):
    browser(alice).post(url("room-reveal"), {"by_itself": "yes"})
    Presence.objects.exclude(membership=anna).delete()
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    assert Round.objects.get(pk=round_.pk).state == State.REVEALED


def test_whoever_looks_finds_what_the_time_has_revealed(alice, payments, anna, url):
    """Where no stream is open, nothing else would notice that nobody is waited for any more."""
    at_the_table(payments, "Ben")
    rounds.reveal_by_itself(payments, on=True)
    round_ = rounds.begin(payments, alice)
    rounds.vote(anna, round_.pk, "8")
    Presence.objects.exclude(membership=anna).update(seen_at=timezone.now() - table.AT_THE_TABLE)
    assert Round.objects.get(pk=round_.pk).is_open
    assert "is-card" in page(anna)
    assert Round.objects.get(pk=round_.pk).state == State.REVEALED


# --- Taking over


def away(payments: Group) -> None:
    """Everyone but those seen after this was last seen before the grace period."""
    Presence.objects.update(seen_at=timezone.now() - table.GRACE - timedelta(seconds=1))


def test_where_nobody_who_facilitates_is_here_a_voter_may_take_over(payments, anna, url):
    away(payments)
    assert "Take over facilitating" in page(anna)
    browser(anna.user).post(url("take-over"))
    anna.refresh_from_db()
    assert anna.role == Role.FACILITATOR


def test_within_the_grace_period_nobody_takes_over(payments, alice, anna, url):
    table.see(Membership.objects.get(group=payments, user=alice), timezone.now() - table.GRACE / 2)
    assert "Take over facilitating" not in page(anna)
    assert browser(anna.user).post(url("take-over")).status_code == 409
    anna.refresh_from_db()
    assert anna.role == Role.VOTER


# --- An archived group


def test_in_an_archived_group_nothing_is_changed(payments, alice, anna, open_round, url):
    payments.archive()
    response = browser(anna.user).post(url("round-vote", open_round.pk), {"card": "8"})
    assert response.status_code == 409
    assert "This group is archived. Nothing was changed." in response.content.decode()
    assert not Vote.objects.exists()


# --- The state, for pages that poll


def test_a_page_that_polls_gets_the_parts_that_it_does_not_show(anna, open_round, url):
    client = browser(anna.user)
    have = shown(client.get(url("room")).content.decode())
    rounds.vote(anna, open_round.pk, "8")
    frame = client.get(url("room-state"), {"have": have}).json()
    assert "v" in frame["states"]
    assert "progress" in frame
    assert "stage" not in frame


def test_a_state_that_is_known_is_answered_with_304(anna, open_round, url):
    client = browser(anna.user)
    first = client.get(url("room-state"))
    again = client.get(url("room-state"), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    rounds.vote(anna, open_round.pk, "8")
    assert client.get(url("room-state"), headers={"If-None-Match": first["ETag"]}).status_code == 200
