"""The site in processes of its own, as it runs for people."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.db import connection


class Site:
    """The site in a process of its own, on the tests' database, to be killed and started again.

    `environment` are more variables for its settings. What it writes goes to the file `output`, where one was named;
    its code is that of `folder`, which is this project's unless another release of it lies elsewhere.
    """

    def __init__(self, **environment: str) -> None:
        self.output: Path | None = None
        self.folder = Path(settings.BASE_DIR)
        self._environment = environment
        with socket.create_server(("127.0.0.1", 0)) as ear:
            self.port = ear.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """How it is started."""
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        how = ["--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", "estimation.asgi:application", *where, *how]

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with nullcontext() if self.output is None else self.output.open("ab") as output:
            self._process = self._started(output)
        self._wait()

    def _started(self, output: IO[bytes] | None) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=os.environ
            | {"DATABASE_URL": _database(), "SECRET_KEY": settings.SECRET_KEY, "DEBUG": "on"}
            | self._environment,
            stdout=output,
            stderr=output,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz"):
                    return
            except urllib.error.URLError:
                assert time.monotonic() < deadline, "The server does not answer."
                time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self.terminate()
        self.wait()

    def kill(self) -> None:
        """As a crash or a lost machine does: it can say and save nothing any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to stop, as systemd and Docker do."""
        assert self._process is not None
        self._process.terminate()

    def wait(self) -> int:
        """Wait until it has stopped; its exit code."""
        assert self._process is not None
        return self._process.wait(30)


def _database() -> str:
    """DATABASE_URL of the tests' database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = f"{database['USER']}:{quote(database['PASSWORD'], safe='')}"
    return f"mysql://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
