"""A team's account: what it was told and is not kept is found; a part of `make faulttest`, on the suite's database."""

import time

import pytest
from django.db import connection

from estimation.tests.load.team import Team, Told, longest_pause
from estimation.tests.site import Site
from issues.models import Round, Vote

KILLS = 3


def account() -> tuple[list[tuple[int, str, str]], dict[int, str]]:
    votes = list(Vote.objects.values_list("round_id", "name", "card"))
    return votes, dict(Round.objects.values_list("pk", "estimate"))


@pytest.mark.django_db(transaction=True)
def test_what_a_team_was_told_is_kept_by_a_site_that_is_killed():
    site = Site()
    site.start()
    try:
        team = Team([site.url], "Payments", voters=4, seed=1, facilitators=2)
        team.gather()
        with team.playing():
            for number in range(1, KILLS + 1):
                while len(team.acknowledged_at) < 4 * number:
                    time.sleep(0.02)
                site.kill()
                site.start()
            while len(team.acknowledged_at) < 4 * (KILLS + 2):
                time.sleep(0.02)
        connection.close()  # what follows is read anew
        votes, estimates = account()
    finally:
        site.kill()
    assert team.unanswered
    assert team.settled
    assert team.wrongs(votes, estimates) == []
    assert len(team.wrongs(votes[1:], estimates)) == 1


@pytest.fixture
def team() -> Team:
    """One to which, in round 7, the card 5 of Anna was acknowledged."""
    team = Team(["http://127.0.0.1"], "Payments", voters=1, seed=1)
    team.told[7]["Anna"] = Told("5")
    return team


@pytest.mark.parametrize(
    ("votes", "wrong"),
    [
        ([], "round 7, Anna: 5 was acknowledged, nothing is there"),
        ([(7, "Anna", "8")], "round 7, Anna: 5 was acknowledged, 8 is there"),
    ],
)
def test_an_acknowledged_vote_that_is_not_there_is_found(team, votes, wrong):
    assert team.wrongs(votes, {}) == [wrong]


def test_a_vote_that_nobody_answered_may_be_there_or_not(team):
    team.told[7]["Anna"].unknown = {"8"}
    assert team.wrongs([(7, "Anna", "8")], {}) == team.wrongs([(7, "Anna", "5")], {}) == []


def test_an_acknowledged_estimate_that_is_not_there_is_found(team):
    team.settled[7] = "3"
    assert team.wrongs([(7, "Anna", "5")], {7: "5"}) == [
        "round 7: the estimate 3 was acknowledged, 5 is there"
    ]


def test_what_was_told_before_the_reveal_is_wrong_whatever_is_there(team):
    team.leaks.append("round 7 to Bob")
    assert team.wrongs([(7, "Anna", "5")], {}) == ["told before the reveal: round 7 to Bob"]


def test_the_longest_pause_is_between_two_neighbours_in_time():
    assert longest_pause([3.0, 1.0, 1.5]) == 1.5
