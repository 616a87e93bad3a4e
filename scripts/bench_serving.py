#!/usr/bin/env python3
"""Whether the Flask version goes on while `migrate --expand` runs under it, and how long it has to wait.

A real Flask application of state A serves on the database; its users make groups, look at them and rename them, each as
fast as it goes. Meanwhile `migrate --expand` takes the database to the newest state. Printed are the answers, those
that failed, and the longest one, before and during the run; then the Flask version is stopped, and every group that it
has said it holds is looked for. Where one is not there as it was told, the exit code is 1.
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_serving.py --rows 1000000`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench_upgrade import ALEMBIC, ENVIRONMENT, PROJECT, install_alembic

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30  # seconds until the Flask version answers
OPTIONS = ("--expand", "--no-backup", "--no-rehearsal", "--verbosity=0")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class User(threading.Thread):
    """Makes a group, looks at it and renames it, until told to stop."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.stopped = threading.Event()
        self.waits: list[tuple[float, float]] = []  # when it was asked, and the seconds until the answer
        self.failures: list[str] = []
        self.names: dict[int, str] = {}
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.stopped.is_set():
            name = f"{self.number}, {len(self.names)}"
            if not (told := self._answer("POST", "/", name)):
                continue
            group = int(told)
            self.names[group] = name
            if (shown := self._answer("GET", f"/{group}")) not in (name, ""):
                self.failures.append(f"group {group} is called {shown}")
            if self._answer("POST", f"/{group}", f"{name}!"):
                self.names[group] = f"{name}!"

    def _answer(self, method: str, path: str, name: str = "") -> str:
        """What the application answers; empty where it fails, which is noted."""
        began = time.perf_counter()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
            self._connection.request(method, path, urlencode({"name": name}) if name else None, FORM)
            response = self._connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            self.failures.append(repr(error))
            return ""
        self.waits.append((began, time.perf_counter() - began))
        if response.status != http.client.OK:
            self.failures.append(f"{response.status}: {text[-300:]}")
            return ""
        return text


def main() -> int:
    """Run it once; lines go to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="groups in state A")
    parser.add_argument("--users", type=int, default=3)
    parser.add_argument("--before", type=float, default=5, help="seconds before the run begins")
    options = parser.parse_args()
    install_alembic()
    _python("scripts/bench_upgrade_once.py", "prepare", str(options.rows))
    with _flask() as port:
        users = [User(port, number) for number in range(options.users)]
        for user in users:
            user.start()
        time.sleep(options.before)
        began = time.perf_counter()
        _python("manage.py", "migrate", *OPTIONS)
        ended = time.perf_counter()
        time.sleep(options.before / 5)
        for user in users:
            user.stopped.set()
            user.join()
    print(f"{options.rows:,} groups, {len(users)} users; the run took {ended - began:.1f} s")
    waits = [wait for user in users for wait in user.waits]
    for title, first, last in (("before", 0.0, began), ("during", began, ended)):
        found = sorted(seconds for asked, seconds in waits if first <= asked + seconds and asked <= last)
        print(
            f"{title}: {len(found):,} answers, half of them within {found[len(found) // 2] * 1000:.0f} ms, "
            f"99 % within {found[len(found) * 99 // 100] * 1000:.0f} ms, all within {found[-1] * 1000:.0f} ms"
        )
    failures = [failure for user in users for failure in user.failures]
    wrong = _not_there({number: name for user in users for number, name in user.names.items()})
    made = sum(len(user.names) for user in users)
    print(
        f"{len(failures)} failed; of {made:,} groups that were made {len(wrong)} are not there as they were told"
    )
    print("\n".join([*failures[:3], *wrong[:3]]))
    return 1 if wrong else 0


@contextmanager
def _flask() -> Iterator[int]:
    """The Flask version, serving; its port."""
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = int(ear.getsockname()[1])
    python = str(ALEMBIC / "bin" / "python")
    with subprocess.Popen([python, "scripts/bench_serving_flask.py", str(port)], cwd=PROJECT) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        sys.exit("The Flask version does not answer.")
                    time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def _python(*arguments: str) -> None:
    """Run a program of this project, which has to succeed."""
    subprocess.run([sys.executable, *arguments], cwd=PROJECT, env=os.environ | ENVIRONMENT, check=True)


def _not_there(told: dict[int, str]) -> list[str]:
    """What the groups are called that are not there, or otherwise, than the Flask version has said."""
    os.environ.update(ENVIRONMENT)
    sys.path.insert(0, str(PROJECT))
    import django

    django.setup()
    from groups.models import Group

    there = dict(Group.objects.filter(pk__gte=min(told)).values_list("pk", "name"))
    return [
        f"{number}: {there.get(number)} for {name}"
        for number, name in told.items()
        if there.get(number) != name
    ]


if __name__ == "__main__":
    sys.exit(main())
