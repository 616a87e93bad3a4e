"""Teams estimate while the site, its database and its Redis are killed, frozen, and out of room."""

import os
import resource
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from database_servers import CACHE, ENGINES
from debian_packages import unpacked
from redis_server import RedisServer
from releases import checked_out

from estimation.tests.faults.crowd import Crowd
from estimation.tests.faults.cutting_proxy import CuttingProxy
from estimation.tests.legacy import PROJECT
from estimation.tests.load.playing import play, saved, wrongs
from estimation.tests.site import Site
from evolution.tests.crash.servers import KillableServer, killable
from evolution.tests.forked import manage
from evolution.tests.small_disks import Disk, small_disks

# Before API tokens, recovery codes, webhooks, and the end of what was left for releases earlier still.
EARLIER = "c7aff26^"
KILLS = int(os.environ.get("KILLS", "50"))
AWAY = 30  # seconds
CUTTING = 20  # seconds
FULL = 30  # seconds; the first of them what the database had laid by for itself is used up

Serve = Callable[..., Site]


def migrate(database: str, *options: str, release: Path = PROJECT) -> None:
    """`manage.py migrate` of this project, or of another release of it, which has to succeed."""
    migrated = manage(["migrate", "--no-input", *options], release, os.environ | {"DATABASE_URL": database})
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Serve]:
    """Starts a site on the database at this address, as it is."""
    with ExitStack() as stack:

        def start(database: str, release: Path = PROJECT, **environment: str) -> Site:
            site = Site(DATABASE_URL=database, **environment)
            site.folder, site.output = release, tmp_path / "site.log"
            site.start()
            stack.callback(site.kill)
            return site

        yield start


@pytest.fixture
def serve(start: Serve) -> Serve:
    """Starts a site on the database at this address, which gets the tables first."""

    def serve(database: str, release: Path = PROJECT, **environment: str) -> Site:
        migrate(database, "--no-backup", "--no-rehearsal", release=release)
        return start(database, release, **environment)

    return serve


@pytest.fixture
def earlier_release() -> Iterator[Path]:
    """The code of EARLIER, in a folder."""
    with checked_out(EARLIER) as folder:
        yield folder


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Makes a disk of so many megabytes."""
    with small_disks() as make:
        yield make


def take_programs_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For backups and rehearsals, which need the programs of an engine that may not be installed."""
    engine, programs = ENGINES[name], ENGINES[name].programs()
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", shlex.join(programs.command(engine.dumper)))
    monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", shlex.join(programs.command(engine.client)))


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[KillableServer]:
    """A server that keeps what it has answered for."""
    take_programs_of(request.param, monkeypatch)
    with killable(request.param) as server:
        yield server


