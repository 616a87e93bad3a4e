"""Cells that a spreadsheet would run: none goes out in a CSV file, and what goes out comes back as it was."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from groups.models import Group
from groups.tests.people import browser
from issues import csv_files, exports, formulas
from issues.models import Issue
from issues.tests.cells import NASTY
from issues.tests.room import new_issue

SEPARATORS = ",;|\t"  # of spreadsheets in one country or another
ROW = st.lists(NASTY, min_size=3, max_size=3)
TOLD = ["title", "sprint", "description"]
LIMITS = {field.name: field.max_length for field in Issue._meta.fields}


def would_run(cell: str) -> bool:
    """Whether some spreadsheet takes what it has read for a formula. Not by the code that is tried here."""
    skipped = {"Zs", "Zl", "Zp", "Cc", "Cf"}  # categories: spaces, control and format characters
    seen = (char for char in cell if unicodedata.category(char) not in skipped and char != '"')
    first = unicodedata.normalize("NFKC", next(seen, " "))[:1]
    return first in {"=", "+", "-", "@", "−"}


def cells(text: str) -> Iterator[str]:
    """Every cell that a spreadsheet may find in a file: by each separator, and with quotes or without."""
    for separator in SEPARATORS:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            yield from row
        yield from re.split(f"[\r\n{separator}]", text)


def ones_that_run(text: str) -> list[str]:
    return [cell for cell in cells(text.replace("\x00", " ").removeprefix("\ufeff")) if would_run(cell)]


def test_this_spreadsheet_runs_what_spreadsheets_run():
    """So that the tests below can fail."""
    for text in (
        '"=1"',
        '"a";"=1"',
        '"a","b;=1"',
        '"a","b\n=1"',
        '"a","b;""=1"',
        "\t=1",
        '"x"," ＝1"',
        '"x","@A1"',
    ):
        assert ones_that_run(text), text
    assert not ones_that_run('"a","1-2","\'=1","b;\'=1"')


@given(st.lists(ROW, min_size=1, max_size=4))
@settings(max_examples=500)
@example([["a", "b;=1+1", "c"]])
@example([["a", 'b";=1+1', "c"]])
@example([["a", 'b;"=1+1', "c"]])
@example([["a", "b\n=1+1", "c"]])
@example([["\t=1", "\r=1", "\n=1"]])
@example([["＝1", "\u3000＋1", "\ufeff@A1"]])
def test_no_cell_of_a_file_runs_whichever_separator_a_spreadsheet_expects(rows):
    assert ones_that_run(csv_files.written(["one", "two", "three"], rows)) == []


@given(st.lists(ROW, min_size=1, max_size=4))
@settings(max_examples=500)
def test_a_table_that_is_written_is_read_as_it_was(rows):
    written = csv_files.written(["one", "two", "three"], [["x", *row[1:]] for row in rows])
    assert [list(found) for _number, found in csv_files.read(written).rows] == [
        ["x", *row[1:]] for row in rows
    ]


@given(NASTY)
@settings(max_examples=500)
@example("'=1")
@example("''=1")
@example("' '@")
@example("a;'=1")
@example("';'=1")
def test_what_was_made_harmless_is_read_as_it_was(cell):
    assert formulas.original(formulas.harmless(cell)) == cell


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "  =1",
            "＝1+1",
            "＋1",
            "－1",
            "＠A1",
            "−1",
            "\u200b=1",
            "\ufeff=1",
            "'=1",
        ),
        *("\tx", "\rx", "\nx"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert formulas.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("a;=1", "a;'=1"),
        ("a,=1", "a,'=1"),
        ("a|-1", "a|'-1"),
        ("a\t@b", "a\t'@b"),
        ('a"=1', "a\"'=1"),
        ("Steps:\n- one\n- two", "Steps:\n'- one\n'- two"),
        ("=1;=2", "'=1;'=2"),
        ("a;'=1", "a;''=1"),
    ],
)
def test_so_does_what_stands_where_another_separator_begins_a_cell(cell, kept):
    assert formulas.harmless(cell) == kept


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Pay = fast",
        "PAY-1",
        "'tis",
        "👍 -1",
        "3-1",
        "½",
        "☕",
        "one, two; three",
        'He said "no".',
        "a\nb",
    ],
)
def test_any_other_cell_stays_as_it_is(cell):
    assert formulas.harmless(cell) == cell


# --- What goes out

FIELDS = {
    "key": "=1",
    "title": "+cmd|' /C calc'!A0; =2",
    "sprint": '"@A1',
    "description": '- one\n- two\n;=HYPERLINK("https://evil.example")',
}


def web(group: Group, staff) -> str:
    answer = browser(group.user).get(reverse("issues:issue-export", args=[group.pk]))
    return str(answer.content.decode("utf-8-sig"))


def command(group: Group, staff) -> str:
    out = io.StringIO()
    call_command("exportissues", str(group.pk), stdout=out)
    return out.getvalue().removeprefix("\ufeff")


def admin(group: Group, staff) -> str:
    address = reverse("admin:issues_issue_export")
    fields = {"format": "0", "resource": "0"}
    answer = browser(staff).post(address, fields)
    assert answer["Content-Type"].startswith("text/csv"), answer.content[:300]
    return str(answer.content.decode("utf-8-sig"))


@pytest.mark.django_db
@pytest.mark.parametrize("way", [web, command, admin])
def test_by_no_way_goes_a_cell_out_that_runs(payments, bob, staff, way):
    payments.memberships.filter(user=bob).update(nickname="@Bob")
    issue = new_issue(payments, **FIELDS)
    Issue.objects.filter(pk=issue.pk).update(estimate="-1", estimated_by=bob)
    bob.nickname = "=Bob"
    bob.save()
    payments.rename("＝Payments")
    text = way(payments, staff)
    assert "cmd|" in text
    assert ones_that_run(text) == []
    (row,) = csv_files.read(text).rows
    told = dict(zip(csv_files.read(text).header, row[1], strict=True))
    assert {name: told[name] for name in FIELDS} == FIELDS


@pytest.mark.django_db
@given(ROW)
# Each example begins without an issue.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_that_is_imported_is_what_it_was(payments, row):
    title, sprint, description = (text[: LIMITS[name]] for name, text in zip(TOLD, row, strict=True))
    Issue.objects.all().delete()
    new_issue(payments, title or "x", sprint=sprint, description=description)
    table = csv_files.read(exports.text(payments, "csv"))
    told = dict(zip(table.header, table.rows[0][1], strict=True))
    kept = Issue.objects.get()
    assert (told["title"], told["sprint"], told["description"]) == (kept.title, kept.sprint, kept.description)
