"""The pages of an import: the file, its columns, a preview, done."""

import re

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from groups.tests.people import browser
from issues import csv_files
from issues.tests.room import new_issue
from issues.views.transfer import PROBLEMS_SHOWN, ROWS_SHOWN

pytestmark = pytest.mark.django_db

TEXT = "key,title,sprint,points\nA-1,Pay,S 1,5\nA-2,Refund,,\n"


class Import:
    """Somebody at the pages of an import, who sends what stands in their forms."""

    def __init__(self, user, group):
        self.client, self.address = browser(user), reverse("issues:issue-import", args=[group.pk])
        self.page = self.client.get(self.address)

    def send(self, step, **changes):
        html = self.page.content.decode()
        sent = {}
        for tag in re.findall(r'<input type="hidden"[^>]*>', html):
            attributes = dict(re.findall(r'(name|value)="([^"]*)"', tag))
            sent[attributes["name"]] = attributes.get("value", "")
        for name, select in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', html, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', select)
            sent[name] = chosen[1] if chosen else ""
        sent |= dict(re.findall(r'type="radio" name="([^"]*)" value="([^"]*)"[^>]*checked', html))
        self.page = self.client.post(self.address, sent | {"step": step} | changes)
        return self

    def file(self, text, **changes):
        return self.send("file", text=text, **changes)

    @property
    def text(self):
        return " ".join(re.sub(r"<[^>]*>", " ", self.page.content.decode()).split())

    @property
    def told(self):
        return [str(message) for message in get_messages(self.page.wsgi_request)]


@pytest.fixture
def alices(alice, payments) -> Import:
    return Import(alice, payments)


def titles(group) -> list[str]:
    return list(group.issues.in_order().values_list("title", flat=True))


def test_a_pasted_text_is_imported_in_three_steps(alices, payments, alice):
    alices.file(TEXT).send("preview")
    assert "2 new issues" in alices.text
    assert payments.issues.count() == 0
    alices.send("import")
    assert (alices.page.status_code, alices.page["Location"]) == (303, f"/groups/{payments.pk}/issues/")
    assert alices.told == ["2 issues were added."]
    first = payments.issues.in_order().first()
    assert (first.key, first.title, first.sprint, first.estimate) == ("A-1", "Pay", "S 1", "5")
    assert first.estimated_by == alice


def test_a_file_is_imported_too(alices, payments):
    content = "title;body\nÄpfel;-\n".encode("cp1252")
    alices.send("file", text="", file=SimpleUploadedFile("issues.csv", content)).send("preview").send(
        "import"
    )
    assert titles(payments) == ["Äpfel"]


def test_the_file_counts_where_there_is_a_text_too(alices):
    alices.file("title\nText", file=SimpleUploadedFile("issues.csv", b"title\nFile"))
    assert "File" in alices.page.context["form"].fields["title"].choices[1][1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is nothing in it. Choose a CSV file, or paste its text."),
        ("title", "There is only a first row, which names the columns. Add a row for each issue."),
        ("title\n" + "one\n" * 2_001, "A file has at most 2000 rows beside the first. Split it in two."),
        (
            'title\n"one',
            "The file can't be read at row 2: a quotation mark does not close, or a cell is far too long.",
        ),
    ],
)
def test_a_text_that_is_no_table_is_refused_and_stays_in_its_field(alices, text, sentence):
    alices.file(text)
    assert alices.page.context["form"].errors == {"text": [sentence]}
    assert alices.page.context["form"]["text"].value() == text


@pytest.mark.parametrize("name", ["issues.xlsx", "issues.csv.exe", "issues"])
def test_a_file_with_another_ending_is_refused(alices, name):
    alices.send("file", text="", file=SimpleUploadedFile(name, b"title\nFile"))
    assert "Choose a file whose name ends in .csv, .tsv or .txt." in alices.text


def test_a_file_that_is_too_large_is_refused(alices):
    file = SimpleUploadedFile("issues.csv", b"title\n" + b"x" * csv_files.MAX_BYTES)
    alices.send("file", text="", file=file)
    assert alices.page.context["form"].errors["file"][0].startswith("A file has at most 2 MiB.")


def test_the_largest_file_goes_through_all_pages(alices, payments):
    row = "x" * 190 + "," + "é" * 400 + "\n"
    alices.file("title,body\n" + row * 2_000).send("preview").send("import")
    assert payments.issues.count() == 2_000


