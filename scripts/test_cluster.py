"""`scripts/cluster`, and how a container of the compose profile begins: what they refuse, and what they start."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.once

PROJECT = Path(__file__).resolve().parent.parent
THREE = "127.0.0.11,127.0.0.12,127.0.0.13"
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
Start = Callable[[str, str | None], list[str]]
NODES = {name: service for name, service in COMPOSE["services"].items() if name.startswith("galera-")}


def cluster(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROJECT / "scripts" / "cluster"), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments", [(), ("begin",), ("begin", "127.0.0.11"), ("proxy",), ("status", "now"), ("leave",)]
)
def test_what_it_can_t_be_asked_is_answered_with_how_it_is_used(arguments: tuple[str, ...]) -> None:
    done = cluster(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ./scripts/cluster begin ADDRESS NODES")


@pytest.mark.skipif(os.geteuid() != 0, reason="it asks for root before")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("begin", "127.0.0.11", "127.0.0.11,127.0.0.12"), "three machines"),
        (("join", "127.0.0.11", f"{THREE},127.0.0.14"), "three machines"),
        (("proxy", "127.0.0.11,,127.0.0.13"), "three machines"),
        (("begin", "127.0.0.11", "$(reboot),127.0.0.12,127.0.0.13"), "three machines"),
        (("begin", "127.0.0.14", THREE), "127.0.0.14 is none of the nodes"),
        (("join", "192.0.2.1", "192.0.2.1,192.0.2.2,192.0.2.3"), "192.0.2.1 is no address of this machine"),
    ],
)
def test_addresses_that_do_not_fit_are_refused_with_one_line_before_anything_is_done(
    arguments: tuple[str, ...], said: str
) -> None:
    done = cluster(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


# --- The compose profile


@pytest.fixture
def started(tmp_path: Path) -> Start:
    """Starts a node's container where what the image starts only says with what; its arguments."""
    image = tmp_path / "docker-entrypoint.sh"
    image.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    image.chmod(0o755)

    def start(node: str, state: str | None) -> list[str]:
        place = tmp_path / "grastate.dat"
        if state is not None:
            place.write_text(state)
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "STATE": str(place)}
        done = subprocess.run(
            ["sh", str(PROJECT / "deploy" / "galera" / "container")],
            env=environment | {"NODE": node, "NODES": THREE},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    return start


@pytest.mark.parametrize(
    ("node", "state", "begins"),
    [
        ("127.0.0.11", None, True),  # the first one on an empty disk
        ("127.0.0.12", None, False),
        ("127.0.0.11", "safe_to_bootstrap: 0\n", False),  # whoever was there before looks for the others
        ("127.0.0.13", "safe_to_bootstrap: 1\n", True),  # the last one that went
    ],
)
def test_a_node_begins_a_cluster_only_where_no_other_can_know_more(
    started: Start,
    node: str,
    state: str | None,
    begins: bool,  # noqa: FBT001
) -> None:
    arguments = started(node, state)
    assert arguments[:2] == ["mariadbd", f"--wsrep-cluster-address=gcomm://{THREE}"]
    assert f"--wsrep-node-address={node}" in arguments
    assert ("--wsrep-new-cluster" in arguments) is begins


def test_the_nodes_know_each_other_by_the_addresses_that_they_have() -> None:
    own = [service["networks"]["cluster"]["ipv4_address"] for service in NODES.values()]
    assert len(own) == 3
    for service in NODES.values():
        assert service["environment"]["NODES"].split(",") == own
    assert [service["environment"]["NODE"] for service in NODES.values()] == own
    proxy = COMPOSE["services"]["cluster-proxy"]["environment"]
    assert [proxy[f"NODE_{number}"] for number in (1, 2, 3)] == [f"{address}:3306" for address in own]


def test_nothing_of_the_cluster_starts_or_is_reached_where_nobody_asks_for_it() -> None:
    for name, service in COMPOSE["services"].items():
        if "cluster" in service.get("networks", []):
            assert service["profiles"] == ["cluster"], name
            assert service.get("ports", []) in ([], ["127.0.0.1:8000:8000"]), name
