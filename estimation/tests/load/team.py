"""A team that estimates issue after issue at a site, and remembers each word that the site gave it.

Facilitator and voters are threads that send what a page sends, with cookies and forms, and do what its script does:
what was not answered, or with 500 and more, is sent again until it is answered. `Team.wrongs` compares what was
acknowledged with what the database has.
"""

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from random import Random
from urllib.parse import urlencode

from estimation.tests.load.screen import Screen
from estimation.tests.visitor import FIELD, Answer, Visitor

CARDS = ("1", "2", "3", "5", "8", "13")
ISSUES = 100  # that are written down before; then the votes are on nothing in particular
PAUSE = 0.2  # seconds before something is sent again
ROUND = 2.0  # seconds at least for a round: three changes in each, of 120 a minute that one person may make
CURRENT = 10  # seconds after which a screen shows what is
VOTING = 60  # seconds in which all have voted, whatever happens to the server meanwhile
_OPEN = re.compile(r'data-round=\\?"(\d+)')
_GROUP = re.compile(r"/groups/(\d+)/")


@dataclass
class Told:
    """What one voter was told in one round: the card that was acknowledged last, and those sent since."""

    saved: str = ""
    unknown: set[str] = field(default_factory=set)


class Stopped(Exception):
    """The team is to stop, and what was sent last is not answered."""


