"""Teams estimate on three nodes of a Galera cluster behind HAProxy, as it is shipped; nodes die, and are cut off."""

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from galera_cluster import GALERA, Node, running_cluster
from haproxy_server import HAProxyServer

from estimation.tests.legacy import PROJECT
from estimation.tests.load.account import account_of
from estimation.tests.load.team import Team, longest_pause
from estimation.tests.site import Site
from evolution.tests.forked import manage

TEAMS, VOTERS = 3, 5
PATIENCE = 60  # seconds


@dataclass
class Cluster:
    """The nodes, the first of which takes the writes, and the site on the address of their proxy."""

    nodes: list[Node]
    site: Site


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    programs = GALERA.programs()
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", shlex.join(programs.command("mariadb-dump")))
    monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", shlex.join(programs.command("mariadb")))
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    with ExitStack() as stack:
        nodes = stack.enter_context(running_cluster())
        nodes[0].start.ask("CREATE USER haproxy@'%'")
        proxy = HAProxyServer(tmp_path, [node.start.port for node in nodes])
        stack.enter_context(proxy.running())
        url = behind(proxy, nodes[0].url)
        migrated = manage(["migrate", "--no-input"], PROJECT, os.environ | {"DATABASE_URL": url})
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr + proxy.log.read_text()
        site = Site(DATABASE_URL=url)
        site.output = tmp_path / "site.log"
        site.start()
        stack.callback(site.kill)
        yield Cluster(nodes, site)


def behind(proxy: HAProxyServer, url: str) -> str:
    """The address of the database, by way of the proxy."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def play(cluster: Cluster, fault: Callable[[], None], record: Callable[[str, object], None]) -> list[Team]:
    """Let the teams play until the fault, and for as many votes again after it."""
    teams = [Team(cluster.site.url, f"Team {number}", VOTERS, seed=number) for number in range(TEAMS)]
    for team in teams:
        team.gather()

    def saved() -> int:
        return sum(team.saved for team in teams)

    with ExitStack() as stack:
        for team in teams:
            stack.enter_context(team.playing())
        until(lambda: saved() >= 40, "nobody votes")
        before = saved()
        fault()
        until(lambda: saved() >= before + 60, f"after the fault only {saved() - before} votes")
    record("votes acknowledged", saved())
    record(
        "seconds without a vote",
        round(longest_pause([at for team in teams for at in team.acknowledged_at]), 1),
    )
    record("sent again", sum(team.unanswered for team in teams))
    return teams


def wrongs(teams: list[Team], node: Node) -> list[str]:
    account = account_of(os.environ | {"DATABASE_URL": node.url})
    return [wrong for team in teams for wrong in team.wrongs(account.votes, account.estimates)]


def test_a_writer_that_is_killed_takes_no_acknowledged_vote_with_it(cluster, record_property):
    teams = play(cluster, cluster.nodes[0].kill, record_property)
    for node in cluster.nodes[1:]:
        assert wrongs(teams, node) == []


def test_a_writer_that_is_cut_off_from_the_others_takes_none_and_catches_up(cluster, record_property):
    writer = cluster.nodes[0]

    def cut_off() -> None:
        writer.start.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")

    teams = play(cluster, cut_off, record_property)
    assert writer.status("wsrep_cluster_status") != "Primary"
    writer.start.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
    writer.wait_for("wsrep_local_state_comment", "Synced")
    for node in cluster.nodes:
        assert wrongs(teams, node) == []
