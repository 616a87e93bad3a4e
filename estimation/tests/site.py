"""The site in processes of its own, as it runs for people."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote

from django.conf import settings
from django.db import connection


class Site:
    """The site in a process of its own, on the tests' database, to be killed and started again.

    `environment` are more variables for its settings.
    """

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        with socket.create_server(("127.0.0.1", 0)) as ear:
            self.port = ear.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "estimation.asgi:application", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--no-access-log", "--log-level", "warning"),
            ],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {"DATABASE_URL": _database(), "SECRET_KEY": settings.SECRET_KEY, "DEBUG": "on"}
            | self._environment,
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz"):
                    return
            except urllib.error.URLError:
                assert time.monotonic() < deadline, "The server does not answer."
                time.sleep(0.05)

    def kill(self) -> None:
        """As a crash or a lost machine does: it can say and save nothing any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def _database() -> str:
    """DATABASE_URL of the tests' database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = f"{database['USER']}:{quote(database['PASSWORD'], safe='')}"
    return f"mysql://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
