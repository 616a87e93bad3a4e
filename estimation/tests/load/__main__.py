"""Whole sessions of many teams at a site of their own: `python -m estimation.tests.load --teams 20 --seconds 60`.

Prints what was acknowledged and how soon, and what the site's process took meanwhile. Fails when a word that was given
is not kept, and, over at least half an hour, when memory, threads or files of the process grow.
"""

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

LONG = 30 * 60  # seconds, after which growth would show
SAMPLE = 5  # seconds between two looks at the process
GROWTH = 1.05  # of the last quarter beside the second: more is a leak
THREADS = 1  # a pool starts its last one when all others are busy for the first time
FILES = 1  # for its connection to the database


@dataclass(frozen=True)
class Sample:
    """What a process holds: memory in MB, threads, open files and sockets."""

    memory: float
    threads: int
    files: int

    @classmethod
    def of(cls, process: int) -> "Sample":
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{process}/status").read_text().splitlines()
            if ":" in line
        )
        files = len(list(Path(f"/proc/{process}/fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), files)


def main() -> int:
    """0 when all is as it was acknowledged, and flat; 1 otherwise, with a line for each thing that is not."""
    parser = argparse.ArgumentParser(prog="python -m estimation.tests.load", description=__doc__)
    parser.add_argument("--teams", type=int, default=20)
    parser.add_argument("--voters", type=int, default=8, help="of each team")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder)
        return _played(options.teams, options.voters, options.seconds, Path(folder))


def _prepare(folder: str) -> None:
    """Settings as in production, and a database of its own where DATABASE_URL names none."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="estimation.settings",
        SECRET_KEY=secrets.token_urlsafe(50),
        DEBUG="off",
        HTTPS="off",
        ALLOWED_HOSTS="127.0.0.1",
        DATABASE_URL=os.environ.get("DATABASE_URL", f"sqlite:///{folder}/load.sqlite3"),
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, no_backup=True, rehearsal=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def _played(teams: int, voters: int, seconds: int, folder: Path) -> int:
    from estimation.tests.load.account import account_of
    from estimation.tests.load.team import Team
    from estimation.tests.site import Site

    site = Site(DEBUG="off", DATABASE_URL=os.environ["DATABASE_URL"])
    site.output = folder / "log"
    with ExitStack() as stack:
        site.start()
        stack.callback(site.kill)
        players = [Team([site.url], f"Team {number}", voters, seed=number) for number in range(teams)]
        for team in players:
            team.gather()
        samples = []
        began = time.monotonic()
        with ExitStack() as playing:
            for team in players:
                playing.enter_context(team.playing())
            while (left := began + seconds - time.monotonic()) > 0:
                time.sleep(min(SAMPLE, left))
                samples.append(Sample.of(site.pid))
        took = time.monotonic() - began
    account = account_of(dict(os.environ))
    problems = [wrong for team in players for wrong in team.wrongs(account.votes, account.estimates)]
    waits = sorted(wait for team in players for wait in team.waits)
    rounds = sum(len(team.settled) for team in players)
    print(f"{teams} teams of {voters} for {took:.0f} s: {len(waits)} votes ({len(waits) / took:.0f} a second), "
          f"{rounds} issues settled, {sum(team.unanswered for team in players)} sent again")  # fmt: skip
    print(f"acknowledged after {_ms(waits, 50)} (p50), {_ms(waits, 99)} (p99), {_ms(waits, 100)} at the most")
    problems += _grown(samples) if seconds >= LONG else []
    _tell(samples)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems or not waits else 0


def _ms(ordered: list[float], percent: int) -> str:
    return (
        f"{ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000:.0f} ms" if ordered else "-"
    )


def _quarters(samples: list[Sample]) -> list[Sample]:
    """The four quarters of the time: the medians, and the fewest files, which are those that stay.

    Each vote opens a connection for a moment, and how many of those a look finds is chance.
    """
    size = max(1, len(samples) // 4)
    parts = [samples[start : start + size] for start in range(0, size * 4, size)]
    return [
        Sample(
            statistics.median(sample.memory for sample in part),
            int(statistics.median(sample.threads for sample in part)),
            min(sample.files for sample in part),
        )
        for part in parts
        if part
    ]


def _tell(samples: list[Sample]) -> None:
    for number, quarter in enumerate(_quarters(samples), 1):
        print(
            f"quarter {number}: {quarter.memory:.0f} MB, {quarter.threads} threads, "
            f"{quarter.files} files and sockets that stay open"
        )


def _grown(samples: list[Sample]) -> list[str]:
    """What of the process has grown since the second quarter; in the first everything warms up."""
    _first, second, _third, last = _quarters(samples)
    return [
        f"{name} grew from {before:.0f} to {after:.0f}"
        for name, before, after, at_most in (
            ("memory", second.memory, last.memory, second.memory * GROWTH),
            ("threads", second.threads, last.threads, second.threads + THREADS),
            ("files and sockets", second.files, last.files, second.files + FILES),
        )
        if after > at_most
    ]


if __name__ == "__main__":
    sys.exit(main())
