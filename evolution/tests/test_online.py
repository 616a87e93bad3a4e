"""By which algorithm MySQL and MariaDB carry a schema change out, and what is done about foreign keys."""

import re

import pytest
from django.db import DatabaseError, IntegrityError, NotSupportedError, connection

from evolution import runs
from evolution.conf import MEGABYTE
from evolution.executor import JournaledExecutor
from evolution.fingerprints import fingerprint
from evolution.online import NOT_GRANTED, algorithms_taken, size_of, table_altered
from evolution.tests.shelf import Cut, Shelf

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no such algorithms")

INSTANT, INPLACE = "ALGORITHM=INSTANT", "ALGORITHM=INPLACE"
ADD_KEY = "ALTER TABLE shelf_book ADD CONSTRAINT book_writer FOREIGN KEY (writer_number) REFERENCES shelf_writer (id)"
COPIED = "ALTER TABLE shelf_book MODIFY writer_number bigint NULL"


class Sent(list[tuple[str, int]]):
    """What was sent to change a schema, each with the number of the server's error; 0 where it did as asked."""

    def __call__(self, execute, sql, params, many, context):
        if not re.match(r"ALTER|(CREATE|DROP)\b.* INDEX", str(sql)):
            return execute(sql, params, many, context)
        try:
            answer = execute(sql, params, many, context)
        except DatabaseError as error:
            self.append((str(sql), error.args[0]))
            raise
        self.append((str(sql), 0))
        return answer


def carry_out(shelf: Shelf, *statements: str) -> Sent:
    """Migrate over these statements; those that changed the schema."""
    if statements:
        operations = "\n".join(f"migrations.RunSQL({sql!r})," for sql in statements)
        shelf.write("0002_next", operations)
    sent = Sent()
    with shelf.wrapper.execute_wrapper(sent):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", "0002_next")])
    return sent


def book(shelf: Shelf):
    return fingerprint(shelf.wrapper, ["shelf_book"])


@pytest.fixture
def written(shelf: Shelf) -> Shelf:
    """A writer, and two books that name him."""
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (1, 'Mann')")
    shelf.rows("INSERT INTO shelf_book (id, title, writer_number) VALUES (1, 'Tod', 1), (2, 'Berg', 1)")
    return shelf


# --- Algorithms


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["ALTER TABLE `a` ADD b int, ALGORITHM=INSTANT"] * 2, "2 INSTANT"),
        (
            ["ALTER TABLE a ADD KEY b (c), ALGORITHM=INPLACE, LOCK=NONE", "CREATE TABLE d (e int)"],
            "1 INPLACE",
        ),
        (["ALTER TABLE `b` MODIFY c int", "ALTER TABLE a MODIFY c int"], "2 COPY of a, b"),
        (["RENAME TABLE a TO b", "DROP TABLE c"], ""),
    ],
)
def test_the_algorithms_of_a_run_are_counted(statements, said):
    assert algorithms_taken(statements) == said


def test_a_checked_column_is_renamed_though_a_query_has_called_its_table_otherwise(shelf):
    if not shelf.wrapper.mysql_is_mariadb:
        pytest.skip("MySQL renames no column that has a check")
    shelf.rows("ALTER TABLE shelf_book ADD COLUMN pages int NULL CHECK (pages >= 0), COMMENT = 'It''s 100 %'")
    shelf.rows("SELECT b.id FROM shelf_book b")
    carry_out(shelf, "ALTER TABLE shelf_book RENAME COLUMN pages TO sheets")
    assert "`sheets`" in (book(shelf)["shelf_book"] or "")
    assert "COMMENT='It''s 100 %'" in (book(shelf)["shelf_book"] or "")


def test_a_column_that_is_not_there_is_not_renamed(shelf):
    before = book(shelf)
    with pytest.raises(DatabaseError, match="pages"):
        carry_out(shelf, "ALTER TABLE shelf_book RENAME COLUMN pages TO sheets")
    assert book(shelf) == before


