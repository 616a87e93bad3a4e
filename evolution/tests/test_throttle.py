"""Data steps in batches let others go first: on a server that is busy, and where a replica is behind."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from pytest_django import DjangoDbBlocker

from evolution import throttle
from evolution.batches import for_each_batch
from evolution.conf import configuration
from evolution.progress import Progress
from evolution.tests.own_server import address, elsewhere, servers
from evolution.tests.shelf import Shelf
from evolution.tests.stops import refusal
from evolution.tests.test_batches import add_one, things  # noqa: F401 - a fixture
from evolution.throttle import Throttle, misconfigured, reasons

on_a_server = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has neither sessions nor replicas"
)
PATIENCE = 60  # seconds until what has to happen soon has happened
FILE = {"ENGINE": "evolution.backends.sqlite3", "NAME": ":memory:"}
MANY = 30  # sessions, more than other tests have at work beside this one


class Waiting(Progress):
    """Writes down why it waits, and does something against it."""

    def __init__(self, remedy: Callable[[], object]) -> None:
        super().__init__("", 0, stream=StringIO())
        self.remedy = remedy
        self.reasons: list[str] = []

    def wait(self, reason: str) -> None:
        self.reasons.append(reason)
        self.remedy()


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "LOOK", 0.05)


# --- A busy server


@contextmanager
def sessions_at_work(shelf: Shelf) -> Iterator[Callable[[], None]]:
    """So many sessions that sleep, which counts as work; what is given ends them."""
    ready = threading.Barrier(MANY + 1, timeout=PATIENCE)
    numbers: list[int] = []

    def work() -> None:
        own = shelf.wrapper.copy()
        try:
            with own.cursor() as cursor:
                cursor.execute("SELECT CONNECTION_ID()")
                numbers.append(cursor.fetchone()[0])
                ready.wait()
                cursor.execute("SELECT SLEEP(600)")
        except OperationalError:
            pass  # ended
        finally:
            own.close()

    threads = [threading.Thread(target=work) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    ready.wait()

    def end() -> None:
        for number in numbers:
            shelf.rows(f"KILL QUERY {number}")
        numbers.clear()
        for thread in threads:
            thread.join()

    try:
        yield end
    finally:
        end()


def running(shelf: Shelf) -> int:
    return int(shelf.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'")[0][1])


def soon(happened: Callable[[], object]) -> None:
    """Wait for something that takes a moment; the test fails where it does not happen."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline


def wait_until_busy(shelf: Shelf) -> None:
    soon(lambda: running(shelf) >= MANY)


@on_a_server
def test_on_a_busy_server_it_waits_says_why_and_goes_on_when_that_is_over(shelf):
    with sessions_at_work(shelf) as end:
        wait_until_busy(shelf)
        progress = Waiting(end)
        Throttle(shelf.wrapper, progress).pause()
    assert running(shelf) < MANY
    assert progress.reasons[0].endswith("sessions of the server are at work, more than 25")


@on_a_server
def test_the_limit_is_one_of_the_settings(shelf, monkeypatch):
    monkeypatch.setenv("EVOLUTION_BUSY_SESSIONS", str(MANY * 10))
    with sessions_at_work(shelf):
        wait_until_busy(shelf)
        assert list(reasons(shelf.wrapper)) == []


@on_a_server
def test_in_an_open_transaction_for_which_others_may_wait_it_goes_on(shelf):
    with sessions_at_work(shelf):
        wait_until_busy(shelf)
        progress = Waiting(pytest.fail)
        with transaction.atomic(using=shelf.wrapper.alias):
            Throttle(shelf.wrapper, progress).pause()


@on_a_server
def test_the_batches_of_a_data_step_wait_and_it_says_so(shelf, things, monkeypatch, capsys):  # noqa: F811
    busy: list[bool] = []

    def work(batch: "QuerySet[Any]") -> None:
        busy.append(running(shelf) >= MANY)
        add_one(batch)

    with sessions_at_work(shelf) as end:
        wait_until_busy(shelf)
        say = Progress.wait
        monkeypatch.setattr(Progress, "wait", lambda progress, reason: (say(progress, reason), end()))
        for_each_batch(things, work, checkpoint="x")
    assert busy
    assert not any(busy)
    assert "waits, " in capsys.readouterr().err


@on_a_server
def test_a_data_step_without_rows_has_nothing_to_wait_for(shelf, things, monkeypatch):  # noqa: F811
    monkeypatch.setenv("EVOLUTION_REPLICAS", shelf.wrapper.alias)  # which is none
    for_each_batch(things.none(), add_one, checkpoint="x")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_sqlite_is_asked_nothing(shelf):
    Throttle(shelf.wrapper, Waiting(pytest.fail)).pause()


# --- A replica that is behind


