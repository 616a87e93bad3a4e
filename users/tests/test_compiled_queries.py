"""Queries whose SQL is written once find what Django's find."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Case, IntegerField, When
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from users.compiled_queries import MAX_INTEGER, CompiledQuery, CompiledRows
from users.models import User, UserSession


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_guest("Ada")


def users() -> CompiledQuery[User]:
    return CompiledQuery(lambda number: User.objects.filter(pk=number), 1)


def test_the_object_is_the_one_that_django_finds(user: User) -> None:
    found = users().find(user.pk)

    assert found is not None
    assert vars(found).keys() == vars(User.objects.filter(pk=user.pk).get()).keys()
    assert (model_to_dict(found), found.date_joined) == (model_to_dict(user), user.date_joined)


def test_the_object_can_be_changed_and_kept(user: User) -> None:
    found = users().find(user.pk)
    assert found is not None
    found.nickname = "Grace"
    found.save()

    user.refresh_from_db()
    assert user.nickname == "Grace"


def test_each_time_the_present_object_is_found(user: User) -> None:
    query = users()
    query.find(user.pk)
    User.objects.filter(pk=user.pk).update(nickname="Grace")

    found = query.find(user.pk)

    assert found is not None
    assert found.nickname == "Grace"


def test_the_query_is_made_once_for_all_values(user: User) -> None:
    made = []

    def of(number: int) -> Any:
        made.append(number)
        return User.objects.filter(pk=number)

    query = CompiledQuery(of, 1)

    assert [query.find(user.pk), query.find(user.pk + 1), query.find(user.pk)] == [user, None, user]
    assert made == [1]


def test_a_relation_is_read_in_the_same_query(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed = UserSession.objects.create(session_id="k" * 32, user=user)
    query = CompiledQuery(lambda number: UserSession.objects.select_related("user").filter(pk=number), 1)

    with django_assert_num_queries(1):
        found = query.find(listed.pk)
        assert found is not None
        assert found.user == user


def test_values_stand_where_their_examples_stood(user: User) -> None:
    query = CompiledQuery(lambda number, name: User.objects.filter(nickname=name, pk=number), 1, "a name")

    assert query.find(user.pk, "Ada") == user
    assert query.find(user.pk, "Grace") is None


@pytest.mark.parametrize("number", [MAX_INTEGER, MAX_INTEGER + 1, -MAX_INTEGER, -MAX_INTEGER - 2, 10**30])
def test_nothing_has_a_number_that_no_column_holds(user: User, number: int) -> None:
    assert users().find(number) is None


def test_a_value_is_never_taken_for_sql(db: None) -> None:
    Session.objects.create(session_key="k" * 32, session_data="", expire_date=timezone.now())
    query = CompiledQuery(lambda key: Session.objects.filter(session_key=key), "key")

    assert query.find("' OR 1=1 -- ") is None
    assert query.find("k" * 32) is not None


@pytest.mark.django_db(transaction=True)
def test_another_thread_asks_by_its_own_connection() -> None:
    user, query, found = User.objects.create_guest("Ada"), users(), []
    query.find(user.pk)

    def ask() -> None:
        with CaptureQueriesContext(connection) as asked:
            found.append((query.find(user.pk), len(asked)))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert found == [(user, 1)]


@pytest.mark.django_db(transaction=True)
def test_code_in_an_event_loop_asks_by_the_connection_that_it_has_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, query = User.objects.create_guest("Ada"), users()
    query.find(user.pk)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "on")  # as what drives a browser has it

    async def ask() -> tuple[User | None, int]:
        with CaptureQueriesContext(connection) as asked:
            found = query.find(user.pk)
        connection.close()
        return found, len(asked)

    assert asyncio.run(ask()) == (user, 1)


@pytest.mark.parametrize(
    ("query", "examples"),
    [
        (lambda number, other: User.objects.filter(pk=number, session_generation=other), (1, 1)),
        (lambda number: User.objects.filter(pk=number, session_generation=0), (1,)),
        (lambda _number: User.objects.filter(is_active=True), (5,)),
    ],
    ids=["examples alike", "a value of its own", "an example left out"],
)
def test_a_query_that_would_be_asked_wrongly_is_refused(
    db: None, query: Any, examples: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="each once"):
        CompiledQuery(query, *examples).find(*examples)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_closed_is_opened_again() -> None:
    user = User.objects.create_guest("Ada")
    query = users()
    query.find(user.pk)
    connection.close()

    assert query.find(user.pk) == user


def test_what_has_to_be_there_is_got(user: User) -> None:
    assert users().get(user.pk) == user


@pytest.mark.parametrize("number", [MAX_INTEGER, MAX_INTEGER + 1])
def test_what_is_not_there_is_told_as_django_tells_it(db: None, number: int) -> None:
    with pytest.raises(User.DoesNotExist, match="User matching query does not exist"):
        users().get(number)
    with pytest.raises(User.DoesNotExist, match="User matching query does not exist"):
        User.objects.get(pk=number)


def sessions_until() -> CompiledRows:
    """Of the sessions that end after a moment: the key and the end, the first one first; and whether it is soon."""

    def after(moment: datetime, soon: datetime) -> Any:
        is_soon = Case(When(expire_date__lt=soon, then=7), default=8, output_field=IntegerField())
        ending = Session.objects.filter(expire_date__gt=moment).order_by("expire_date")
        return ending.values_list("session_key", "expire_date", is_soon)

    examples = datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 2, tzinfo=UTC)
    return CompiledRows(after, *examples, constants=(7, 8))


def test_all_rows_are_read_in_the_order_and_as_the_values_that_django_reads(db: None) -> None:
    for hour in (5, 1, 3):
        end = datetime(2026, 1, 1, hour, tzinfo=UTC)
        Session.objects.create(session_key=f"key {hour}", session_data="", expire_date=end)

    rows = sessions_until()
    read = [
        rows.read(datetime(2026, 1, 1, hour, tzinfo=UTC), datetime(2026, 1, 1, 4, tzinfo=UTC))
        for hour in (2, 1, 5)
    ]

    third = ("key 3", datetime(2026, 1, 1, 3, tzinfo=UTC), 7)
    fifth = ("key 5", datetime(2026, 1, 1, 5, tzinfo=UTC), 8)
    assert read == [[third, fifth], [third, fifth], []]


def test_rows_are_read_by_one_query_that_is_made_once(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = []

    def of(number: int) -> Any:
        made.append(number)
        return User.objects.filter(pk=number).values_list("nickname")

    rows = CompiledRows(of, 1)
    with django_assert_num_queries(2):
        assert [rows.read(user.pk), rows.read(user.pk + 1)] == [[("Ada",)], []]
    assert made == [1]


def test_a_condition_on_a_flag_is_not_taken_for_the_number_1(user: User) -> None:
    User.objects.create_guest("Grace")
    rows = CompiledRows(
        lambda number: (
            User.objects.filter(is_active=True, pk__gte=number).order_by("pk").values_list("nickname")
        ),
        1,
    )

    assert [rows.read(user.pk), rows.read(user.pk + 1)] == [[("Ada",), ("Grace",)], [("Grace",)]]


def test_no_row_has_a_number_that_no_column_holds(db: None) -> None:
    rows = CompiledRows(lambda number: User.objects.filter(pk=number).values_list("nickname"), 1)

    assert rows.read(MAX_INTEGER + 1) == ()


@pytest.mark.parametrize(
    ("examples", "constants"),
    [((1,), ()), ((1,), (0, 5)), ((1,), (5,)), ((5,), (0,)), ((0,), (0,))],
    ids=["a constant not named", "one too many", "another constant", "another example", "both alike"],
)
def test_rows_of_a_query_that_would_be_asked_wrongly_are_refused(
    db: None, examples: tuple[int, ...], constants: tuple[int, ...]
) -> None:
    def of(number: int) -> Any:
        return User.objects.filter(pk=1 if number == 5 else number, session_generation=0).values_list("pk")

    with pytest.raises(ValueError, match="each once"):
        CompiledRows(of, *examples, constants=constants).read(*examples)


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_by_the_connection_of_an_event_loop_there(monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.objects.create_guest("Ada")
    rows = CompiledRows(lambda number: User.objects.filter(pk=number).values_list("nickname"), 1)
    rows.read(user.pk)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "on")

    async def ask() -> tuple[Any, int]:
        with CaptureQueriesContext(connection) as asked:
            found = rows.read(user.pk)
        connection.close()
        return found, len(asked)

    assert asyncio.run(ask()) == ([("Ada",)], 1)