class Team:
    """So many voters in a group of their own, and its owner, who facilitates.

    `urls` are those of a site's processes: the owner goes to the first, the voters to each of them in turn; the first
    voter has a screen that shows the room. With
    `facilitators` the owner facilitates in as many windows at once, none of which knows of the others.
    """

    def __init__(self, urls: Sequence[str], name: str, voters: int, seed: int, facilitators: int = 1) -> None:
        self._urls, self._name, self._random = urls, name, Random(seed)
        self._facilitators = facilitators
        self.told: dict[int, dict[str, Told]] = defaultdict(lambda: defaultdict(Told))
        self.settled: dict[int, str] = {}
        self.acknowledged_at: list[float] = []  # of each vote, on the monotonic clock
        self.waits: list[float] = []  # seconds, from a vote until it is acknowledged
        self.unanswered = 0
        self.leaks: list[str] = []
        self.stale: list[str] = []  # what a screen shows in the end that is not so
        self._round = 0
        self._revealing: set[int] = set()
        self._stop = threading.Event()
        self._nicknames = [f"{name} {number}" for number in range(voters)]

    # --- Before and after

    def gather(self) -> None:
        """Start the group, and let everybody join it by its link."""
        self._owner = Visitor(self._urls[0])
        started = self._owner.post("/", {"nickname": f"{self._name} owner", "name": self._name})
        found = _GROUP.search(started.headers["Location"] or "")
        assert found, started.text
        self.group = int(found[1])
        issues = "\n".join(f"Issue {number}" for number in range(ISSUES))
        self._owner.post(f"/groups/{self.group}/issues/paste/", {"issues": issues})
        page = self._owner.get(f"/groups/{self.group}/")
        self._owner_token = _token(page)
        link = re.findall(r'value="[^"]*(/join/[^"/]+/)"', page.text)[0]
        self._voters = [
            self._joined(self._urls[number % len(self._urls)], link, nickname)
            for number, nickname in enumerate(self._nicknames)
        ]

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Estimate while the block runs, and come to an end after it: the last answers are waited for."""
        threads = [threading.Thread(target=self._facilitate) for _window in range(self._facilitators)]
        for nickname, (visitor, token) in zip(self._nicknames, self._voters, strict=True):
            threads.append(
                threading.Thread(target=self._vote, args=(nickname, visitor, token), name=nickname)
            )
        self.screen = Screen(
            self._voters[0][0], self.group, lambda round_: round_ not in self._revealing, self.leaks.append
        )
        with self.screen.watching():
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._stop.set()
                for thread in threads:
                    thread.join()
            self._look_at_the_screen()

    def _look_at_the_screen(self) -> None:
        """Nobody changes the room any more: what it is at now, the screen has to show soon."""
        answer = self._answer(self._owner, "GET", "state/", None)
        present = json.loads(answer.text)["version"] if answer is not None and answer.status == 200 else 0
        deadline = time.monotonic() + CURRENT
        while self.screen.version < present and time.monotonic() < deadline:
            time.sleep(0.05)
        if not present or self.screen.version < present:
            self.stale.append(f"a screen shows {self.screen.version}, the room is at {present or '?'}")

    def wrongs(self, votes: list[tuple[int, str, str]], estimates: dict[int, str]) -> list[str]:
        """What is not as it was acknowledged. Of the database: votes as (round, nickname, card), estimates by round."""
        kept = {(round_, name): card for round_, name, card in votes}
        wrongs = [f"told before the reveal: {leak}" for leak in self.leaks] + self.stale
        for round_, voters in self.told.items():
            for name, told in voters.items():
                card = kept.get((round_, name), "")
                if told.saved and card != told.saved and card not in told.unknown:
                    wrongs.append(
                        f"round {round_}, {name}: {told.saved} was acknowledged, {card or 'nothing'} is there"
                    )
        wrongs += [
            f"round {round_}: the estimate {estimate} was acknowledged, {estimates.get(round_)} is there"
            for round_, estimate in self.settled.items()
            if estimates.get(round_) != estimate
        ]
        return wrongs

    @property
    def saved(self) -> int:
        """How many votes were acknowledged."""
        return sum(bool(told.saved) for voters in self.told.values() for told in voters.values())

    # --- Players

    def _facilitate(self) -> None:
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                self._one_round()
                self._stop.wait(max(0.0, ROUND - (time.monotonic() - began)))
        except Stopped:
            pass

    def _one_round(self) -> None:
        self._sent(self._owner, self._owner_token, "rounds/")
        state = self._looked(self._owner)
        # The owner facilitates and votes too, so the page has a deck for the open round.
        found = _OPEN.search(state)
        if found is None:
            return
        round_ = self._round = int(found[1])
        deadline = time.monotonic() + VOTING
        while time.monotonic() < deadline and not self._stop.is_set():
            if all(self.told[round_][name].saved for name in self._nicknames):
                break
            time.sleep(0.02)
        self._revealing.add(round_)
        self._sent(self._owner, self._owner_token, f"rounds/{round_}/reveal/", early="yes")
        estimate = self._random.choice(CARDS)
        if self._sent(self._owner, self._owner_token, f"rounds/{round_}/settle/?then=next", card=estimate):
            self.settled[round_] = estimate

    def _vote(self, nickname: str, visitor: Visitor, token: str) -> None:
        done = 0
        try:
            while not self._stop.is_set():
                if self._round == done:
                    time.sleep(0.02)
                    continue
                done = self._round
                self._play(nickname, visitor, token, done)
        except Stopped:
            pass

    def _play(self, nickname: str, visitor: Visitor, token: str, round_: int) -> None:
        told = self.told[round_][nickname]
        card = self._random.choice(CARDS)
        told.unknown.add(card)
        began = time.monotonic()
        if self._sent(visitor, token, f"rounds/{round_}/vote/", card=card, reason=_secret(round_)):
            told.saved, told.unknown = card, set()
            self.acknowledged_at.append(time.monotonic())
            self.waits.append(self.acknowledged_at[-1] - began)
        state = self._looked(visitor)
        if _secret(round_) in state and round_ not in self._revealing:
            self.leaks.append(f"round {round_} to {nickname}")

    # --- What a page and its script do

    def _joined(self, url: str, link: str, nickname: str) -> tuple[Visitor, str]:
        visitor = Visitor(url)
        joined = visitor.post(link, {"nickname": nickname, "role": "voter"})
        assert joined.status in (302, 303), joined.text
        return visitor, _token(visitor.get(f"/groups/{self.group}/"))

    def _sent(self, visitor: Visitor, token: str, path: str, **form: str) -> bool:
        """Send it until it is answered; whether it is saved. Raises Stopped."""
        body = urlencode(form | {"csrfmiddlewaretoken": token})
        while True:
            answer = self._answer(visitor, "POST", path, body)
            if answer is not None and answer.status < 500:
                return '"saved": true' in answer.text
            self._again()

    def _looked(self, visitor: Visitor) -> str:
        """The state of the room, as the page asks for it that has no stream. Raises Stopped."""
        while True:
            answer = self._answer(visitor, "GET", "state/", None)
            if answer is not None and answer.status == 200:
                return answer.text
            self._again()

    def _answer(self, visitor: Visitor, method: str, path: str, body: str | None) -> Answer | None:
        """What was answered; None where nothing was, or only a part, whose head may look like a whole one."""
        try:
            answer = visitor.ask(method, f"/groups/{self.group}/{path}", body, {"Accept": "application/json"})
            json.loads(answer.text)
        except (OSError, HTTPException, ValueError):
            return None
        return answer

    def _again(self) -> None:
        self.unanswered += 1
        if self._stop.wait(PAUSE):
            raise Stopped


def longest_pause(moments: list[float]) -> float:
    """The longest time between two acknowledged votes, in seconds."""
    ordered = sorted(moments)
    return max((after - before for before, after in pairwise(ordered)), default=0.0)


def _secret(round_: int) -> str:
    return f"secret of {round_}"


def _token(page: Answer) -> str:
    found = FIELD.search(page.text)
    assert found, page.text
    return found[1]
