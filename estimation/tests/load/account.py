"""What a database has of what teams were told, read in a process of its own."""

import json
from dataclasses import dataclass

from estimation.tests.legacy import PROJECT
from evolution.tests.forked import manage

READ = """
import json
from issues.models import Round, Vote
votes = list(Vote.objects.values_list("round_id", "name", "card"))
print(json.dumps([votes, list(Round.objects.values_list("pk", "estimate"))]))
"""


@dataclass(frozen=True)
class Account:
    """All votes, as (round, nickname, card), and the estimates by the round."""

    votes: list[tuple[int, str, str]]
    estimates: dict[int, str]


def account_of(environment: dict[str, str]) -> Account:
    """Read it with these variables, DATABASE_URL among them."""
    answer = manage(["shell", "--verbosity", "0", "--no-imports", "--command", READ], PROJECT, environment)
    assert answer.returncode == 0, answer.stderr
    votes, estimates = json.loads(answer.stdout)
    return Account([tuple(vote) for vote in votes], dict(estimates))
