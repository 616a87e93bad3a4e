"""What is read from a live database, and how often it is asked."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evolution.introspection import read_schema
from evolution.scratch import scratch_database

TABLE = (
    "CREATE TABLE thing_{} (id integer PRIMARY KEY, name varchar(9) UNIQUE, other integer CHECK (other > 0))"
)


def test_a_schema_is_read_with_as_many_queries_for_many_tables_as_for_one(django_db_blocker):
    counts = []
    with django_db_blocker.unblock(), scratch_database(connection) as scratch:
        for number in range(12):
            with scratch.cursor() as cursor:
                cursor.execute(TABLE.format(number))
            with CaptureQueriesContext(scratch) as queries:
                assert len(read_schema(scratch).tables) == number + 1
            counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 8


@pytest.mark.django_db
def test_keys_indexes_and_checks_are_those_that_django_finds():
    with connection.cursor() as cursor:
        for name, table in read_schema(connection).tables.items():
            found = connection.introspection.get_constraints(cursor, name).values()

            def columns(*kinds, without=(), found=found):
                return {
                    tuple(c["columns"])
                    for c in found
                    if any(c[kind] for kind in kinds) and not any(c[kind] for kind in without)
                }

            assert {table.primary_key} == columns("primary_key")
            assert table.unique == columns("unique", without=["primary_key"]), name
            assert table.indexes == columns("index", without=["primary_key", "unique"]), name
            assert table.checks == {tuple(sorted(c["columns"])) for c in found if c["check"]}, name


def test_an_index_of_an_expression_can_be_compared(django_db_blocker):
    with django_db_blocker.unblock(), scratch_database(connection) as scratch, scratch.cursor() as cursor:
        if getattr(scratch, "mysql_is_mariadb", False):
            pytest.skip("MariaDB has no indexes of expressions")
        cursor.execute(TABLE.format(1))
        cursor.execute("CREATE INDEX thing_lower ON thing_1 ((lower(name)))")
        cursor.execute("CREATE INDEX thing_name ON thing_1 (name)")
        assert sorted(read_schema(scratch).tables["thing_1"].indexes) == [("an expression",), ("name",)]
