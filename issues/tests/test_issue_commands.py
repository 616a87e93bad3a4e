"""exportissues and importissues."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from groups import decks
from groups.models import Group
from issues.tests.room import new_issue

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).parent / "samples"


def run(command, *arguments, **options) -> tuple[list[str], list[str]]:
    """The lines that it says, and the lines of what is wrong."""
    out, err = StringIO(), StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def refusal(command, *arguments) -> str:
    with pytest.raises(CommandError) as refused:
        run(command, *arguments)
    return str(refused.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "issues.csv"
    path.write_text("key,title,estimate\nA-1,Pay,5\nA-2,Refund,\n", encoding="utf-8")
    return path


def titles(group) -> list[str]:
    return list(group.issues.in_order().values_list("title", flat=True))


# --- exportissues


def test_the_issues_are_written_to_standard_output(payments):
    new_issue(payments, "Pay", key="A-1")
    lines, _errors = run("exportissues", payments.pk)
    assert lines[1].startswith('"A-1","Pay"')


def test_json_is_written_to_a_file(payments, tmp_path):
    new_issue(payments, "Pay").settle(decks.card("5"), None)
    new_issue(payments, "Refund")
    path = tmp_path / "issues.json"
    lines, _errors = run(
        "exportissues", payments.pk, "--format", "json", "--output", path, "--show", "estimated"
    )
    assert lines == [f"{path}: 1 issues of Payments."]
    assert [issue["title"] for issue in json.loads(path.read_text(encoding="utf-8"))["issues"]] == ["Pay"]


def test_what_is_exported_can_be_imported_into_another_group(payments, bob, tmp_path):
    new_issue(payments, "=1+1", key="A-1", description="one\r\ntwo\nthree")
    there, path = Group.objects.start(bob, "Search"), tmp_path / "issues.csv"
    run("exportissues", payments.pk, "--output", path)
    run("importissues", there.pk, path)
    fields = ("key", "title", "description")
    assert list(there.issues.values_list(*fields)) == list(payments.issues.values_list(*fields))


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(payments, tmp_path):
    path = tmp_path / "nowhere" / "issues.csv"
    assert (
        refusal("exportissues", payments.pk, "--output", path)
        == f"{path} can't be written: No such file or directory."
    )


@pytest.mark.parametrize("command", [("exportissues", "0"), ("importissues", "0", "issues.csv")])
def test_a_group_that_there_is_not_is_told_in_a_sentence(db, command):
    assert refusal(*command) == "There is no group 0."


# --- importissues


def test_a_file_is_imported(payments, file):
    lines, errors = run("importissues", payments.pk, file)
    assert (lines, errors) == (["2 added, 0 updated, 0 left as they are, 0 rows skipped."], [])
    assert titles(payments) == ["Pay", "Refund"]


def test_nothing_is_imported_into_an_archived_group(payments, file):
    payments.archive()
    assert refusal("importissues", payments.pk, file) == (
        "Nothing was imported: the group Payments is archived. Restore it first."
    )
    assert titles(payments) == []


def test_estimates_are_given_by_nobody_or_by_whom_one_names(payments, alice, file):
    run("importissues", payments.pk, file)
    assert payments.issues.get(key="A-1").estimated_by is None
    payments.issues.all().delete()
    run("importissues", payments.pk, file, "--by", alice.email)
    assert payments.issues.get(key="A-1").estimated_by == alice


def test_a_dry_run_says_what_would_be_and_changes_nothing(payments, file):
    new_issue(payments, "There", key="A-2")
    lines, _errors = run("importissues", payments.pk, file, "--dry-run")
    assert lines == [
        "key          key",
        "title        title",
        "estimate     estimate",
        "row 2        A-1 Pay  [5]",
        "Nothing was imported: 1 would be added, 1 are there already, 0 rows would be skipped.",
    ]
    assert titles(payments) == ["There"]


def test_columns_can_be_named(payments, tmp_path):
    path = tmp_path / "issues.csv"
    path.write_text("title,a=b,Points\nkey,Pay,3\n", encoding="utf-8")
    run("importissues", payments.pk, path, "--map", "a=b=title", "--map", "title=key", "--map", "Points=")
    assert list(payments.issues.values_list("key", "title", "estimate")) == [("key", "Pay", "")]


def test_known_issues_are_updated_only_if_one_says_so(payments, file):
    new_issue(payments, "Old", key="A-1")
    assert run("importissues", payments.pk, file)[0] == [
        "1 added, 0 updated, 1 left as they are, 0 rows skipped."
    ]
    assert run("importissues", payments.pk, file, "--update")[0] == [
        "0 added, 1 updated, 1 left as they are, 0 rows skipped."
    ]


def test_rows_with_something_wrong_stop_it_unless_they_are_to_be_skipped(payments, tmp_path):
    path = tmp_path / "issues.csv"
    path.write_text("title,url\nPay,\nRefund,nowhere\n", encoding="utf-8")
    assert refusal("importissues", payments.pk, path) == (
        "Nothing was imported: 1 rows have something wrong. Mend the file, or leave them out with --skip-errors."
    )
    assert titles(payments) == []
    _lines, errors = run("importissues", payments.pk, path, "--skip-errors")
    assert errors == ["Row 3, url: “nowhere” is no link. It begins with https:// or http://."]
    assert titles(payments) == ["Pay"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.csv"], "nowhere.csv can't be read: No such file or directory."),
        ([SAMPLES / "jira.csv", "--map", "Titel=title"], "There is no column “Titel”. There are: Issue key,"),
        ([SAMPLES / "jira.csv", "--map", "Summary=key"], "Choose the column that holds the titles. Say which with"),
        ([SAMPLES / "jira.csv", "--by", "nobody@example.org"], "There is no user with the e-mail nobody@example.org."),
        ([SAMPLES / "jira.csv", "--map", "Summary"], "Error: argument --map: “Summary” is not COLUMN=FIELD"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_sentence(payments, arguments, sentence):
    assert refusal("importissues", payments.pk, *arguments).startswith(sentence)


def test_a_file_that_is_no_table_is_told_in_a_sentence(payments, tmp_path):
    path = tmp_path / "issues.csv"
    path.write_text("title", encoding="utf-8")
    assert refusal("importissues", payments.pk, path) == (
        f"{path}: There is only a first row, which names the columns. Add a row for each issue."
    )