@pytest.fixture(scope="module")
def replicated(django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a server that has one replica, which `connections` and the settings know as "replica"."""
    with (
        django_db_blocker.unblock(),
        servers() as serve,
        elsewhere(address(serve("--server-id=1", "--log-bin=log").url), "source") as source,
        elsewhere(address(serve("--server-id=2").url), "replica") as replica,
        pytest.MonkeyPatch.context() as patch,
    ):
        follow(source, replica)
        patch.setenv("EVOLUTION_REPLICAS", "replica")
        patch.setenv("EVOLUTION_REPLICA_LAG", "0")
        soon(lambda: not list(reasons(source)))
        yield source


def follow(source: BaseDatabaseWrapper, replica: BaseDatabaseWrapper, name: str = "") -> None:
    """Have one server do from now on what the other does; what they have done so far is the same.

    MySQL calls a source that has a `name` of its own a channel.
    """
    there = source.settings_dict
    if source.mysql_is_mariadb:  # type: ignore[attr-defined]
        named = f"'{name}'" * bool(name)
        reset, change, word, end = "RESET MASTER", f"CHANGE MASTER {named}", "MASTER", ""
        start = f"START REPLICA {named}"
    else:
        channel = f" FOR CHANNEL '{name}'" * bool(name)
        reset, change, word = "RESET BINARY LOGS AND GTIDS", "CHANGE REPLICATION SOURCE", "SOURCE"
        end, start = f", GET_SOURCE_PUBLIC_KEY = 1{channel}", f"START REPLICA{channel}"
    with source.cursor() as asked, replica.cursor() as told:
        asked.execute(reset)
        told.execute(
            f"{change} TO {word}_HOST = '127.0.0.1', {word}_PORT = {there['PORT']}, {word}_USER = '{there['USER']}',"
            f" {word}_PASSWORD = '{there['PASSWORD']}'{end}"
        )
        told.execute(start)


@on_a_server
def test_a_replica_that_is_behind_is_waited_for(replicated):
    replica = connections["replica"]
    with closing(replica.copy()) as other, other.cursor() as lock, replicated.cursor() as cursor:
        lock.execute("FLUSH TABLES WITH READ LOCK")
        cursor.execute("CREATE TABLE news (id int PRIMARY KEY)")
        soon(lambda: [reason for reason in reasons(replicated) if reason.endswith("s behind")])
        progress = Waiting(lambda: lock.execute("UNLOCK TABLES"))
        Throttle(replicated, progress).pause()
    assert progress.reasons
    with replica.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM news")


@on_a_server
def test_a_replica_that_has_stopped_is_waited_for(replicated):
    def start() -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute("START REPLICA")

    with connections["replica"].cursor() as cursor:
        cursor.execute("STOP REPLICA")
    assert list(reasons(replicated)) == ["the replica replica does not follow"]
    progress = Waiting(start)
    Throttle(replicated, progress).pause()
    assert progress.reasons[0] == "the replica replica does not follow"


@on_a_server
def test_a_replica_that_does_not_answer_is_named(shelf, monkeypatch):
    monkeypatch.setenv("EVOLUTION_REPLICAS", "gone")
    with elsewhere({"HOST": "127.0.0.1", "PORT": 1}, "gone"):
        (reason,) = reasons(shelf.wrapper)
    assert reason.startswith("the replica gone can't be asked: Can't connect")


@on_a_server
def test_a_server_that_is_no_replica_is_named(shelf, monkeypatch):
    monkeypatch.setenv("EVOLUTION_REPLICAS", shelf.wrapper.alias)
    assert list(reasons(shelf.wrapper)) == [f"{shelf.wrapper.alias} is no replica"]


@on_a_server
def test_a_source_with_a_name_of_its_own_counts_too(serve, monkeypatch):
    monkeypatch.setenv("EVOLUTION_REPLICAS", "follower")
    monkeypatch.setenv("EVOLUTION_REPLICA_LAG", "0")
    with (
        elsewhere(address(serve("--server-id=3", "--log-bin=log").url), "leader") as leader,
        elsewhere(address(serve("--server-id=4").url), "follower") as follower,
    ):
        follow(leader, follower, name="one")
        soon(lambda: not list(reasons(leader)))
        assert misconfigured(leader) == ""


@on_a_server
@pytest.mark.parametrize("alias", ["the shelf's", "file"])
def test_a_run_is_refused_where_a_database_of_the_setting_is_no_replica(shelf, migrate, monkeypatch, alias):
    alias = shelf.wrapper.alias if alias == "the shelf's" else alias
    monkeypatch.setitem(connections.settings, "file", FILE)
    monkeypatch.setenv("EVOLUTION_REPLICAS", alias)
    shelf.write("0002_more", "migrations.AddField('book', 'pages', models.IntegerField(default=100)),")
    said, code = refusal(migrate)
    assert code == 1
    assert said.startswith(f"The database {alias}, which REPLICAS names, is no replica.")
    assert ("shelf", "0002_more") not in shelf.applied()


@on_a_server
def test_a_user_who_may_not_ask_a_replica_is_told_so(shelf, monkeypatch):
    monkeypatch.setenv("EVOLUTION_REPLICAS", "poor")
    name = shelf.wrapper.settings_dict["NAME"]
    shelf.rows("CREATE USER poor@'%' IDENTIFIED BY 'poor'")
    try:
        shelf.rows(f"GRANT SELECT ON `{name}`.* TO poor@'%'")
        with elsewhere({"USER": "poor", "PASSWORD": "poor", "NAME": name}, "poor"):
            assert misconfigured(shelf.wrapper).startswith("The user of the database poor may not ask")
    finally:
        shelf.rows("DROP USER poor@'%'")


@pytest.mark.parametrize(
    ("key", "value"), [("REPLICA_LAG", "-1"), ("BUSY_SESSIONS", "0"), ("REPLICAS", "default,nobody")]
)
def test_a_limit_below_its_least_and_a_replica_that_nobody_knows_are_refused(monkeypatch, key, value):
    monkeypatch.setenv(f"EVOLUTION_{key}", value)
    with pytest.raises(ImproperlyConfigured, match=key):
        configuration()
