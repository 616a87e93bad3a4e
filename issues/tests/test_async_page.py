"""The page on which a group votes in its own time, as a browser without scripts uses it."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from groups.models import Group, Membership, Role
from groups.tests.people import browser, seated
from issues import async_rounds, remembered, rounds
from issues.models import Issue, Round, Vote
from issues.models.round import State
from issues.rooms import room_of
from issues.tests.room import new_issue
from users.models import User

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}
ASIDE = {"page": "async"}

Address = Callable[..., str]


@pytest.fixture
def url(payments: Group) -> Address:
    def address(name: str, *more: int) -> str:
        return reverse(f"issues:{name}", args=[payments.pk, *more])

    return address


@pytest.fixture
def anna(payments: Group) -> Membership:
    return seated(payments, "Anna")


@pytest.fixture
def issues(payments: Group) -> list[Issue]:
    return [new_issue(payments, title, description="Details of it") for title in ("Refunds", "Receipts")]


@pytest.fixture
def opened(payments: Group, alice: User, issues: list[Issue]) -> Sequence[Round]:
    return async_rounds.begin(payments, alice, issues, timezone.now() + timedelta(days=1))


@pytest.fixture
def page(url: Address) -> Callable[[User], str]:
    def get(user: User) -> str:
        return re.sub(r"\s+", " ", browser(user).get(url("async")).content.decode())

    return get


# --- What it shows


def test_where_nothing_is_open_it_says_what_this_is_for(page, anna, alice):
    assert "Then all cards turn at once" in page(anna.user)
    assert "A facilitator opens issues here." in page(anna.user)
    assert "A facilitator opens issues here." not in page(alice)


def test_each_open_issue_has_its_cards_its_description_and_how_far_the_votes_are(page, opened, anna):
    rounds.vote(anna, opened[0].pk, "5")
    text = page(anna.user)
    assert "2 issues are open for votes" in text
    assert "You have voted on 1 of 2." in text
    assert "1 of 3 have voted. Waiting for Alice, Bob." in text
    assert text.count("Details of it") == 2
    assert text.count('aria-pressed="true"') == 1


def test_whoever_votes_alone_is_offered_no_break(page, opened, anna):
    text = page(anna.user)
    assert 'value="?"' in text
    assert 'value="☕"' not in text


def test_an_observer_sees_the_issues_and_no_cards(payments, page, opened):
    text = page(seated(payments, "Olga", Role.OBSERVER).user)
    assert "Refunds" in text
    assert "You observe: you have no vote." in text
    assert 'class="card' not in text


def test_a_deadline_that_has_come_is_kept_by_whoever_looks(page, opened, anna):
    rounds.vote(anna, opened[0].pk, "5")
    Round.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    assert "1 issue to talk about" in page(anna.user)
    assert [round_.state for round_ in Round.objects.order_by("pk")] == [State.REVEALED, State.CANCELLED]


def test_the_room_tells_of_it_and_reveals_too(url, opened, anna):
    rounds.vote(anna, opened[0].pk, "5")
    client = browser(anna.user)
    assert "2 issues open for votes, the first until" in client.get(url("room")).content.decode()
    Round.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    remembered.forget()  # as if the time had passed
    client.get(url("room"))
    assert set(Round.objects.values_list("state", flat=True)) == {State.REVEALED, State.CANCELLED}


def test_an_archived_group_shows_what_was_open_and_changes_nothing(payments, page, opened, anna, url):
    payments.archive()
    assert "Nobody votes here any more" in page(anna.user)
    answer = browser(anna.user).post(url("round-vote", opened[0].pk), {"card": "5", **ASIDE})
    assert answer.status_code == 409
    assert "This group is archived" in answer.content.decode()
    assert not Vote.objects.exists()


@pytest.mark.parametrize("number", [2, 30])
def test_the_queries_do_not_grow_with_the_issues(
    payments, alice, anna, url, number, django_assert_num_queries
):
    many = [new_issue(payments, f"Card {each}") for each in range(number)]
    for round_ in async_rounds.begin(payments, alice, many, timezone.now() + timedelta(days=1))[::2]:
        rounds.vote(anna, round_.pk, "5")
        rounds.reveal(payments, round_.pk, alice, early=True)
    client = browser(anna.user)
    # Session, user, group with seat; whether there are rounds, the rounds, votes of the revealed; own votes, who has
    # voted, who may.
    with django_assert_num_queries(9):
        client.get(url("async"))


# --- Voting


@pytest.mark.parametrize("answers", [{}, JSON])
def test_a_vote_is_saved_and_leads_back_to_its_issue(anna, opened, url, answers):
    form = {"card": "13", "reason": " much\tto  test ", "round": opened[0].pk, **ASIDE}
    response = browser(anna.user).post(url("round-vote", opened[0].pk), form, headers=answers)
    if answers:
        assert response.json() == {"saved": True}
    else:
        assert response["Location"] == f"{url('async')}#round-{opened[0].pk}"
    vote = Vote.objects.get(voter=anna.user)
    assert (vote.card, vote.reason) == ("13", "much to test")


def test_a_reason_that_is_too_long_is_told_and_kept_where_it_was_typed(anna, opened, url):
    form = {"card": "5", "reason": "x" * 141, "round": opened[1].pk, **ASIDE}
    response = browser(anna.user).post(url("round-vote", opened[1].pk), form)
    assert response.status_code == 400
    text = response.content.decode()
    assert "A reason has at most 140 characters. This one has 141; please shorten it." in text
    assert text.count("x" * 141) == 1
    assert not Vote.objects.exists()


def test_a_vote_that_comes_too_late_is_told_so_on_this_page(anna, opened, url):
    Round.objects.filter(pk=opened[0].pk).update(deadline=timezone.now() - timedelta(seconds=1))
    response = browser(anna.user).post(url("round-vote", opened[0].pk), {"card": "5", **ASIDE})
    assert response.status_code == 409
    assert "That vote is over." in response.content.decode()
    assert "Vote in your own time" in response.content.decode()


# --- Facilitators


def test_issues_are_chosen_and_opened(alice, issues, url, payments):
    client = browser(alice)
    assert "Refunds" in client.get(url("async-begin")).content.decode()
    form = {"issues": [issues[1].pk], "time": "4", "reveals_by_itself": "on"}
    response = client.post(url("async-begin"), form)
    assert response["Location"] == url("async")
    round_ = Round.objects.get()
    assert (round_.issue, round_.reveals_by_itself) == (issues[1], True)
    assert round_.deadline
    assert timedelta(hours=3.9) < round_.deadline - timezone.now() <= timedelta(hours=4)
    assert room_of(payments).round is None


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"time": "4"}, "Choose at least one issue."),
        ({"issues": ["1x"], "time": "4"}, "One of these issues can no longer be voted on."),
        ({"issues": ["<first>"], "time": "5"}, "There is no such time. Choose one of the list."),
        ({"issues": ["<first>"]}, "Choose how long the votes are open."),
    ],
)
def test_what_can_t_be_opened_is_told_in_a_sentence(alice, issues, url, form, sentence):
    form = {
        name: [issues[0].pk if each == "<first>" else each for each in value] if name == "issues" else value
        for name, value in form.items()
    }
    response = browser(alice).post(url("async-begin"), form)
    assert sentence in response.content.decode()
    assert not Round.objects.exists()


def test_an_issue_of_another_group_is_not_opened(alice, url):
    foreign = new_issue(Group.objects.start(alice, "Other"), "Foreign")
    response = browser(alice).post(url("async-begin"), {"issues": [foreign.pk], "time": "4"})
    assert "One of these issues can no longer be voted on." in response.content.decode()
    assert not Round.objects.exists()


def test_an_issue_that_is_open_is_not_offered_again(alice, opened, payments, url):
    more = new_issue(payments, "Export")
    text = browser(alice).get(url("async-begin")).content.decode()
    assert "Export" in text
    assert "Refunds" not in text
    assert more.title == "Export"


def test_where_there_is_nothing_to_open_the_way_to_new_issues_is_shown(alice, url, payments):
    assert url("issue-add") in browser(alice).get(url("async-begin")).content.decode()


def test_too_many_at_a_time_are_refused(alice, issues, url, monkeypatch):
    monkeypatch.setattr(async_rounds, "MAX_OPEN", 1)
    form = {"issues": [issue.pk for issue in issues], "time": "4"}
    response = browser(alice).post(url("async-begin"), form)
    assert response.status_code == 409
    assert "may be open for votes at a time" in response.content.decode()
    assert not Round.objects.exists()


def test_the_deadline_is_moved(alice, opened, url):
    response = browser(alice).post(url("async-deadline"), {"time": "168", **ASIDE})
    assert response["Location"] == url("async")
    assert Round.objects.filter(deadline__gt=timezone.now() + timedelta(days=6)).count() == 2


def test_a_deadline_that_is_none_moves_nothing(alice, opened, url):
    before = set(Round.objects.values_list("deadline", flat=True))
    response = browser(alice).post(url("async-deadline"), {"time": "5", **ASIDE})
    assert response.status_code == 400
    assert "There is no such time." in response.content.decode()
    assert set(Round.objects.values_list("deadline", flat=True)) == before


def test_to_reveal_all_is_asked_first(alice, anna, opened, url):
    rounds.vote(anna, opened[0].pk, "5")
    client = browser(alice)
    assert "Reveal all now?" in client.post(url("async-end"), ASIDE).content.decode()
    assert Round.objects.open().count() == 2
    assert client.post(url("async-end"), {"early": "yes", **ASIDE})["Location"] == url("async")
    assert Round.objects.open().count() == 0


def test_to_reveal_one_early_names_who_is_missing_and_leads_back_here(alice, anna, opened, url):
    rounds.vote(anna, opened[0].pk, "5")
    client = browser(alice)
    asked = client.post(url("round-reveal", opened[0].pk), ASIDE).content.decode()
    assert "Alice, Bob have not voted. Reveal all the same?" in asked
    assert '<input type="hidden" name="page" value="async">' in asked
    answer = client.post(url("round-reveal", opened[0].pk), {"early": "yes", **ASIDE})
    assert answer["Location"].startswith(url("async"))


@pytest.fixture
def revealed(payments, alice, anna, opened):
    ben = seated(payments, "Ben")
    for round_, cards in zip(opened, ("55", "38"), strict=True):
        for seat, card in zip((anna, ben), cards, strict=True):
            rounds.vote(seat, round_.pk, card, "BECAUSE")
    async_rounds.end(payments, alice)
    return opened


def test_what_all_agree_on_is_saved_by_one_button(alice, revealed, url, page):
    assert "1 issue on which all agree" in page(alice)
    text = browser(alice).post(url("async-settle-agreed"), ASIDE, follow=True).content.decode()
    assert "1 estimate is saved." in text
    assert Round.objects.get(pk=revealed[0].pk).estimate == "5"
    assert "on which all agree" not in text


def test_a_disputed_one_is_put_on_the_table(alice, revealed, url, payments, page):
    assert "1 issue to talk about" in page(alice)
    response = browser(alice).post(url("round-discuss", revealed[1].pk))
    assert response["Location"].startswith(url("room"))
    assert room_of(payments).round == revealed[1]
    room = browser(alice).get(url("room")).content.decode()
    assert "BECAUSE" in room


def test_the_room_lists_the_disputed_ones_for_its_facilitators(alice, anna, revealed, url):
    button = url("round-discuss", revealed[1].pk)
    assert button in browser(alice).get(url("room")).content.decode()
    assert button not in browser(anna.user).get(url("room")).content.decode()
