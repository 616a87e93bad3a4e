"""Issues in the admin."""

import base64
import json
import re
import zlib

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from groups import decks
from groups.models import Group
from groups.tests.people import browser
from issues import csv_files, rounds
from issues.models import Issue
from issues.rooms import room_of
from issues.tests.room import new_issue
from users.models import User
from users.tests.staff import staff_with

pytestmark = pytest.mark.django_db

ISSUES = "admin:issues_issue_changelist"
IMPORT = "admin:issues_issue_import"
PROCESS = "admin:issues_issue_process_import"
EXPORT = "admin:issues_issue_export"


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """The browser of a superuser."""
    client.force_login(staff)
    return client


def queries(client, page) -> int:
    client.get("/admin/")  # notes, once a minute, that staff are here
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def act(client, action, *issues):
    data = {"action": action, "_selected_action": [issue.pk for issue in issues]}
    return client.post(reverse(ISSUES), data)


def sentences(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def upload(client, content: str, address: str | None = None):
    file = SimpleUploadedFile("issues.csv", content.encode())
    return client.post(address or reverse(IMPORT), {"import_file": file, "format": "0", "resource": "0"})


def confirm(client, page):
    names = ("import_file_name", "original_file_name", "format", "resource")
    return client.post(reverse(PROCESS), {name: page.context["confirm_form"][name].value() for name in names})


# --- Issues


def test_a_page_of_issues_takes_as_many_queries_as_one_issue(desk, payments, alice):
    new_issue(payments).settle(decks.card("5"), alice)
    few = queries(desk, reverse(ISSUES))
    for _number in range(20):
        new_issue(payments).settle(decks.card("5"), alice)
    assert queries(desk, reverse(ISSUES)) == few


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"q": "A-1"}, ["Pay"]),
        ({"q": "Payments"}, ["Away", "Refund", "Pay"]),
        ({"archived": "yes"}, ["Away"]),
        ({"estimated": "yes"}, ["Refund"]),
        ({"estimated": "no", "archived": "no"}, ["Pay"]),
    ],
)
def test_issues_are_searched_and_filtered(desk, payments, query, titles):
    new_issue(payments, "Pay", key="A-1")
    new_issue(payments, "Refund").settle(decks.card("5"), None)
    new_issue(payments, "Away").archive()
    found = desk.get(reverse(ISSUES), query).context["cl"].result_list
    assert [issue.title for issue in found] == titles


def test_a_new_issue_comes_last_and_the_room_is_told(desk, payments):
    first = new_issue(payments)
    before = room_of(payments).version
    data = {"group": payments.pk, "title": "Refund", "key": "", "url": "", "sprint": "", "description": ""}
    desk.post(reverse("admin:issues_issue_add"), data)
    assert payments.issues.get(title="Refund").position > first.position
    assert room_of(payments).version == before + 1


def test_a_change_leaves_the_issue_in_its_group_and_tells_the_room(desk, payments, bob):
    issue, other = new_issue(payments), Group.objects.start(bob, "Search")
    before = room_of(payments).version
    data = {"group": other.pk, "title": "Refund", "key": "", "url": "", "sprint": "", "description": ""}
    desk.post(reverse("admin:issues_issue_change", args=[issue.pk]), data)
    issue.refresh_from_db()
    assert (issue.title, issue.group) == ("Refund", payments)
    assert room_of(payments).version == before + 1


def test_issues_are_archived_and_restored_and_their_rooms_are_told(desk, payments, bob):
    issues = [new_issue(payments), new_issue(Group.objects.start(bob, "Search"))]
    assert sentences(act(desk, "archive", *issues))[-1] == "2 issues were archived."
    assert Issue.objects.archived().count() == 2
    assert room_of(payments).version == 1
    assert sentences(act(desk, "restore", issues[0]))[-1] == "1 issue was restored."
    assert list(Issue.objects.active()) == [issues[0]]


def test_an_issue_that_is_being_voted_on_is_not_archived(desk, payments, alice):
    issue, other = new_issue(payments), new_issue(payments)
    rounds.begin(payments, alice, issue)
    assert sentences(act(desk, "archive", issue, other)) == ["1 issue was archived."]
    assert list(Issue.objects.active()) == [issue]


