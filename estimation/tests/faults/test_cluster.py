"""Teams estimate on three nodes of a Galera cluster behind HAProxy, as it is shipped; nodes die, and are cut off."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from galera_cluster import GALERA, Node, running_cluster
from haproxy_server import HAProxyServer

from estimation.tests.legacy import PROJECT
from estimation.tests.load.playing import play, until, wrongs
from estimation.tests.site import Site
from evolution.tests.forked import manage, python

MANY = 100_000
LARGE = """
import django
django.setup()
from django.db import connection
from estimation.tests.legacy import Database
from estimation.tests.test_legacy_size import fill
database = Database(connection, "")
database.load("a")
fill(database, {many})
"""
# A node answers at once, also where it has not applied all that the others wrote; not so with wsrep_sync_wait.
# Each node counts in steps of its own, so the number of the one owner tells which of them was the first.
OWNERS = """\
SET SESSION wsrep_sync_wait = 1;
SELECT COUNT(*), COUNT(DISTINCT owner.id), MIN(owner.nickname), MIN(one.id), MAX(one.id)
FROM estimation_group one JOIN estimation_user owner ON owner.id = one.`user`"""


@dataclass
class Cluster:
    """The nodes, the first of which takes the writes, and the site on the address of their proxy."""

    nodes: list[Node]
    site: Site


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    programs = GALERA.programs()
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", shlex.join(programs.command("mariadb-dump")))
    monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", shlex.join(programs.command("mariadb")))
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    with running_cluster() as nodes:
        yield nodes


@pytest.fixture
def large(nodes: list[Node]) -> list[Node]:
    """The nodes, with a database of the Flask version in which there are very many groups."""
    settings = {"DJANGO_SETTINGS_MODULE": "estimation.settings"}
    filled = python(LARGE.format(many=MANY), PROJECT, at(nodes[0]) | settings)
    assert filled.returncode == 0, filled.stderr
    assert manage(["adopt"], PROJECT, at(nodes[0])).returncode == 0
    return nodes


@pytest.fixture
def cluster(tmp_path: Path, nodes: list[Node]) -> Iterator[Cluster]:
    with ExitStack() as stack:
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


def test_a_writer_that_is_killed_takes_no_acknowledged_vote_with_it(cluster, record_property):
    teams = play([cluster.site], cluster.nodes[0].kill, record_property)
    for node in cluster.nodes[1:]:
        assert wrongs(teams, node.url) == []


def test_a_writer_that_is_cut_off_from_the_others_takes_none_and_catches_up(cluster, record_property):
    writer = cluster.nodes[0]

    def cut_off() -> None:
        writer.start.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")

    teams = play([cluster.site], cut_off, record_property)
    assert writer.status("wsrep_cluster_status") != "Primary"
    writer.start.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
    writer.wait_for("wsrep_local_state_comment", "Synced")
    for node in cluster.nodes:
        assert wrongs(teams, node.url) == []


# --- migrate


def at(node: Node) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": node.url}


def migrating(node: Node) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        cwd=PROJECT,
        env=at(node),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def assert_migrated(nodes: list[Node]) -> None:
    """Every group is there, with an owner, on each node."""
    for node in nodes:
        assert node.start.ask(OWNERS).split() == [str(MANY), "1", "default", "1", str(3 * MANY - 2)]
        shown = manage(["migrate", "--check"], PROJECT, at(node))
        assert shown.returncode == 0, shown.stdout + shown.stderr


def test_migrate_is_started_on_two_nodes_at_once_and_done_once(large):
    runs = [migrating(node) for node in large[:2]]
    told = [each.communicate()[0] for each in runs]
    assert [each.returncode for each in runs] == [0, 0], told
    assert_migrated(large)


def test_migrate_that_is_killed_on_one_node_is_finished_from_another(large):
    first, second, _third = large
    killed = migrating(first)
    until(
        lambda: second.start.ask("SHOW COLUMNS FROM estimation_group LIKE 'user'") != "",
        "The owners do not come.",
    )
    killed.kill()
    killed.communicate()
    finished = migrating(second)
    told, _nothing = finished.communicate()
    assert finished.returncode == 0, told
    assert_migrated(large)
