"""Work that the database gives up is done again, once; and where nobody can know, nothing says that it is done."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client

from estimation import transactions
from estimation.tests import disturbed_pages
from groups.models import Group

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("estimation.tests.disturbed_pages"),
]
on_a_server = pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="SQLite has no server that gives transactions up"
)


@pytest.fixture(autouse=True)
def _disturbances() -> Iterator[None]:
    yield
    disturbed_pages.disturbances.clear()


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def send(visitor: Client, path: str, alice, **more):
    return visitor.post(path, {"name": "Payments", "owner": alice.pk, **more})


def names() -> list[str | None]:
    return list(Group.objects.values_list("name", flat=True))


def elsewhere(work: Callable[[], None]) -> None:
    """Do it in a connection of its own."""

    def done() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=done)
    thread.start()
    thread.join()


def lose_the_connection() -> None:
    """The server ends the connection of the page, which learns it from its next statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        number = cursor.fetchone()[0]

    def kill() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"KILL CONNECTION {number}")
            while True:  # until it is gone, as the server sees it
                cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %s", [number])
                if not cursor.fetchone()[0]:
                    return

    elsewhere(kill)


@contextmanager
def crossing(first: Group, second: Group) -> Iterator[Callable[[], None]]:
    """What makes the page the victim of a deadlock: it holds `first`, wants `second`, and another one the reverse.

    The other one has changed more rows, and the server gives up the one that has changed fewer.
    """
    holds = threading.Event()
    goes_on = threading.Event()

    def other() -> None:
        try:
            with transaction.atomic():
                Group.objects.filter(pk=second.pk).update(name="Other")
                Group.objects.filter(name="Heavy").update(name="Heavier")
                holds.set()
                goes_on.wait(20)
                Group.objects.filter(pk=first.pk).update(name="Other")
        finally:
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    assert holds.wait(20)

    def cross() -> None:
        Group.objects.filter(pk=first.pk).update(name="Mine")
        goes_on.set()
        Group.objects.filter(pk=second.pk).update(name="Mine")

    yield cross
    goes_on.set()
    thread.join()


@on_a_server
def test_the_victim_of_a_deadlock_is_done_again(visitor, alice, caplog):
    first, second = (Group.objects.start(alice, name) for name in ("First", "Second"))
    Group.objects.bulk_create(Group(name="Heavy", user=alice) for _ in range(50))
    with crossing(first, second) as cross:
        disturbed_pages.disturbances[:] = [cross]
        answer = send(visitor, "/before/", alice)
    assert answer.status_code == 200
    assert names().count("Payments") == 1
    assert "Done again, since the database gave it up: 1213" in caplog.text


@on_a_server
def test_work_whose_connection_is_lost_before_its_commit_is_done_again(visitor, alice):
    disturbed_pages.disturbances[:] = [lose_the_connection, lose_the_connection]
    assert send(visitor, "/before/", alice).status_code == 200
    assert names() == ["Payments"]


@on_a_server
def test_a_commit_that_nobody_answers_is_not_done_again(visitor, alice):
    """Perhaps it was the last thing that the server did."""
    disturbed_pages.disturbances[:] = [lose_the_connection]
    answer = send(visitor, "/commit/", alice)
    assert answer.status_code == 503
    assert "may be saved or not" in answer.content.decode()
    assert answer["Retry-After"] == "5"
    assert names() == []  # this time


@on_a_server
def test_a_change_by_itself_that_nobody_answers_is_not_done_again(visitor, alice):
    """It may have been done before the connection was lost."""
    disturbed_pages.disturbances[:] = [lose_the_connection]
    assert send(visitor, "/alone/", alice).status_code == 503
    connection.close()  # as after each request of a server
    assert names() == []  # this time


@on_a_server
def test_work_of_which_something_is_saved_is_not_done_again(visitor, alice):
    disturbed_pages.disturbances[:] = [lose_the_connection]
    assert send(visitor, "/twice/", alice).status_code == 503
    assert names() == ["Payments"]


@on_a_server
def test_a_page_that_has_told_its_person_something_is_not_called_again(visitor, alice):
    disturbed_pages.disturbances[:] = [lose_the_connection]
    assert send(visitor, "/told/", alice).status_code == 503
    assert names() == []


@on_a_server
def test_what_was_uploaded_is_read_again_from_its_beginning(visitor, alice):
    disturbed_pages.disturbances[:] = [lose_the_connection]
    answer = send(visitor, "/before/", alice, file=BytesIO(b"all of it"))
    assert answer.content == b"all of it"


@on_a_server
def test_a_database_that_fails_again_and_again_is_asked_a_few_times(visitor, alice, monkeypatch, caplog):
    monkeypatch.setattr(transactions, "DELAYS", (0.0, 0.0))
    disturbed_pages.disturbances[:] = [lose_the_connection] * 5
    assert send(visitor, "/before/", alice).status_code == 503
    assert len(disturbed_pages.disturbances) == 2
    assert names() == []


@on_a_server
def test_nothing_is_done_again_when_somebody_has_waited_long_enough(visitor, alice, monkeypatch):
    monkeypatch.setattr(transactions, "PATIENCE", 0)
    disturbed_pages.disturbances[:] = [lose_the_connection]
    assert send(visitor, "/before/", alice).status_code == 503


def test_an_error_of_the_request_s_own_is_not_tried_again(visitor, alice, caplog):
    def wrong() -> None:
        disturbed_pages.disturbances.append(lambda: None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    disturbed_pages.disturbances[:] = [wrong]
    send(visitor, "/before/", alice)
    assert len(disturbed_pages.disturbances) == 1
    assert "Done again" not in caplog.text


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_database_that_is_away_is_told_in_the_asker_s_way(visitor, alice, accept):
    def away() -> None:
        raise OperationalError(2002, "Can't connect")

    disturbed_pages.disturbances[:] = [away]
    answer = visitor.post("/before/", {"name": "x", "owner": alice.pk}, headers={"Accept": accept})
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith(accept)
    assert "does not answer" in answer.content.decode()