def test_issues_of_an_archived_group_stay_as_they_are(desk, payments):
    issue = new_issue(payments)
    payments.archive()
    data = {"group": payments.pk, "title": "Refund", "key": "", "url": "", "sprint": "", "description": ""}
    act(desk, "archive", issue)
    desk.post(reverse("admin:issues_issue_change", args=[issue.pk]), data)
    page = desk.post(reverse("admin:issues_issue_add"), data)
    upload(desk, f"id,group,title\n{issue.pk},{payments.pk},Refund\n")
    assert "This group is archived. Restore it before you change its issues." in page.content.decode()
    assert [(found.title, found.is_archived) for found in Issue.objects.all()] == [("Pay by card", False)]


def test_no_issue_is_deleted(desk, payments):
    issue = new_issue(payments)
    assert desk.post(reverse("admin:issues_issue_delete", args=[issue.pk])).status_code == 403
    act(desk, "delete_selected", issue)
    assert Issue.objects.count() == 1


# --- Export


def test_the_admins_csv_has_no_cell_that_a_spreadsheet_would_run(desk, payments):
    new_issue(payments, "=1+1", description="@x")
    content = desk.post(reverse(EXPORT), {"format": "0", "resource": "0"}).content.decode("utf-8-sig")
    assert '"\'=1+1"' in content
    assert '"\'@x"' in content
    assert content.splitlines()[0].startswith('"id","group","group_name","key","title"')


def test_the_admins_json_is_exact_and_follows_the_filters(desk, payments):
    new_issue(payments, "=1+1")
    new_issue(payments, "Away").archive()
    response = desk.post(reverse(EXPORT) + "?archived=no", {"format": "1", "resource": "0"})
    assert [issue["title"] for issue in json.loads(response.content)] == ["=1+1"]


def test_an_export_takes_as_many_queries_for_many_issues_as_for_one(desk, payments, alice):
    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.post(reverse(EXPORT), {"format": "0", "resource": "0"})
        return len(captured)

    new_issue(payments).settle(decks.card("5"), alice)
    counted()
    few = counted()
    for _number in range(20):
        new_issue(payments).settle(decks.card("5"), alice)
    assert counted() == few


# --- Import


def test_an_import_is_shown_first_and_carried_out_when_confirmed(desk, payments):
    there = new_issue(payments, "Old", key="A-1")
    text = f"id,group,key,title\n{there.pk},{payments.pk},A-1,New\n,{payments.pk},A-2,'=1\n"
    page = upload(desk, text)
    assert "<del>Old</del> <ins>New</ins>" in page.content.decode()
    assert page.context["result"].diff_headers == [
        "id",
        "group",
        "key",
        "title",
        "url",
        "sprint",
        "description",
    ]
    assert [issue.title for issue in Issue.objects.in_order()] == ["Old"]
    before = room_of(payments).version
    confirm(desk, page)
    assert [issue.title for issue in Issue.objects.in_order()] == ["New", "=1"]
    assert room_of(payments).version == before + 1


def test_what_the_admin_exports_it_imports_without_a_change(desk, payments):
    new_issue(payments, "=1+1", description="one\r\ntwo", sprint="'-x").settle(decks.card("5"), None)
    before = list(Issue.objects.values())
    content = desk.post(reverse(EXPORT), {"format": "0", "resource": "0"}).content.decode()
    page = upload(desk, content)
    assert [row.import_type for row in page.context["result"].rows] == ["skip"]
    confirm(desk, page)
    assert list(Issue.objects.values()) == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("group,title\n{group},\n", "Row 2, title: This field cannot be blank."),
        ("group,title,url\n{group},Pay,javascript:x\n", "Row 2, url: Enter a valid URL."),
        (
            "id,group,title\n99,{group},Pay\n",
            "Row 2, id: There is no such issue. Leave the cell empty for a new one.",
        ),
        ("id,group,title\nx,{group},Pay\n", "There is no such issue. Leave the cell empty for a new one."),
        ("id,group,title\n{issue},{other},Pay\n", "Row 2, group: An issue stays in its group."),
        (
            "group,title,description\n{group},Pay,a\0b\n",
            "Row 2, description: Null characters are not allowed.",
        ),
        ("group,title\n77777,Pay\n", "There is no group “77777”. Write the number of one."),
        ("title\nPay\n", "There is no column “group”. The first row has to name at least group and title."),
        (
            "group,title\n" + "1,x\n" * 2_001,
            "A file has at most 2000 rows beside the first. Split it in two.",
        ),
    ],
)
def test_a_file_with_something_wrong_changes_nothing_and_says_what(desk, payments, bob, text, sentence):
    other, issue = Group.objects.start(bob, "Search"), new_issue(payments)
    page = upload(desk, text.format(group=payments.pk, other=other.pk, issue=issue.pk))
    shown = " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())
    assert sentence in shown
    assert "confirm_form" not in page.context
    assert list(Issue.objects.values_list("title", flat=True)) == ["Pay by card"]


