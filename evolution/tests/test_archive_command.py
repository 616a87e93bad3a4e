"""`manage.py archive`: what is kept is listed, shown, exported and purged."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from evolution.executor import JournaledExecutor
from evolution.models import ArchiveEntry

EMPTY = "The archive is empty: no migration has dropped or narrowed anything.\n"


@pytest.fixture
def archive(shelf):
    """Runs the command on the shelf's database; what it printed."""

    def run(*arguments: str, **options) -> str:
        out = StringIO()
        call_command(
            "archive", *arguments, database=shelf.wrapper.alias, stdout=out, no_color=True, **options
        )
        return out.getvalue()

    return run


@pytest.fixture
def kept(shelf):
    """The titles of three books are in the archive, as entry 1, and a writer as entry 2."""
    shelf.books("Emma", "Ulysses", 'It\'s 100 % "x" 🚀')
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (4, 'Mann')")
    shelf.write("0002_next", "migrations.RemoveField('book', 'title'),\nmigrations.DeleteModel('Writer'),")
    JournaledExecutor(shelf.wrapper).migrate([("shelf", "0002_next")])
    return shelf


def refusal(archive, *arguments: str, **options) -> tuple[str, int]:
    with pytest.raises(CommandError) as caught:
        archive(*arguments, **options)
    return str(caught.value), caught.value.returncode


def tables(shelf) -> set[str]:
    return {
        name for name in shelf.wrapper.introspection.table_names() if name.startswith("evolution_archive_")
    }


def test_an_empty_archive_says_so(archive):
    assert archive() == EMPTY
    assert json.loads(archive("--json")) == []


def test_what_is_kept_is_listed_the_latest_first(kept, archive):
    lines = [line.split() for line in archive().splitlines()]
    assert lines[0] == ["entry", "kept", "rows", "of", "when", "state"]
    assert [(line[0], *line[3:]) for line in lines[1:]] == [
        ("2", "1", "shelf_writer", "shelf.0002_next", "kept"),
        ("1", "3", "shelf_book.title", "shelf.0002_next", "kept"),
    ]


def test_the_list_for_programs(kept, archive):
    writer, title = json.loads(archive("--json"))
    assert (title["number"], title["kind"], title["row_count"]) == (1, "column", 3)
    assert (title["table_name"], title["column_name"], title["key_columns"]) == (
        "shelf_book",
        "title",
        ["id"],
    )
    assert (writer["kind"], writer["restored_at"], writer["conflicts"]) == ("table", None, 0)


def test_the_first_rows_of_an_entry_are_shown(kept, archive, monkeypatch):
    monkeypatch.setattr("evolution.management.commands.archive.SHOWN", 2)
    text = archive("show", "1")
    assert text.startswith("Entry 1: 3 values of shelf_book.title, kept\n")
    assert "  id  title\n  1   Emma\n  2   Ulysses\n" in text
    assert text.endswith("  and 1 row more. All of them: manage.py archive export 1\n")


def test_an_export_has_all_rows_as_they_are(kept, archive):
    rows = [json.loads(line) for line in archive("export", "1").splitlines()]
    assert rows == [
        {"id": 1, "title": "Emma"},
        {"id": 2, "title": "Ulysses"},
        {"id": 3, "title": 'It\'s 100 % "x" 🚀'},
    ]


def test_bytes_are_exported_as_hexadecimal_digits(shelf, archive):
    shelf.write("0002_bytes", "migrations.AddField('book', 'cover', models.BinaryField(null=True)),")
    executor = JournaledExecutor(shelf.wrapper)
    executor.migrate([("shelf", "0002_bytes")])
    shelf.rows("INSERT INTO shelf_book (id, cover) VALUES (1, x'00ff')")
    JournaledExecutor(shelf.wrapper).migrate([("shelf", "0001_initial")])
    assert archive("export", "1") == '{"id": 1, "cover": "00ff"}\n'


def test_a_purged_entry_is_gone_and_the_others_stay(kept, archive):
    assert "Purged 3 rows of shelf_book.title." in archive("purge", "1", interactive=False)
    assert tables(kept) == {"evolution_archive_2", "evolution_archive_entry"}
    assert [entry["number"] for entry in json.loads(archive("--json"))] == [2]


@pytest.mark.parametrize("answer", ["n", "", "what?"])
def test_who_does_not_say_yes_purges_nothing(kept, archive, monkeypatch, answer):
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert refusal(archive, "purge", "1", "2") == ("Nothing was purged.", 1)
    assert len(tables(kept)) == 3


def test_the_question_says_what_goes(kept, archive, monkeypatch):
    asked: list[str] = []

    def agree(question):
        asked.append(question)
        return "y"

    monkeypatch.setattr("builtins.input", agree)
    archive("purge", "1", "2")
    assert asked == ["Give up 4 rows of shelf_book.title, shelf_writer, for good? [y/N] "]
    assert archive() == EMPTY


def test_nobody_there_to_be_asked_purges_nothing(kept, archive, monkeypatch):
    def nobody(_question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    said, code = refusal(archive, "purge", "1")
    assert "--no-input" in said
    assert code == 2
    assert len(tables(kept)) == 3


@pytest.mark.parametrize(("hours", "is_purged"), [(47, False), (49, True)])
def test_what_is_older_than_so_many_days_is_purged(kept, archive, hours, is_purged):
    moment = timezone.now() - timedelta(hours=hours)
    ArchiveEntry.objects.using(kept.wrapper.alias).filter(number=1).update(kept_at=moment)
    archive("purge", "--older-than", "2", interactive=False)
    assert [entry["number"] for entry in json.loads(archive("--json"))] == ([2] if is_purged else [2, 1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show",), "Say which entry"),
        (("show", "1", "2"), "Say which entry"),
        (("list", "1"), "manage.py archive show 1"),
        (("purge",), "Say what to purge"),
        (("purge", "1", "--older-than", "3"), "Say what to purge"),
        (("list", "--older-than", "3"), "archive purge"),
        (("purge", "--older-than", "-1"), "invalid"),
        (("purge", "--older-than", "36501"), "invalid"),
        (("purge", "--older-than", "soon"), "invalid"),
    ],
)
def test_what_can_not_be_meant_is_refused_in_a_sentence(kept, archive, arguments, told):
    said, code = refusal(archive, *arguments)
    assert told in said
    assert code in {1, 2}
    assert len(tables(kept)) == 3


def test_an_entry_that_is_not_there_is_named(kept, archive):
    assert refusal(archive, "export", "7") == ("There is no entry 7. The list: manage.py archive", 1)