@pytest.mark.parametrize(
    ("sql", "algorithm"),
    [
        ("ALTER TABLE shelf_book ADD COLUMN pages int NULL", INSTANT),
        ("ALTER TABLE `shelf_book` ADD COLUMN `pages` int DEFAULT 0 NOT NULL", INSTANT),
        ("ALTER TABLE shelf_book ALTER COLUMN title SET DEFAULT 'x'", INSTANT),
        ("ALTER TABLE shelf_book CHANGE title name varchar(20) NULL", INSTANT),
        ("ALTER TABLE shelf_book DROP COLUMN price", INSTANT),
        ("ALTER TABLE shelf_book MODIFY title varchar(20) NOT NULL", INPLACE),
        ("ALTER TABLE shelf_book ADD CONSTRAINT title_once UNIQUE (title)", INPLACE),
        ("CREATE INDEX book_title ON shelf_book (title)", INPLACE),
        ("CREATE UNIQUE INDEX `book_title` ON `shelf_book` (`title`);", INPLACE),
        (ADD_KEY, INPLACE),
    ],
)
def test_the_server_is_asked_for_the_cheapest_algorithm_that_it_grants(written, sql, algorithm):
    *refused, (asked, code) = carry_out(written, sql)
    assert code == 0
    assert algorithm in asked
    assert [(INSTANT in cheaper, code in NOT_GRANTED) for cheaper, code in refused] == [(True, True)] * (
        algorithm == INPLACE
    )


def test_an_index_is_dropped_without_shutting_anybody_out(written):
    written.rows("CREATE INDEX book_title ON shelf_book (title)")
    *_refused, (asked, code) = carry_out(written, "DROP INDEX `book_title` ON `shelf_book`")
    assert (code, asked) == (
        0,
        "ALTER TABLE `shelf_book` DROP INDEX `book_title`, ALGORITHM=INPLACE, LOCK=NONE",
    )


def test_a_copy_comes_last(written):
    *refused, last = carry_out(written, COPIED)
    assert last == (COPIED, 0)
    assert len(refused) == 2
    assert all(code in NOT_GRANTED for _sql, code in refused)


def test_the_journal_keeps_the_statement_as_it_was_sent(written):
    carry_out(written, "ALTER TABLE shelf_book ADD COLUMN pages int NULL")
    kept = written.rows(
        "SELECT sql, state FROM evolution_statement WHERE kind = 'schema'".replace("sql", "`sql`")
    )
    assert kept == [("ALTER TABLE shelf_book ADD COLUMN pages int NULL, ALGORITHM=INSTANT", "done")]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE shelf_book ADD COLUMN pages int NULL, ALGORITHM=COPY",
        "ALTER TABLE shelf_book ADD COLUMN pages int NULL, LOCK = EXCLUSIVE",
    ],
)
def test_who_names_an_algorithm_gets_it(written, sql):
    assert carry_out(written, sql) == [(sql, 0)]


def test_the_word_in_a_name_or_a_text_chooses_nothing():
    assert table_altered("ALTER TABLE `a LOCK=` ADD COLUMN b int COMMENT 'ALGORITHM=COPY'") == "a LOCK="
    assert table_altered("RENAME TABLE a TO b") is None


# --- Tables that are too large to be copied


@pytest.fixture
def limit(settings, written):
    """Sets the megabytes above which a table is not copied unasked, to so many bytes less than the table has."""

    def set_limit(less: int, *allowed: str) -> None:
        megabytes = (size_of(written.wrapper, "shelf_book") - less) / MEGABYTE
        settings.EVOLUTION = {"COPY_LIMIT": megabytes, "COPY_ALLOWED": allowed}

    return set_limit


def test_a_table_of_just_the_limit_is_copied(written, limit):
    limit(0)
    assert carry_out(written, COPIED)[-1] == (COPIED, 0)


def test_a_larger_one_is_not_and_what_to_do_is_said(written, limit):
    limit(1)
    before = book(written)
    with pytest.raises(NotSupportedError) as refused:
        carry_out(written, COPIED)
    assert "has to copy the table shelf_book, and nobody can write to it meanwhile" in str(refused.value)
    assert "EVOLUTION_COPY_ALLOWED=shelf_book" in str(refused.value)
    assert COPIED in str(refused.value)
    assert book(written) == before
    assert runs.halfway(written.wrapper) is None