def test_what_has_become_wrong_since_the_preview_changes_nothing(desk, payments):
    there = new_issue(payments, "Old")
    page = upload(desk, f"id,group,title\n{there.pk},{payments.pk},New\n,{payments.pk},Other\n")
    Issue.objects.all().delete()
    response = confirm(desk, page)
    assert sentences(response) == ["Nothing was imported: something has changed. Choose the file again."]
    assert Issue.objects.count() == 0


def test_a_confirmation_that_somebody_changed_is_refused(desk, payments):
    data = {"import_file_name": "../../etc/passwd", "original_file_name": "x", "format": "7", "resource": "0"}
    assert desk.post(reverse(PROCESS), data).status_code == 200
    assert Issue.objects.count() == 0


@pytest.mark.parametrize("number", ["99", "-2", "x", "\0"])
def test_a_confirmation_that_names_a_kind_of_row_that_there_is_not_breaks_nothing(desk, payments, number):
    page = upload(desk, f"group,title\n{payments.pk},Pay\n")
    data = page.context["confirm_form"].initial | {"format": number, "resource": number}
    assert desk.post(reverse(PROCESS), data).status_code in {200, 302}


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "1e3", "NaN", "²", "٣", "9" * 30, "\0"])
def test_an_id_that_is_no_number_is_refused_also_where_it_was_not_shown_before(desk, payments, number):
    """The preview refuses it; so does the import, to which anybody can send another file."""
    text = f"id,group,title\n{number},{payments.pk},Pay\n"
    assert "confirm_form" not in upload(desk, text).context
    data = {
        "import_file_name": csv_files.packed(text),
        "original_file_name": "x",
        "format": "0",
        "resource": "0",
    }
    response = desk.post(reverse(PROCESS), data)
    assert sentences(response) == ["Nothing was imported: something has changed. Choose the file again."]
    assert Issue.objects.count() == 0


@pytest.mark.parametrize("content", ["group,title\n1,\ud800\n", "\ud800"])
def test_a_file_with_half_a_character_in_it_is_refused(desk, payments, content):
    sent = content.encode("utf-16", "surrogatepass")
    file = SimpleUploadedFile("issues.csv", sent)
    page = desk.post(reverse(IMPORT), {"import_file": file, "format": "0", "resource": "0"})
    assert page.context["form"].errors["import_file"]
    kept = base64.urlsafe_b64encode(zlib.compress(content.encode("utf-8", "surrogatepass"))).decode()
    data = {"import_file_name": kept, "original_file_name": "x", "format": "0", "resource": "0"}
    assert desk.post(reverse(PROCESS), data).context["confirm_form"].errors["import_file_name"]


def test_what_nobody_can_see_is_not_imported(desk, payments):
    confirm(desk, upload(desk, f"group,title,key\n{payments.pk},P\0ay\u200b  by\u2028card,\0K\n"))
    assert list(Issue.objects.values_list("title", "key")) == [("Pay by card", "K")]


@pytest.mark.parametrize(
    ("permissions", "answers"),
    [
        ([], (403, 403)),
        (["issues.view_issue"], (403, 200)),
        (["issues.change_issue", "issues.add_issue"], (403, 200)),
        (["issues.change_issue", "issues.add_issue", "groups.view_group"], (200, 200)),
    ],
)
def test_who_may_import_and_export_is_a_matter_of_permissions(payments, permissions, answers):
    clerk = browser(staff_with(*permissions))
    assert tuple(clerk.get(reverse(name)).status_code for name in (IMPORT, EXPORT)) == answers


def test_the_pages_of_import_and_export_have_nothing_inline(desk, payments):
    issue = new_issue(payments, "Old")
    new_issue(payments, "Other")
    pages = [
        desk.get(reverse(IMPORT)),
        desk.get(reverse(EXPORT)),
        upload(desk, f"id,group,title\n{issue.pk},{payments.pk},New\n"),
        upload(desk, f"group,title\n{payments.pk},\n"),
    ]
    for page in pages:
        html = page.content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)[^>]*>[^<]", html)