@pytest.fixture(params=["sqlite", "mariadb", "mysql"])
def database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """The address of a database on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/faults.sqlite3"
        return
    take_programs_of(request.param, monkeypatch)
    with killable(request.param) as server:
        yield server.url


def test_a_site_that_is_killed_again_and_again_keeps_every_vote(serve, database, record_property):
    site = serve(database)

    def killed() -> None:
        for _number in range(KILLS):
            time.sleep(0.5)  # of play
            site.kill()
            site.start()

    teams = play([site], killed, record_property)
    assert wrongs(teams, database) == []


def test_a_database_that_is_killed_and_away_for_half_a_minute_keeps_every_vote(
    serve, server, record_property
):
    site = serve(server.url)

    def away() -> None:
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        time.sleep(AWAY)
        server.start_again()

    teams = play([site], away, record_property)
    assert wrongs(teams, server.url) == []


def test_a_database_that_is_frozen_for_half_a_minute_keeps_every_vote(serve, server, record_property):
    site = serve(server.url)

    def frozen() -> None:
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(AWAY)
        server.process.send_signal(signal.SIGCONT)

    teams = play([site], frozen, record_property)
    assert wrongs(teams, server.url) == []


def test_a_proxy_that_cuts_off_forms_answers_and_streams_loses_nothing(serve, database, record_property):
    with CuttingProxy(serve(database).port).running() as proxy:

        def cuts() -> None:
            proxy.cuts = True
            time.sleep(CUTTING)
            proxy.cuts = False

        teams = play([proxy], cuts, record_property)
    record_property("cut off", proxy.cut_off)
    assert proxy.cut_off > 100
    assert all(team.screen.opened > 1 for team in teams)
    assert wrongs(teams, database) == []


def test_a_thousand_screens_that_come_back_at_once_cost_no_vote(serve, database, record_property):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))  # a file for each end of a stream
    site = serve(database)
    crowd = Crowd(1000, site.port, database)
    took: list[float] = []
    with crowd.watching():
        teams = play([site], lambda: took.append(crowd.come_back()), record_property)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    record_property("seconds until all were back", round(took[0], 1))
    assert wrongs(teams, database) == []


def test_migrate_and_a_change_of_the_release_under_traffic_cost_no_vote(
    earlier_release, serve, start, database, monkeypatch, record_property, tmp_path
):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    before = serve(database, earlier_release)
    with CuttingProxy(before.port).running() as proxy:

        def changes() -> None:
            migrate(database, "--expand")
            after = start(database)
            proxy.port = after.port
            proxy.hang_up()
            before.stop()
            # The contract steps, with which the earlier release could not go on. A plain `migrate` accounts for every
            # row, and can't where somebody writes meanwhile (docs/evolution.md).
            after.stop()
            migrate(database)
            after.start()

        teams = play([proxy], changes, record_property)
    assert wrongs(teams, database) == []


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_without_redis_votes_go_on(serve, tmp_path, record_property, fault):
    database = f"sqlite:///{tmp_path}/faults.sqlite3"
    redis = RedisServer()
    with redis.running():
        site = serve(database, REDIS_URL=redis.url)
        teams = play([site], getattr(redis, fault), record_property)
        if fault == "freeze":
            redis.thaw()
    assert wrongs(teams, database) == []


def test_two_windows_in_which_one_group_is_facilitated_at_once_lose_nothing(serve, database, record_property):
    site = serve(database)
    teams = play([site], lambda: None, record_property, facilitators=2)
    assert saved(teams)
    assert wrongs(teams, database) == []


@pytest.mark.parametrize("where", ["sqlite", "mariadb"])
def test_a_disk_that_is_full_for_a_while_keeps_every_vote(serve, disk, where, record_property):
    folder = disk(60 if where == "sqlite" else 400)
    with ExitStack() as stack:
        if where == "sqlite":
            database = f"sqlite:///{folder}/faults.sqlite3"
        else:
            binlog = ("--log-bin", "--server-id=1")  # written with each commit, as where there are replicas
            database = stack.enter_context(killable(where, *binlog, disk=folder)).url
        site = serve(database)

        def full() -> None:
            ballast = folder / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            time.sleep(FULL)
            ballast.unlink()

        teams = play([site], full, record_property)
        assert sum(team.unanswered for team in teams), "The disk was not full."
        assert wrongs(teams, database) == []


def test_a_process_whose_clock_is_a_day_ahead_loses_nothing_and_tells_nothing_early(
    serve, database, record_property
):
    library = unpacked("libfaketime", "bookworm", ("libfaketime",), CACHE).root
    (preloaded,) = library.rglob("libfaketime.so.1")
    ahead = {"LD_PRELOAD": str(preloaded), "FAKETIME": "+1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    sites = [serve(database), serve(database, **ahead)]
    teams = play(sites, lambda: None, record_property)
    assert wrongs(teams, database) == []


def test_an_account_that_is_not_kept_is_found(serve, tmp_path, record_property):
    """So that the tests above can fail."""
    database = f"sqlite:///{tmp_path}/faults.sqlite3"
    site = serve(database)
    teams = play([site], lambda: None, record_property)
    lost = "from issues.models import Vote; Vote.objects.order_by('pk').first().delete()"
    done = manage(
        ["shell", "--no-imports", "--command", lost], PROJECT, os.environ | {"DATABASE_URL": database}
    )
    assert done.returncode == 0, done.stderr
    (wrong,) = wrongs(teams, database)
    assert "was acknowledged, nothing is there" in wrong