def test_line_breaks_survive_from_page_to_page(alices, payments):
    file = SimpleUploadedFile("issues.csv", b'title,body\nPay,"one\ntwo\r\nthree\rfour"\n')
    alices.send("file", text="", file=file).send("preview").send("import")
    assert payments.issues.get().description == "one\ntwo\r\nthree\rfour"


def test_the_columns_are_guessed_and_can_be_chosen(alices, payments):
    alices.file("Summary,Name,Wish\nPay,Card,x\n")
    alices.send("preview", title="Summary", description="Wish", key="Name").send("import")
    assert list(payments.issues.values_list("title", "description", "key")) == [("Pay", "x", "Card")]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"title": ""}, "Choose the column that holds the titles."),
        ({"title": "key"}, "“key” can’t be two things, Key and Title. Choose it once."),
        ({"sprint": "nowhere"}, "Choose one of the columns."),
    ],
)
def test_a_choice_of_columns_that_does_not_go_is_refused(alices, chosen, sentence):
    alices.file(TEXT).send("preview", **chosen)
    errors = [error for errors in alices.page.context["form"].errors.values() for error in errors]
    assert [error.replace("'", "’") for error in errors] == [sentence]
    assert alices.page.templates[0].name == "issues/import_columns.html"


def test_from_the_preview_one_can_go_back_to_the_columns_as_they_were_chosen(alices):
    alices.file(TEXT).send("preview", sprint="").send("columns")
    assert alices.page.context["form"]["sprint"].value() == ""
    assert alices.page.context["form"]["title"].value() == "title"


def test_rows_with_something_wrong_are_told_and_nothing_is_imported(alices, payments):
    alices.file("title,url\nPay,\nRefund,nowhere\n").send("preview")
    assert "Row 3, url: “nowhere” is no link." in alices.text
    alices.send("import")
    assert "Nothing was imported." in alices.text
    assert titles(payments) == []


def test_rows_with_something_wrong_are_skipped_if_one_says_so(alices, payments):
    alices.file("title,url\nPay,\nRefund,nowhere\n").send("preview").send("import", wrong="skip")
    assert alices.told == ["1 issue was added. 1 row was skipped."]
    assert titles(payments) == ["Pay"]


def test_issues_that_are_there_already_are_told_and_can_be_updated(alices, payments):
    new_issue(payments, "Old", key="A-1")
    alices.file(TEXT).send("preview")
    assert "1 issue that the group has already" in alices.text
    alices.send("import", known="update")
    assert alices.told == ["1 issue was added. 1 was updated."]
    assert titles(payments) == ["Pay", "Refund"]


def test_issues_that_are_there_already_are_left_unless_one_says_otherwise(alices, payments):
    new_issue(payments, "Old", key="A-1")
    alices.file(TEXT).send("preview").send("import")
    assert alices.told == ["1 issue was added. 1 was left as it is."]
    assert titles(payments) == ["Old", "Refund"]


def test_a_form_that_is_sent_twice_imports_once(alices, payments):
    alices.file("title\nPay\n").send("preview")
    preview = alices.page
    alices.send("import")
    alices.page = preview
    alices.send("import")
    assert titles(payments) == ["Pay"]


def test_a_long_list_is_shown_in_part(alices):
    bad = "".join(f"B{number},nowhere\n" for number in range(PROBLEMS_SHOWN + 1))
    good = "".join(f"G{number},\n" for number in range(ROWS_SHOWN + 2))
    alices.file(f"title,url\n{bad}{good}").send("preview")
    assert "12 new issues" in alices.text
    assert "And 2 more." in alices.text
    assert "And 1 more." in alices.text


@pytest.mark.parametrize("step", ["preview", "import", "columns"])
def test_a_text_that_came_back_damaged_is_refused(alices, step):
    alices.file(TEXT).send(step, packed="rubbish")
    assert alices.page.context["form"].errors["file"] == [
        "The file did not come back as it was sent. Please choose it again."
    ]


def test_markup_in_a_file_is_shown_as_it_is_written(alices):
    alices.file("title,<b>\n<script>alert(1)</script>,<i>\n")
    assert b"<script>alert" not in alices.page.content
    alices.send("preview")
    assert b"<script>alert" not in alices.page.content
    assert b"&lt;script&gt;alert(1)" in alices.page.content


def test_nothing_is_imported_into_an_archived_group(alices, payments):
    alices.file(TEXT).send("preview")
    payments.archive()
    alices.send("import")
    assert titles(payments) == []
    assert alices.told == ["This group is archived. Nothing was changed."]
