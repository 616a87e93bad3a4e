#!/usr/bin/env python3
"""How soon a whole room knows of a vote, and what a full room costs.

One process serves a room on one core, this one holds everybody's stream on another. For each size: the time until
everyone's page and stream are there, and how many come in a second; from a vote's request until the last stream has
been told (one vote after the other, each durable); the server's memory; pages of the room a second while everybody
listens, and while nobody does; and after all streams were cut in one moment, the time until all are back and know the
present state. An answer other than 200, or a vote that is not there at the end, stops the bench.
`.venv/bin/python scripts/bench_room.py --people 10 100 500 1000`, or with MariaDB
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_room.py`. With `--processes 2` two processes
share the core, each has half of the people, and tells the other of its votes by the database, or with `--redis` by
Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crowded_room import (
    CSRF,
    Expected,
    Person,
    come_in,
    cut,
    each,
    exchange,
    hang_up,
    know_what_they_show,
    request,
    room,
)

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 30  # seconds
YARDSTICK = 10_000_000  # additions, by which runs on different machines can be compared


@dataclass
class Figures:
    """What was measured of a room. Times in seconds."""

    filled: float = 0
    waits: list[float] = field(default_factory=list)
    pages: float = 0  # a second
    pages_alone: float = 0
    back: float = 0

    def line(self, people: int, memory: float) -> str:
        """A row below HEAD; `memory` in MB."""
        p99 = statistics.quantiles(self.waits, n=100)[98]
        return (
            f"{people:>7} {self.filled:>6.1f} s {people / self.filled:>8.0f} "
            f"{1000 * statistics.median(self.waits):>6.1f} ms {1000 * p99:>4.0f} ms {memory:>5.0f} MB "
            f"{self.pages:>8.0f} {self.pages_alone:>9.0f} {self.back:>6.2f} s"
        )


HEAD = (
    f"{'people':>7} {'filled':>8} {'joins/s':>8} {'told p50':>9} {'p99':>7} {'memory':>8} {'pages/s':>8} {'alone':>9} "
    f"{'back':>8}"
)


def main() -> int:
    """Measure each size in a room of its own; a line a size goes to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10, 100, 500, 1000])
    parser.add_argument("--votes", type=int, default=100, help="for each size")
    parser.add_argument("--processes", type=int, default=1, help="that serve the site")
    parser.add_argument("--redis", action="store_true", help="by which they tell each other")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    with tempfile.TemporaryDirectory() as folder, _redis(options.redis) as redis:
        _environment(folder, redis)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", verbosity=0)
        print(_machine())
        print(HEAD)
        for people in options.people:
            print(_measured(people, options.votes, options.processes), flush=True)
    return 0


def _machine() -> str:
    """What the figures were taken on. One machine's speed differs by half from day to day where others share it."""
    began = time.perf_counter()
    sum(range(YARDSTICK))
    speed = YARDSTICK / (time.perf_counter() - began) / 1e6
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {speed:.0f} million additions a second"
    )


@contextlib.contextmanager
def _redis(wanted: bool) -> Iterator[str]:  # noqa: FBT001
    """The address of a Redis while the block runs; empty where none is wanted."""
    if not wanted:
        yield ""
        return
    from redis_server import RedisServer

    server = RedisServer()
    with server.running():
        yield server.url


def _environment(folder: str, redis: str) -> None:
    sys.path.insert(0, str(PROJECT))
    os.environ.update(
        DJANGO_SETTINGS_MODULE="estimation.settings",
        SECRET_KEY=secrets.token_urlsafe(50),
        DEBUG="off",
        HTTPS="off",
        ALLOWED_HOSTS="127.0.0.1",
        REDIS_URL=redis,
        DATABASE_URL=os.environ.get("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3"),
    )


def _measured(people: int, votes: int, processes: int) -> str:
    group_id, round_id, members = room(people)
    with contextlib.ExitStack() as stack:
        servers = [_server(stack) for _process in range(processes)]
        for place, person in enumerate(members):
            person.port = servers[place % processes][0]
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            for _port, server in servers:
                os.sched_setaffinity(server.pid, {cores[0]})
            os.sched_setaffinity(0, {cores[1]})
            stack.callback(os.sched_setaffinity, 0, cores)
        figures, memory = asyncio.run(_session(group_id, round_id, members, votes, servers))
    _all_votes_are_there(round_id, min(people, votes))
    return figures.line(people, memory)


def _server(stack: contextlib.ExitStack) -> tuple[int, subprocess.Popen[bytes]]:
    """A process that serves the site until the stack is closed, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = ear.getsockname()[1]
    log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (a line for each request, until all is closed)
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "estimation.asgi:application", "--port", str(port)),
            *("--no-access-log", "--log-level", "critical", "--timeout-graceful-shutdown", "1"),
        ],
        cwd=PROJECT,
        stderr=log,
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    return port, server


def _memory(process: int) -> float:
    """MB that a process has."""
    return int(Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


async def _session(
    group_id: int,
    round_id: int,
    people: list[Person],
    votes: int,
    servers: list[tuple[int, subprocess.Popen[bytes]]],
) -> tuple[Figures, float]:
    """What was measured, and the servers' memory in MB while everybody listened."""
    figures, expected = Figures(), Expected()
    for port, _server in servers:
        await _answers(port)
    figures.filled = await _timed(each(people, lambda person: come_in(group_id, person, expected)))
    await asyncio.sleep(2)
    for number in range(votes):
        figures.waits.append(await _timed(_vote(group_id, round_id, people, number, expected)))
        await asyncio.sleep(0.15)  # people do not vote in the same moment all the time
    await know_what_they_show(group_id, people)
    figures.back = await _timed(cut(people, expected))
    memory = sum(_memory(server.pid) for _port, server in servers)
    figures.pages = await _pages(group_id, people)
    hang_up(people)
    await asyncio.sleep(1)
    figures.pages_alone = await _pages(group_id, people)
    return figures, memory


async def _timed(work: Awaitable[None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def _vote(group_id: int, round_id: int, people: list[Person], number: int, expected: Expected) -> None:
    """One vote, until everybody has been told."""
    person = people[number % len(people)]
    expected.of(people, max(other.version for other in people) + 1)
    body = f"card={(3, 5, 8)[number // len(people) % 3]}&csrfmiddlewaretoken={CSRF}"
    _head, saved = await request("POST", f"/groups/{group_id}/rounds/{round_id}/vote/", person, body)
    assert b'"saved": true' in saved, saved[:300]
    await asyncio.wait_for(expected.all.wait(), PATIENCE)


def _all_votes_are_there(round_id: int, expected: int) -> None:
    from issues.models import Vote

    found = Vote.objects.filter(round=round_id).count()
    assert found == expected, f"{expected} voted, and {found} votes are there"


async def _pages(group_id: int, people: list[Person], seconds: float = 4) -> float:
    """Pages of the room a second, for several members at once."""
    count, until = 0, time.perf_counter() + seconds

    async def look(person: Person) -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", person.port, limit=2**22)
        while time.perf_counter() < until:
            await exchange(reader, writer, "GET", f"/groups/{group_id}/", person, "")
            count += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(look(person) for person in people[:8]))
    return count / (time.perf_counter() - began)


async def _answers(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            return
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
