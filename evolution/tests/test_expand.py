"""`migrate --expand` leaves out what programs of the release before can't live with."""

import pytest
from django.core.management.base import CommandError

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
