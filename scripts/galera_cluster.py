"""A throw-away Galera cluster: three MariaDB nodes on free ports of 127.0.0.1, gone afterwards."""

from __future__ import annotations

import configparser
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from database_servers import DATABASE, MARIADB, START_SECONDS, USER, ServerFailed, Start, stop

SCRIPTS = Path(__file__).resolve().parent
NODES = 3
CONFIGURATION = SCRIPTS.parent / "deploy" / "galera" / "estimation.cnf"


def _shipped() -> Iterator[str]:
    """The settings of the nodes that are shipped, but for those that name places on a machine."""
    settings = configparser.ConfigParser()
    settings.read_string(CONFIGURATION.read_text())
    for name, value in settings["mariadbd"].items():
        if name not in {"wsrep_provider", "wsrep_sst_auth"}:
            yield f"--{name.replace('_', '-')}={value.strip(chr(34))}"


GALERA = replace(
    MARIADB,
    name="galera",
    title="MariaDB with Galera",
    packages=(*MARIADB.packages, "galera-4"),
    options=(
        *MARIADB.options,
        *_shipped(),
        "--innodb-log-file-size=16M",
        "--wsrep-on=OFF",  # until it is part of one
    ),
)


@dataclass
class Node:
    """One server of the cluster; `url` is what DATABASE_URL takes."""

    start: Start
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"mysql://{USER}:{self.start.password}@127.0.0.1:{self.start.port}/{DATABASE}"

    def status(self, name: str) -> str:
        """What SHOW STATUS says of `name`, empty when the node does not answer."""
        return self.start.ask(f"SHOW STATUS LIKE '{name}'").partition("\t")[2]

    def wait_for(self, name: str, wanted: str) -> None:
        """Wait until SHOW STATUS says so of `name`; ServerFailed when it takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while (found := self.status(name)) != wanted:
            if time.monotonic() > deadline:
                raise ServerFailed(f"{GALERA.title}: {name} is {found or 'not told'}, not {wanted}.")
            time.sleep(0.1)

    def kill(self) -> None:
        """End the server as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def running_cluster() -> Iterator[list[Node]]:
    """Three nodes that are synced with each other; killed and removed at the end.

    NotAvailable when the programs can't be had; ServerFailed when the cluster does not come together.
    """
    programs = GALERA.programs()
    with contextlib.ExitStack() as stack:
        # In /tmp: sockets need short paths.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="estimation-", dir="/tmp")))  # nosec B108
        starts = [Start(GALERA, programs, _subfolder(folder, str(number))) for number in range(NODES)]
        # Three in a row each: for the group, for what a late node missed, and for a whole state.
        first_port = _free_ports(3 * NODES)
        ports = range(first_port, first_port + 3 * NODES, 3)
        address = ",".join(f"127.0.0.1:{first}" for first in ports)
        _same_data(starts, [*_node_options(starts[0], first_port, "gcomm://"), "--wsrep-new-cluster"])
        nodes: list[Node] = []
        for start, first in zip(starts, ports, strict=True):
            new = ["--wsrep-new-cluster"] if not nodes else []
            options = _node_options(start, first, f"gcomm://{address}")
            process = start.launch_again(*options, *new, PATH=f"{SCRIPTS}:{os.environ['PATH']}")
            nodes.append(Node(start, process))
            stack.callback(nodes[-1].kill)  # a node that leaves in good order takes its time
            start.wait(process)
            for node in nodes:
                node.wait_for("wsrep_cluster_size", str(len(nodes)))
                node.wait_for("wsrep_local_state_comment", "Synced")
        yield nodes


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def _same_data(starts: list[Start], first_node: list[str]) -> None:
    """The same data for all, so that no node has to send another its whole state."""
    first, *others = starts
    first.initialise()
    # The second time as a cluster of one, so that the data holds the cluster's name and its position.
    for launch in (first.launch, partial(first.launch_again, *first_node)):
        process = launch()
        try:
            first.wait(process)
        finally:
            stop(process)
    for other in others:
        shutil.copytree(first.data, other.data, dirs_exist_ok=True)
        other.password = first.password


def _node_options(start: Start, first_port: int, address: str) -> list[str]:
    group, missed, whole = (f"127.0.0.1:{first_port + offset}" for offset in range(3))
    return [
        "--wsrep-on=ON",
        f"--wsrep-provider={start.programs.root / 'usr/lib/galera/libgalera_smm.so'}",
        f"--wsrep-cluster-address={address}",
        "--wsrep-cluster-name=estimation",
        f"--wsrep-node-name=node{start.port}",
        "--wsrep-node-address=127.0.0.1",
        f"--wsrep-provider-options=base_port={first_port};gmcast.listen_addr=tcp://{group};ist.recv_addr={missed};"
        "gcache.size=32M",
        f"--wsrep-sst-receive-address={whole}",
        "--wsrep-sst-method=none_needed",  # the script beside this one
    ]


def _free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody uses now."""
    for first in range(24600, 32000, count):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise ServerFailed(f"There are no {count} free ports in a row.")
