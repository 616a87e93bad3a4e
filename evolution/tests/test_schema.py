"""In what two schemas differ."""

from dataclasses import replace

import pytest

from evolution.schema import Column, ForeignKey, MissingIndex, Schema, Table, differences, missing_indexes

KEY = ForeignKey(("owner",), "person", ("id",), "RESTRICT", "RESTRICT")
THING = Table(
    columns={"id": Column("integer", nullable=False), "name": Column("varchar(32)", nullable=True)},
    primary_key=("id",),
    unique=frozenset({("name",)}),
    indexes=frozenset({("name", "id")}),
    foreign_keys=frozenset({KEY}),
    engine="InnoDB",
)


def schema(**tables: Table) -> Schema:
    return Schema(tables, "utf8mb4")


def test_a_schema_does_not_differ_from_itself():
    assert differences(schema(thing=THING), schema(thing=THING)) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (schema(), "table thing is missing"),
        (schema(thing=THING, other=THING), "table other should not be there"),
        (Schema({"thing": THING}, "latin1"), "the database's character set is latin1, not utf8mb4"),
        (
            schema(thing=replace(THING, engine="MyISAM")),
            "table thing: its storage engine is MyISAM, not InnoDB",
        ),
        (
            schema(thing=replace(THING, primary_key=("name",))),
            "table thing: its primary key is (name), not (id)",
        ),
        (schema(thing=replace(THING, unique=frozenset())), "table thing: unique (name) is missing"),
        (
            schema(thing=replace(THING, unique=frozenset({("name",), ("id", "name")}))),
            "table thing: unique (id, name) should not be there",
        ),
        (
            schema(thing=replace(THING, foreign_keys=frozenset())),
            "table thing: foreign key (owner) to person (id) ON DELETE RESTRICT ON UPDATE RESTRICT is missing",
        ),
        (
            schema(thing=replace(THING, foreign_keys=frozenset({KEY, replace(KEY, on_delete="CASCADE")}))),
            "table thing: foreign key (owner) to person (id) ON DELETE CASCADE ON UPDATE RESTRICT should not be there",
        ),
        (
            schema(thing=replace(THING, triggers=frozenset({"watch"}))),
            "table thing: trigger watch should not be there",
        ),
    ],
)
def test_each_difference_is_told_in_a_sentence(found, line):
    assert differences(schema(thing=THING), found) == [line]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"id": THING.columns["id"]}, "table thing: column name (varchar(32) NULL) is missing"),
        (
            THING.columns | {"colour": Column("text", nullable=False)},
            "table thing: column colour (text NOT NULL) should not be there",
        ),
        (
            THING.columns | {"name": Column("varchar(32)", nullable=False)},
            "table thing: column name is varchar(32) NOT NULL, not varchar(32) NULL",
        ),
    ],
)
def test_each_difference_of_a_column_is_told_in_a_sentence(columns, line):
    assert differences(schema(thing=THING), schema(thing=replace(THING, columns=columns))) == [line]


def test_a_missing_index_is_no_difference_but_is_found():
    found = schema(thing=replace(THING, indexes=frozenset()))
    assert differences(schema(thing=THING), found) == []
    assert missing_indexes(schema(thing=THING), found) == [MissingIndex("thing", ("name", "id"))]


def test_a_longer_index_serves_for_a_shorter_one():
    found = schema(thing=replace(THING, indexes=frozenset({("name", "id", "colour")})))
    assert missing_indexes(schema(thing=THING), found) == []


def test_tables_that_are_not_asked_for_are_left_out():
    assert schema(thing=THING, other=THING).only({"thing"}) == schema(thing=THING)
