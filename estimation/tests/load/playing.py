"""Teams that play until something goes wrong around the site, and after it."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol

from estimation.tests.load.account import account_of
from estimation.tests.load.team import Team, longest_pause

TEAMS, VOTERS = 3, 5
BEFORE, AFTER = 40, 60  # votes that are acknowledged before and after the fault
PATIENCE = 90  # seconds

Fault = Callable[[], None]
Record = Callable[[str, object], None]


class Address(Protocol):
    """Where a site is reached: its own process, or a proxy in front of it."""

    url: str


def play(sites: Sequence[Address], fault: Fault, record: Record, facilitators: int = 1) -> list[Team]:
    """Let teams play at a site, and the fault happen in the middle of it; how they fared is recorded.

    Fails when they can't go on after the fault.
    """
    urls = [site.url for site in sites]
    teams = [Team(urls, f"Team {number}", VOTERS, number, facilitators) for number in range(TEAMS)]
    for team in teams:
        team.gather()
    with ExitStack() as stack:
        for team in teams:
            stack.enter_context(team.playing())
        until(lambda: saved(teams) >= BEFORE, "Nobody votes.")
        fault()
        before = saved(teams)
        until(lambda: saved(teams) >= before + AFTER, "They did not go on after the fault.")
    moments = [moment for team in teams for moment in team.acknowledged_at]
    record("votes acknowledged", saved(teams))
    record("seconds without a vote", round(longest_pause(moments), 1))
    record("sent again", sum(team.unanswered for team in teams))
    record("streams opened again", sum(team.screen.opened - 1 for team in teams))
    return teams


def wrongs(teams: list[Team], database: str) -> list[str]:
    """What the database at this address has not as it was acknowledged, and what was told too early."""
    account = account_of(os.environ | {"DATABASE_URL": database})
    return [wrong for team in teams for wrong in team.wrongs(account.votes, account.estimates)]


def saved(teams: list[Team]) -> int:
    """How many votes were acknowledged so far."""
    return sum(len(team.acknowledged_at) for team in teams)


def until(condition: Callable[[], bool], complaint: str) -> None:
    """Wait until it is so. Fails with the complaint when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)
