"""Kills the *server* in the middle of `migrate`, starts it again on the same data, and runs `migrate` again.

    PYTHONPATH=scripts python -m evolution.tests.crash.servers mariadb up down
    PYTHONPATH=scripts python -m evolution.tests.crash.servers mariadb up down --with-client

The server is one of its own, and keeps its data as safely as a real one does. It is killed at moments spread over the
runs by chance, from a seed that is printed: right after a statement or a commit was answered, or while the next one is
at work.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

# What throw-away servers leave out for speed. The last one of an option counts.
DURABLE = ("--innodb-flush-method=fsync", "--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1")
LONGEST = 0.03  # seconds, about what a change of a small table takes


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Kills the server in the middle of `migrate`, and runs it again."
    )
    parser.add_argument("engine", choices=("mariadb", "mysql"))
    parser.add_argument("directions", nargs="+", choices=("up", "down"))
    parser.add_argument(
        "--whole", action="store_true", help="the whole history in one run, not one migration each"
    )
    parser.add_argument(
        "--with-client", action="store_true", help="kill `migrate` too, as when the power fails"
    )
    parser.add_argument("--each", type=int, default=3, help="how many kills for each run of migrate")
    parser.add_argument(
        "--seed", type=int, default=None, help="one that was printed, for the same moments again"
    )
    parser.add_argument("--at-least", type=int, default=1, help="fewer kills are a failure")
    parser.add_argument(
        "--record", type=Path, default=Path(os.devnull), help="a file for a line of JSON a kill"
    )
    return parser


class KillableServer:
    """A server that keeps what it has answered for, to be killed and started again on the same data."""

    def __init__(self, start: Any) -> None:
        start.initialise()
        self._start = start
        self.process = start.launch()
        self.url = start.wait(self.process).url

    def start_again(self) -> None:
        """Start it once it has ended."""
        self.process = self._start.launch_again()
        self._start.wait(self.process)


@contextmanager
def killable(name: str, *options: str, disk: Path = Path("/tmp")) -> Iterator[KillableServer]:
    """A throw-away server of the engine `name` that does everything for the safety of its data; gone afterwards.

    Its data lie on `disk`, where the path must be short, as that of its socket has to be.
    """
    from database_servers import ENGINES, Start, stop

    engine = replace(ENGINES[name], options=(*ENGINES[name].options, *DURABLE, *options))
    with tempfile.TemporaryDirectory(prefix="estimation-", dir=disk) as folder:
        server = KillableServer(Start(engine, engine.programs(), Path(folder)))
        try:
            yield server
        finally:
            stop(server.process)


class Murder:
    """Ends servers and clients at a moment: at once after it, or a little later where a statement is about to begin."""

    def __init__(self, pids: list[int], delay: float, say: Any) -> None:
        self.pids = pids
        self.delay = delay
        self.say = say
        self.timer: threading.Timer | None = None

    def __call__(self, moment: Any) -> None:
        self.say([moment.number, moment.side, moment.what])
        if moment.side == "after":
            self._kill()
        else:
            self.timer = threading.Timer(self.delay, self._kill)
            self.timer.start()

    def _kill(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)

    def done(self) -> None:
        """Wait for the deed, however the run has ended."""
        if self.timer:
            self.timer.join()


def cell(
    server: Any, scene: Any, number: int, delay: float, *, with_client: bool
) -> tuple[list[Any], dict[str, Any]]:
    """Kill the server at a moment of a run; where that was, and what is not as it should be afterwards."""
    from evolution.tests.crash.cells import differences, open_lines
    from evolution.tests.crash.children import Say, in_a_child
    from evolution.tests.crash.contents import contents
    from evolution.tests.crash.moments import Moments
    from evolution.tests.crash.runs import migrate

    def run(say: Say) -> None:
        victims = [server.process.pid, *([os.getpid()] if with_client else [])]
        murder = Murder(victims, delay, say)
        try:
            migrate(scene.target, moments=Moments(number, end=murder))
        finally:
            murder.done()

    scene.snapshot.restore()
    ended = in_a_child(run, errors=False)
    wrong: dict[str, Any] = {}
    if (code := server.process.wait()) != -signal.SIGKILL:
        wrong["the server was not killed"] = code
    server.start_again()
    if len(ended.said) != 1 or ended.said[0][0] != number:
        wrong["killed elsewhere"] = ended.said
    if code := in_a_child(lambda _say: migrate(scene.target)).code:
        wrong["the second run failed"] = code
    return ended.said, wrong | differences(contents(), scene.after) | open_lines()


def main() -> None:
    options = parser().parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    chance = random.Random(seed)
    with killable(options.engine) as server, options.record.open("w", buffering=1) as record:
        os.environ |= {"DATABASE_URL": server.url, "DJANGO_SETTINGS_MODULE": "evolution.tests.project"}
        import django

        django.setup()
        from evolution.tests.crash.__main__ import Count, empty
        from evolution.tests.crash.scenes import scenes

        count = Count(record)
        for direction in options.directions:
            empty()
            # No onlooker: after a kill the journal says more than a moment does.
            for title, scene in scenes(direction, first=1, every=10**9, whole=options.whole):
                for number in sorted(
                    chance.sample(range(1, scene.total + 1), min(options.each, scene.total))
                ):
                    said, wrong = cell(
                        server,
                        scene,
                        number,
                        chance.uniform(0, LONGEST),
                        with_client=options.with_client,
                    )
                    count.note({"run": title, "moment": number, "of": scene.total, "said": said}, wrong)
    sys.exit(count.close({"engine": options.engine, "seed": seed}, options.at_least))


if __name__ == "__main__":
    main()
