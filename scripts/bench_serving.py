#!/usr/bin/env python3
"""Whether an earlier program goes on while `migrate --expand` runs under it, and how long it has to wait.

A real Flask application of state A serves on the database, or an earlier release of this project (`--release b31c980`,
a commit of this repository); its users make groups, look at them and rename them, each as fast as it goes. Meanwhile
`migrate --expand`, with backup and rehearsal, takes the database to the newest state. Printed are the answers, those
that failed, and the longest one, before and during the run; then the program is stopped, and every group that it has
said it holds is looked for. Where one is not there as it was told, the exit code is 1.
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_serving.py --rows 1000000`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench_upgrade import ALEMBIC, ENVIRONMENT, PROJECT, install_alembic
from releases import checked_out

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60  # seconds until the program answers
QUICKLY = ("--no-backup", "--no-rehearsal", "--verbosity=0")


class User(threading.Thread):
    """Makes a group, looks at it and renames it, until told to stop; how, depends on the program."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.stopped = threading.Event()
        self.waits: list[tuple[float, float]] = []  # when it was asked, and the seconds until the answer
        self.failures: list[str] = []
        self.names: dict[int, str] = {}
        self.headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def make(self, name: str) -> int | None:
        """The number of a new group; None where that failed, as in the other two."""
        raise NotImplementedError

    def has(self, group: int, name: str) -> bool | None:
        """Whether the group is shown under this name."""
        raise NotImplementedError

    def rename(self, group: int, name: str) -> bool | None:
        """Whether it was renamed."""
        raise NotImplementedError

    def run(self) -> None:
        while not self.stopped.is_set():
            name = f"{self.number}, {len(self.names)}"
            if not (group := self.make(name)):
                continue
            self.names[group] = name
            if self.has(group, name) is False:
                self.failures.append(f"group {group} is not called {name}")
            if self.rename(group, f"{name}!"):
                self.names[group] = f"{name}!"

    def answer(self, method: str, path: str, **form: str) -> http.client.HTTPResponse | None:
        """What the program answers; None where it fails, which is noted."""
        began = time.perf_counter()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
            self._connection.request(method, path, urlencode(form) if form else None, self.headers)
            response = self._connection.getresponse()
            self.text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            self.failures.append(repr(error))
            return None
        self.waits.append((began, time.perf_counter() - began))
        if response.status not in (http.client.OK, http.client.FOUND):
            self.failures.append(f"{response.status}: {self.text[-300:]}")
            return None
        return response


class FlaskUser(User):
    """A user of the Flask version."""

    def make(self, name: str) -> int | None:
        return int(self.text) if self.answer("POST", "/", name=name) else None

    def has(self, group: int, name: str) -> bool | None:
        return self.text == name if self.answer("GET", f"/{group}") else None

    def rename(self, group: int, name: str) -> bool | None:
        return self.answer("POST", f"/{group}", name=name) is not None


class ReleaseUser(User):
    """A user of an earlier release of this project, who sits in all the groups that they make."""

    def make(self, name: str) -> int | None:
        if not self.names:  # the first group comes together with its owner
            token = secrets.token_hex(16)
            self.headers |= {"X-CSRFToken": token, "Cookie": f"csrftoken={token}"}
            made = self.answer("POST", "/", name=name, nickname=f"User {self.number}")
        else:
            made = self.answer("POST", "/groups/new/", name=name)
        if made is None:
            return None
        for cookie in made.headers.get_all("Set-Cookie", []):
            if cookie.startswith("sessionid="):
                own = self.headers["Cookie"].partition(";")[0]
                self.headers["Cookie"] = f"{own}; {cookie.partition(';')[0]}"
        found = re.fullmatch(r"/groups/(\d+)/", made.headers.get("Location", ""))
        if found is None:
            self.failures.append(f"no group was made: {self.text[-300:]}")
            return None
        return int(found[1])

    def has(self, group: int, name: str) -> bool | None:
        return name in self.text if self.answer("GET", f"/groups/{group}/") else None

    def rename(self, group: int, name: str) -> bool | None:
        return self.answer("POST", f"/groups/{group}/rename/", name=name) is not None


def main() -> int:
    """Run it once; lines go to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="groups in state A")
    parser.add_argument("--users", type=int, default=3)
    parser.add_argument(
        "--release", help="a commit of this repository that serves instead of the Flask version"
    )
    parser.add_argument("--before", type=float, default=5, help="seconds before the run begins")
    options = parser.parse_args()
    _python("scripts/bench_upgrade_once.py", "prepare", str(options.rows))
    kind: type[User] = ReleaseUser if options.release else FlaskUser
    with _release(options.release) if options.release else _flask() as port:
        users = [kind(port, number) for number in range(options.users)]
        for user in users:
            user.start()
        time.sleep(options.before)
        began = time.perf_counter()
        _python("manage.py", "migrate", "--expand", "--verbosity=0")
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
    install_alembic()
    with _serving([str(ALEMBIC / "bin" / "python"), "scripts/bench_serving_flask.py"], PROJECT) as port:
        yield port


@contextmanager
def _release(commit: str) -> Iterator[int]:
    """An earlier state of this project, whose `migrate` has run, serving; its port."""
    with checked_out(commit) as tree:
        _python("manage.py", "migrate", *QUICKLY, folder=tree)
        with _serving([sys.executable, "manage.py", "runserver", "--noreload"], tree) as port:
            yield port


@contextmanager
def _serving(command: list[str], folder: Path) -> Iterator[int]:
    """A program that serves at the port which it is told last; the port."""
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = int(ear.getsockname()[1])
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(folder), "DEBUG": "on"}
    with subprocess.Popen(
        [*command, str(port)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        sys.exit("The program does not answer.")
                    time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def _python(*arguments: str, folder: Path = PROJECT) -> None:
    """Run a program of this project, or of another state of it, which has to succeed."""
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True)


def _not_there(told: dict[int, str]) -> list[str]:
    """What the groups are called that are not there, or otherwise, than the program has said."""
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
