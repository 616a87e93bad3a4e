"""A throw-away HAProxy in front of a throw-away Galera cluster, with the configuration that is shipped in `deploy`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from database_servers import CACHE, free_port
from debian_packages import unpacked

CONFIGURATION = Path(__file__).resolve().parent.parent / "deploy" / "haproxy" / "haproxy.cfg"
START_SECONDS = 20


class HAProxyServer:
    """HAProxy at `port` for the nodes at these ports of 127.0.0.1, the first of which it likes best.

    From Debian's package, unpacked and not installed; NotAvailable when that can't be had.
    """

    def __init__(self, folder: Path, nodes: Sequence[int]) -> None:
        self.port = free_port()
        self.log = folder / "haproxy.log"
        self._programs = unpacked("haproxy", "bookworm", ("haproxy",), CACHE)
        self._environment = {"LISTEN": f"127.0.0.1:{self.port}"} | {
            f"NODE_{number}": f"127.0.0.1:{port}" for number, port in enumerate(nodes, 1)
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, wait until a node has answered it, and stop it at the end. Raises TimeoutError."""
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [*guard, *self._programs.command("haproxy"), "-db", "-f", str(CONFIGURATION)],
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait()