def test_a_larger_one_that_is_named_is_copied(written, limit):
    limit(1, "other", "shelf_book")
    assert carry_out(written, COPIED)[-1] == (COPIED, 0)


def test_names_come_from_the_environment_with_commas(written, limit, monkeypatch):
    limit(1)
    monkeypatch.setenv("EVOLUTION_COPY_ALLOWED", "other, shelf_book")
    assert carry_out(written, COPIED)[-1] == (COPIED, 0)


def test_a_larger_table_that_need_not_be_copied_is_changed(written, limit):
    limit(1)
    assert INPLACE in carry_out(written, ADD_KEY)[-1][0]


# --- Foreign keys


def test_a_foreign_key_stands_and_is_kept_by_the_server(written):
    carry_out(written, ADD_KEY)
    with pytest.raises(IntegrityError):
        written.rows("INSERT INTO shelf_book (title, writer_number) VALUES ('Wahl', 2)")


def test_checks_are_on_again_afterwards(written):
    carry_out(written, ADD_KEY)
    assert written.rows("SELECT @@SESSION.foreign_key_checks") == [(1,)]


def test_with_rows_that_point_to_nothing_the_key_goes_again_and_they_are_listed(written):
    written.rows("UPDATE shelf_book SET writer_number = 4711 WHERE id = 2")
    before = book(written)
    with pytest.raises(IntegrityError) as refused:
        carry_out(written, ADD_KEY)
    assert refused.value.args[0] == 1452
    assert (
        "writer_number of table shelf_book points to no row of shelf_writer (row 2: 4711)"
        in refused.value.args[1]
    )
    assert book(written) == before
    assert runs.halfway(written.wrapper) is None
    written.rows("UPDATE shelf_book SET writer_number = NULL WHERE id = 2")
    assert carry_out(written)[-1][1] == 0


@pytest.mark.parametrize(("orphans", "more"), [(9, False), (10, True), (11, True)])
def test_at_most_ten_rows_are_listed(written, orphans, more):
    for number in range(orphans):
        written.rows(f"INSERT INTO shelf_book (title, writer_number) VALUES ('x', {100 + number})")
    with pytest.raises(IntegrityError) as refused:
        carry_out(written, ADD_KEY)
    assert refused.value.args[1].count("row ") == min(orphans, 10) + 1  # and "to no row of"
    assert ("and maybe more" in refused.value.args[1]) == more


def test_a_column_that_came_with_the_key_goes_with_it(written):
    before = book(written)
    with pytest.raises(IntegrityError, match=r"row 1: 7; row 2: 7"):
        carry_out(
            written,
            "ALTER TABLE shelf_book ADD COLUMN editor int NOT NULL DEFAULT 7,"
            " ADD CONSTRAINT book_editor FOREIGN KEY (editor) REFERENCES shelf_writer (id)",
        )
    assert book(written) == before


@pytest.mark.parametrize("target", ["nowhere (id)", "shelf_writer (name)"])
def test_a_key_to_what_is_not_there_is_refused_as_ever(written, target):
    before = book(written)
    with pytest.raises(DatabaseError):
        carry_out(written, ADD_KEY.replace("shelf_writer (id)", target))
    assert book(written) == before
    assert runs.halfway(written.wrapper) is None


def test_a_run_that_was_cut_short_behind_the_key_still_looks_for_rows_that_point_to_nothing(written):
    written.rows("UPDATE shelf_book SET writer_number = 4711 WHERE id = 2")
    before = book(written)
    with written.wrapper.execute_wrapper(end_before_a_drop), pytest.raises(Cut):
        carry_out(written, ADD_KEY)
    assert "book_writer" in str(book(written))
    with pytest.raises(IntegrityError, match="row 2: 4711"):
        carry_out(written)
    assert book(written) == before
    written.rows("UPDATE shelf_book SET writer_number = 1 WHERE id = 2")
    carry_out(written)
    assert "book_writer" in str(book(written))


def end_before_a_drop(execute, sql, params, many, context):
    if " DROP " in str(sql):
        raise Cut
    return execute(sql, params, many, context)
