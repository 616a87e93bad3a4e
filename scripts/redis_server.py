"""A throw-away Redis for tests and benchmarks: a free port, nothing on the disk, gone afterwards."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database_servers import CACHE, free_port
from debian_packages import unpacked

START_SECONDS = 20


class RedisServer:
    """A Redis at an address that stays the same while it is stopped and started.

    From Debian's package, unpacked and not installed; NotAvailable when that can't be had. With a certificate of
    `localhost`, and its key in the same file, it is reached by TLS alone.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._tls: list[str] = []
        if certificate is not None:
            self.url = f"rediss://localhost:{self.port}/0?ssl_ca_certs={certificate}"
            self._tls = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
            for option in ("--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"):
                self._tls += [option, str(certificate)]
        self._programs = unpacked("redis", "bookworm", ("redis-server",), CACHE)
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and stop it at the end."""
        self.start()
        try:
            yield
        finally:
            self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers. Raises TimeoutError."""
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [*guard, *self._programs.command("redis-server"), *options, *self._tls],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Redis did not answer within {START_SECONDS} seconds.")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a lost machine would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Let it say nothing until `thaw`, with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as asking:
                if self._tls:
                    return True
                asking.sendall(b"PING\r\n")
                return asking.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
