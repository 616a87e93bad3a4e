"""`manage.py showmigrations --current` and `--heads`."""

from io import StringIO

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.once

FIELD = "migrations.AddField('book', 'number_{0}', models.IntegerField(null=True)),"


def show(shelf, *arguments):
    out = StringIO()
    call_command("showmigrations", *arguments, database=shelf.wrapper.alias, stdout=out, no_color=True)
    return out.getvalue()


def test_current_is_the_last_one_applied_and_whether_it_is_the_head(shelf):
    assert show(shelf, "--current", "shelf") == "shelf 0001_initial (head)\n"
    shelf.write("0002_more", FIELD.format(2))
    assert show(shelf, "--current") == "shelf 0001_initial (1 not applied)\n"
    shelf.rows("DELETE FROM django_migrations")
    assert show(shelf, "--current") == "shelf zero (2 not applied)\n"


def test_heads_are_where_the_history_ends(shelf):
    shelf.write("0002_more", FIELD.format(2))
    assert show(shelf, "--heads") == "shelf 0002_more\n"
    file = shelf.write("0002_other", FIELD.format(3))
    file.write_text(file.read_text().replace("'0002_more'", "'0001_initial'"))
    assert (
        show(shelf, "--heads", "shelf")
        == "shelf 0002_more, 0002_other (join them: manage.py makemigrations --merge)\n"
    )


def test_without_them_it_is_djangos_own(shelf):
    assert show(shelf) == "shelf\n [X] 0001_initial\n"
    assert show(shelf, "--plan") == "[X]  shelf.0001_initial\n"


def test_an_application_that_is_not_there_ends_with_2(shelf):
    with pytest.raises(SystemExit) as end:
        show(shelf, "--current", "books")
    assert end.value.code == 2
