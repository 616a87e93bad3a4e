"""CSV as others write it: bytes, separators, limits, names of columns."""

import codecs
import random
from pathlib import Path

import pytest
from hypothesis import given

from issues import columns, csv_files
from issues.csv_files import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, BadFile
from issues.tests.cells import NASTY

SAMPLES = Path(__file__).parent / "samples"


def failed(text: str) -> tuple[str, int]:
    with pytest.raises(BadFile) as bad:
        csv_files.read(text)
    return bad.value.code, bad.value.row


# --- Bytes


@pytest.mark.parametrize(
    "content",
    [
        "title\nÄpfel €".encode(),
        codecs.BOM_UTF8 + "title\nÄpfel €".encode(),
        codecs.BOM_UTF16_LE + "title\nÄpfel €".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "title\nÄpfel €".encode("utf-16-be"),
        "title\nÄpfel €".encode("cp1252"),
    ],
)
def test_letters_are_read_in_every_encoding_that_spreadsheets_write(content):
    assert csv_files.decoded(content) == "title\nÄpfel €"


@pytest.mark.parametrize("content", [b"title\n\x81\xff", codecs.BOM_UTF16_LE + b"a"])
def test_bytes_that_are_no_letters_are_refused(content):
    with pytest.raises(BadFile, match="encoding"):
        csv_files.decoded(content)


def test_a_file_may_have_two_mebibytes_and_not_one_byte_more():
    assert len(csv_files.decoded(b"a" * MAX_BYTES)) == MAX_BYTES
    with pytest.raises(BadFile, match="size"):
        csv_files.decoded(b"a" * (MAX_BYTES + 1))


def test_the_text_of_a_file_may_have_two_mebibytes_and_not_one_byte_more():
    rows = "title\n" + ("x" * 100_000 + "\n") * 20
    full = f"{rows}{'x' * (MAX_BYTES - len(rows))}"
    assert len(csv_files.read(full).rows) == 21
    assert failed(f"{full}x") == ("size", 0)
    assert failed("€" * (MAX_BYTES // 3 + 1)) == ("size", 0)


# --- The text between two pages


@given(NASTY)
def test_the_text_comes_back_as_it_was_sent(text):
    assert csv_files.unpacked(csv_files.packed(text)) == text


def test_the_largest_text_fits_into_what_a_form_may_send(settings):
    text = "".join(random.Random(1).choices([chr(code) for code in range(1, 128)], k=MAX_BYTES))
    assert len(csv_files.packed(text)) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 50_000
    assert csv_files.unpacked(csv_files.packed(text)) == text


def test_a_text_that_would_unpack_to_more_than_a_file_is_refused():
    with pytest.raises(BadFile, match="size"):
        csv_files.unpacked(csv_files.packed("a" * (MAX_BYTES + 1)))


@pytest.mark.parametrize(
    "text", ["", "?", "abcd", "ä", csv_files.packed("title")[:-4], csv_files.packed("a")[:8]]
)
def test_a_text_that_somebody_changed_on_the_way_is_refused(text):
    with pytest.raises(BadFile, match="damaged"):
        csv_files.unpacked(text)


# --- Tables


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(separator):
    table = csv_files.read(f'key{separator}title\nA-1{separator}"one, two; three"\n')
    assert table.header == ["key", "title"]
    assert table.rows == [(2, ["A-1", "one, two; three"])]


def test_the_line_by_which_excel_is_told_the_separator_is_no_row():
    assert csv_files.read("sep=;\r\nkey;title\r\nA-1;Pay").header == ["key", "title"]


def test_a_row_has_the_number_that_a_spreadsheet_shows():
    table = csv_files.read('title,description\none,"two\nlines"\n\nthree,\n')
    assert [number for number, _cells in table.rows] == [2, 4]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ("empty", 0)),
        (" \n", ("empty", 0)),
        ("\ufeff", ("empty", 0)),
        (",,\nA,B,C", ("header", 0)),
        ("title", ("rows", 0)),
        ("title\n\n , \n", ("rows", 0)),
        ('title\none\n"two\nthree', ("quotes", 3)),
        ('title\n"one" two,', ("quotes", 2)),
        (f"title\n{'x' * 140_000}", ("quotes", 2)),
    ],
)
def test_what_is_no_table_is_refused_and_says_where(text, problem):
    assert failed(text) == problem


def test_a_file_may_have_two_thousand_rows_and_not_one_more():
    rows = "one\n\n" * MAX_ROWS
    assert len(csv_files.read(f"title\n{rows}").rows) == MAX_ROWS == 2_000
    assert failed(f"title\n{rows}one") == ("many", 2 * MAX_ROWS + 2)


def test_a_file_may_have_five_hundred_columns_and_not_one_more():
    assert len(csv_files.read(f"title{',' * (MAX_COLUMNS - 1)}\none").header) == MAX_COLUMNS
    assert failed(f"title{',' * MAX_COLUMNS}\none") == ("columns", 0)


# --- Which column is what


@pytest.mark.parametrize(
    ("sample", "guesses"),
    [
        (
            "jira",
            {
                "key": "Issue key",
                "title": "Summary",
                "description": "Description",
                "sprint": "Sprint",
                "estimate": "Custom field (Story Points)",
            },
        ),
        ("github", {"key": "number", "title": "title", "url": "url", "description": "body"}),
        (
            "gitlab",
            {
                "key": "Issue ID",
                "title": "Title",
                "url": "URL",
                "description": "Description",
                "sprint": "Milestone",
                "estimate": "Weight",
            },
        ),
    ],
)
def test_the_columns_of_trackers_are_guessed(sample, guesses):
    table = csv_files.read(csv_files.decoded((SAMPLES / f"{sample}.csv").read_bytes()))
    assert columns.guessed(table.columns) == guesses


@pytest.mark.parametrize("name", ["IID", "Issue ID", "number", "Issue IID"])
def test_a_number_in_such_a_column_is_a_key_without_its_hash(name):
    assert columns.is_numbered(name)


@pytest.mark.parametrize("kind", ["Issue", "Work item", "Work"])
def test_jiras_own_number_is_not_its_key(kind):
    assert columns.guessed([f"{kind} id", f"{kind} key", "Summary"])["key"] == f"{kind} key"
