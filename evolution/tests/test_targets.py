"""What `migrate APPLICATION TARGET` aims at, by name or counted from where the database is."""

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.loader import MigrationLoader

from evolution.targets import NoSuchTarget, resolve, targets

pytestmark = pytest.mark.once

FIELD = "migrations.AddField('book', 'number_{0}', models.IntegerField(null=True)),"


@pytest.fixture
def five(shelf):
    """An application with five migrations, of which three are applied."""
    for number in range(2, 6):
        shelf.write(f"000{number}_more", FIELD.format(number))
    shelf.migrate("0003_more")
    return shelf


def aimed(shelf, *arguments):
    return targets(MigrationLoader(shelf.wrapper), *arguments)


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("-1", "0002_more"),
        ("-2", "0001_initial"),
        ("-3", "zero"),
        ("+1", "0004_more"),
        ("+2", "0005_more"),
        ("-0", "0003_more"),
    ],
)
def test_steps_count_from_the_last_migration_that_is_applied(five, step, name):
    assert resolve(five.wrapper, "shelf", step) == name
    assert aimed(five, "shelf", step) == [("shelf", None if name == "zero" else name)]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            "-4",
            "shelf can't go 4 migrations back: only 3 are applied, from 0001_initial to 0003_more.",
        ),
        ("+3", "shelf can't go 3 migrations on: only 2 are left to apply, from 0004_more to 0005_more."),
    ],
)
def test_too_many_steps_are_refused_with_how_many_there_are(five, step, message):
    with pytest.raises(NoSuchTarget) as refused:
        resolve(five.wrapper, "shelf", step)
    assert str(refused.value) == message


def test_there_is_nothing_before_zero_and_nothing_after_the_last(five):
    five.migrate("0005_more")
    with pytest.raises(NoSuchTarget, match="can't go 1 migration on: none is left to apply"):
        resolve(five.wrapper, "shelf", "+1")
    five.rows("DELETE FROM django_migrations")
    with pytest.raises(NoSuchTarget, match="can't go 1 migration back: none is applied"):
        resolve(five.wrapper, "shelf", "-1")
    assert resolve(five.wrapper, "shelf", "+1") == "0001_initial"


@pytest.mark.parametrize("name", [None, "zero", "0004", "0004_more", "no_such"])
def test_any_other_name_is_left_as_it_is(five, name):
    assert resolve(five.wrapper, "shelf", name) == name


def test_a_step_without_an_application_is_refused(five):
    for ask in (lambda: resolve(five.wrapper, "-1", None), lambda: aimed(five, "-1", None)):
        with pytest.raises(NoSuchTarget, match="-1 counts the migrations of one application"):
            ask()


def test_a_history_with_two_heads_is_refused_and_the_way_out_named(five):
    file = five.write("0005_other", FIELD.format(6))
    file.write_text(file.read_text().replace("'0005_more'", "'0004_more'"))
    with pytest.raises(NoSuchTarget, match=r"has 2 heads \(0005_more, 0005_other\).*makemigrations --merge"):
        resolve(five.wrapper, "shelf", "+1")


def test_a_name_may_be_cut_short_and_nothing_means_the_last(five):
    assert aimed(five, "shelf", "0002") == [("shelf", "0002_more")]
    assert aimed(five, "shelf", "zero") == [("shelf", None)]
    assert aimed(five, "shelf", None) == [("shelf", "0005_more")]
    assert ("shelf", "0005_more") in aimed(five, None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shelf", "000"), "several migrations that begin with 000"),
        (("shelf", "0009"), "shelf has no migration 0009"),
        (("books", None), "no application books with migrations"),
    ],
)
def test_a_name_that_fits_none_or_several_is_refused(five, arguments, message):
    with pytest.raises(NoSuchTarget, match=message):
        aimed(five, *arguments)


def test_migrate_takes_a_step_on_the_command_line(five):
    def migrate(step):
        call_command("migrate", "shelf", step, database=five.wrapper.alias, verbosity=0)
        return five.rows("SELECT MAX(name) FROM django_migrations WHERE app = 'shelf'")

    assert migrate("+1") == [("0004_more",)]
    assert migrate("-2") == [("0002_more",)]
    with pytest.raises(CommandError, match="can't go 9 migrations on"):
        migrate("+9")
