"""`migrate --expand` leaves out what programs of the release before can't live with."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management.base import CommandError

from evolution.tests.shelf import Cut, Shelf
from evolution.tests.stops import CODE

ADD, DROP = (
    "migrations.AddField('book', 'pages', models.IntegerField(default=100)),",
    "migrations.RemoveField('book', 'price'),",
)


@pytest.fixture
def release(shelf):
    """0002 expands, 0003 contracts, and 0004 expands again."""
    shelf.books("Emma")
    shelf.write("0002_more", ADD)
    contract = shelf.write("0003_less", DROP)
    contract.write_text(contract.read_text().replace("    operations", "    contract = True\n    operations"))
    shelf.write(
        "0004_more", "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True)),"
    )
    return shelf


def applied(shelf) -> list[str]:
    return sorted(name for _app, name in shelf.applied())


def test_it_leaves_out_a_contract_step_with_what_depends_on_it_and_names_them(release, migrate):
    said = migrate(expand=True)
    assert applied(release) == ["0001_initial", "0002_more"]
    assert "Left for later: the contract step shelf.0003_less, and with it 1 after it." in said
    assert "manage.py migrate" in said


def test_a_plain_migrate_carries_out_the_rest(release, migrate):
    migrate(expand=True)
    assert "Left for later" not in migrate()
    assert applied(release) == ["0001_initial", "0002_more", "0003_less", "0004_more"]


def test_twice_it_finds_nothing_to_do(release, migrate):
    migrate(expand=True)
    said = migrate(expand=True)
    assert "No migrations to apply." in said
    assert "Left for later: the contract step shelf.0003_less" in said


def test_without_a_contract_step_it_goes_all_the_way(shelf, migrate):
    shelf.write("0002_more", ADD)
    assert "Left for later" not in migrate(expand=True)
    assert applied(shelf) == ["0001_initial", "0002_more"]


def test_the_plan_ends_there_too(release, migrate):
    said = migrate(expand=True, plan=True)
    assert "shelf.0002_more" in said
    assert "shelf.0003_less\n" not in said


def test_a_program_of_the_release_before_writes_after_it(release, migrate):
    migrate(expand=True)
    release.rows("INSERT INTO shelf_book (title, price) VALUES ('Ulysses', 7)")
    assert release.rows("SELECT pages, price FROM shelf_book WHERE title = 'Ulysses'") == [(100, 7)]


@contextmanager
def somebody_writes(shelf: Shelf, sql: str) -> Iterator[None]:
    """Within it another program runs this statement when the first table is altered."""
    # SQLite lets nobody else write then: there it is in the same transaction.
    other = shelf.wrapper if shelf.wrapper.vendor == "sqlite" else shelf.wrapper.copy()
    written: list[str] = []

    def look(execute, statement, params, many, context):
        if statement.startswith("ALTER TABLE") and not written:
            written.append(sql)
            with other.cursor() as cursor:
                cursor.execute(sql)
        return execute(statement, params, many, context)

    with shelf.wrapper.execute_wrapper(look):
        yield
    assert written


WRITTEN = {
    "added": ("INSERT INTO shelf_book (title) VALUES ('Ulysses')", "has 2 rows, and had 1."),
    "changed": ("UPDATE shelf_book SET title = 'Mansfield Park'", "has its 1 row"),
    "deleted": ("DELETE FROM shelf_book", "has 0 rows, and had 1."),
}


@pytest.mark.parametrize(("sql", "told"), WRITTEN.values(), ids=WRITTEN)
def test_after_a_rehearsal_what_others_have_written_meanwhile_is_named(release, migrate, sql, told):
    with somebody_writes(release, sql):
        said = migrate(expand=True)
    assert "Written to meanwhile: Table shelf_book " + told in said


@pytest.mark.parametrize("options", [{"expand": True, "rehearsal": False}, {}])
def test_without_a_rehearsal_or_where_nobody_should_write_it_is_a_failure(release, migrate, options):
    with somebody_writes(release, WRITTEN["added"][0]), pytest.raises(CommandError) as caught:
        migrate(**options)
    assert caught.value.returncode == 4
    assert "If an application was writing meanwhile, that is the reason" in str(caught.value)


@pytest.fixture
def cut_short(shelf, migrate):
    """Makes a run that was cut short between its two changes, and after which somebody has added a row."""

    def cut(execute, statement, params, many, context):
        if statement.startswith("ALTER TABLE") and "isbn" in statement:
            raise Cut
        return execute(statement, params, many, context)

    def run(**options):
        shelf.books("Emma")
        shelf.write("0002_more", ADD)
        shelf.write(
            "0003_more", "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True)),"
        )
        with shelf.wrapper.execute_wrapper(cut), pytest.raises(Cut):
            migrate(**options)
        shelf.books("Ulysses")

    return run


@pytest.mark.parametrize("way", [{}, {"expand": True}, {"abort": True}], ids=str)
def test_cut_short_it_is_what_the_run_was_asked_that_counts(cut_short, migrate, way):
    cut_short(expand=True)
    assert "Written to meanwhile: Table shelf_book has 2 rows, and had 1." in migrate(**way)


@pytest.mark.parametrize("way", [{"expand": True}, {"abort": True}], ids=str)
def test_a_run_that_was_not_asked_to_is_not_excused_afterwards(cut_short, migrate, way):
    cut_short()
    with pytest.raises(CommandError) as caught:
        migrate(**way)
    assert caught.value.returncode == 4


def test_rows_of_tables_that_others_have_written_to_are_not_said_to_be_accounted_for(release, migrate):
    release.rows("INSERT INTO shelf_writer (name) VALUES ('Austen'), ('Eliot')")
    with somebody_writes(release, WRITTEN["added"][0]):
        assert "OK, 2 rows accounted for" in migrate(expand=True)


def test_beside_a_data_step_nobody_can_tell_whose_change_it_is(release, migrate):
    release.write("0005_data", CODE, "def work(apps, schema_editor): pass")
    contract = release.package / "migrations" / "0003_less.py"
    contract.write_text(contract.read_text().replace("contract = True", "contract = False"))
    with somebody_writes(release, WRITTEN["added"][0]):
        said = migrate(expand=True)
    assert "By a data step of the plan, or by others: Table shelf_book has 2 rows" in said
    assert "OK, 0 rows accounted for" in said


def test_it_does_not_go_back(release, migrate):
    migrate()
    with pytest.raises(CommandError) as caught:
        migrate("shelf", "0001", expand=True)
    assert caught.value.returncode == 1
    assert "forwards only" in str(caught.value)
    assert len(applied(release)) == 4


def test_contract_steps_are_taken_back_like_others(release, migrate):
    migrate()
    migrate("shelf", "0001")
    assert applied(release) == ["0001_initial"]
