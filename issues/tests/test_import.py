"""What a file becomes in a group."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groups import decks
from groups.models import Group
from issues import backlog, columns, csv_files, exports, imports
from issues.models import Issue
from issues.pasting import Entry
from issues.rooms import room_of
from issues.tests.room import new_issue
from users.tests.races import at_once

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).parent / "samples"
FIELDS = ("key", "title", "url", "description", "sprint", "estimate", "estimate_value")


def table_of(text: str) -> tuple[csv_files.Table, columns.Columns]:
    """The table and the columns that are guessed."""
    table = csv_files.read(text)
    return table, columns.guessed(table.columns)


def sample(name: str) -> str:
    return csv_files.decoded((SAMPLES / f"{name}.csv").read_bytes())


def bring_in(group: Group, text: str, by=None, **options) -> imports.Outcome:
    return imports.carry_out(group, *table_of(text), by, **options)


def issues_of(group: Group, *fields: str) -> list[Any]:
    return list(group.issues.in_order().values_list(*fields))


def problems(group: Group, text: str) -> list[str]:
    return [str(problem) for problem in imports.plan(group, *table_of(text)).problems]


# --- The trackers


def test_what_jira_exports_becomes_issues(payments, alice):
    bring_in(payments, sample("jira"), alice)
    assert issues_of(payments, "key", "title", "sprint", "estimate") == [
        ("PAY-1", "Pay by card", "Sprint 2", "5"),
        ("PAY-2", "Refunds", "Sprint 1", ""),
        ("PAY-3", "Invoices, and reminders", "", "0.5"),
    ]
    assert payments.issues.get(key="PAY-1").description.endswith("* Visa\r\n* Mastercard")


def test_what_github_exports_becomes_issues(payments):
    bring_in(payments, sample("github"))
    assert issues_of(payments, "key", "title", "url") == [
        ("#12", "Dark mode", "https://github.com/acme/shop/issues/12"),
        ("#15", 'Crash when "Back" is pressed', "https://github.com/acme/shop/issues/15"),
    ]


def test_what_gitlab_exports_becomes_issues(payments):
    bring_in(payments, sample("gitlab"))
    assert issues_of(payments, "key", "title", "sprint", "estimate") == [
        ("#7", "Speed up the list", "1.4", "3"),
        ("#9", "Rename the button", "", ""),
    ]


# --- Estimates


def test_an_estimate_in_the_file_is_given_by_who_imports_it(payments, alice):
    bring_in(payments, "title,estimate\nPay,8\nRefund,", alice)
    paid, refund = payments.issues.in_order()
    assert (paid.estimate_value, paid.estimated_by, refund.is_estimated) == (Decimal(8), alice, False)
    assert isinstance(paid.estimated_at, datetime)


def test_estimates_are_left_out_where_no_column_is_chosen_for_them(payments):
    imports.carry_out(payments, csv_files.read("title,estimate\nPay,8"), {"title": "title"}, None)
    assert issues_of(payments, "estimate", "estimated_at") == [("", None)]


@pytest.mark.parametrize(
    ("deck", "written", "card"),
    [
        ("modified", "0.5", "½"),
        ("modified", "½", "½"),
        ("fibonacci", "5.0", "5"),
        ("fibonacci", "4.00", "4"),
        ("fibonacci", "2.5", "2.5"),
        ("t-shirt", "XL", "XL"),
        ("fibonacci", "S=3", "S"),
    ],
)
def test_an_estimate_is_the_card_of_the_deck_that_means_it(payments, deck, written, card):
    payments.choose_deck(decks.parse(decks.PRESETS[deck]))
    bring_in(payments, f"title,estimate\nPay,{written}")
    assert issues_of(payments, "estimate") == [(card,)]


# --- Rows with something wrong


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1,,,,,", "Row 2, title: An issue needs a title. Write one, or delete the row."),
        (f",{'x' * 201},,,,", "Row 2, title: At most 200 characters, please; these are 201. Shorten it."),
        (f"{'K' * 33},Pay,,,,", "Row 2, key: At most 32 characters, please; these are 33. Shorten it."),
        (
            f",Pay,,{'x' * 20_001},,",
            "Row 2, body: At most 20000 characters, please; these are 20001. Shorten it.",
        ),
        (f",Pay,,,{'x' * 33},", "Row 2, sprint: At most 32 characters, please; these are 33. Shorten it."),
        (
            f",Pay,https://a.example/{'x' * 483},,,",
            "Row 2, url: At most 500 characters, please; these are 501. Shorten it.",
        ),
        (
            ",Pay,javascript:alert(1),,,",
            "Row 2, url: “javascript:alert(1)” is no link. It begins with https:// or http://.",
        ),
        (",Pay,,,,?", "Row 2, estimate: “?” is no estimate. Leave the cell empty."),
        (
            ",Pay,,,,1000000",
            "Row 2, estimate: “1000000” is not a number from 0 to 999999 with at most two decimals.",
        ),
        (",P\0ay,,,,", "Row 2, title: There is a null character in it. Remove it."),
    ],
)
def test_a_row_with_something_wrong_says_where_and_what_to_do(payments, row, problem):
    assert problems(payments, f"key,title,url,body,sprint,estimate\n{row}\n") == [problem]


def test_what_is_just_short_enough_is_taken(payments):
    link = f"https://a.example/{'x' * 482}"
    row = f"{'K' * 32},{'x' * 200},{link},{'x' * 20_000},{'x' * 32},999999"
    bring_in(payments, f"key,title,url,body,sprint,estimate\n{row}")
    assert issues_of(payments, "url", "estimate") == [(link, "999999")]


def test_the_same_key_twice_in_a_file_is_wrong(payments):
    text = "key,title\nA-1,Pay\nB-1,Refund\na-1,Pay again"
    assert problems(payments, text) == ["Row 4, key: “a-1” stands in row 2 already. Keep one of the two."]


def test_nothing_is_imported_while_a_row_has_something_wrong(payments):
    before = room_of(payments).version
    with pytest.raises(imports.RowsWrong):
        bring_in(payments, "title,url\nPay,\nRefund,nowhere")
    assert (payments.issues.count(), room_of(payments).version) == (0, before)


def test_rows_with_something_wrong_are_skipped_where_somebody_says_so(payments):
    outcome = bring_in(payments, "title,url\nPay,\nRefund,nowhere\nInvoice,", skip_wrong=True)
    assert outcome == imports.Outcome(added=2, updated=0, left=0, wrong=1)
    assert issues_of(payments, "title") == [("Pay",), ("Invoice",)]


# --- Issues that the group has already


def test_an_issue_that_the_group_has_already_is_left_as_it_is(payments):
    new_issue(payments, "Pay", key="A-1")
    outcome = bring_in(payments, "key,title\na-1,Pay by card\nA-2,Refund")
    assert outcome == imports.Outcome(added=1, updated=0, left=1, wrong=0)
    assert issues_of(payments, "title") == [("Pay",), ("Refund",)]


def test_an_issue_that_the_group_has_already_is_updated_where_somebody_says_so(payments, alice):
    new_issue(payments, "Pay", key="A-1", sprint="Sprint 1", description="Old")
    outcome = bring_in(payments, "key,title,body,estimate\nA-1,Pay by card,,5", alice, update_known=True)
    assert outcome == imports.Outcome(added=0, updated=1, left=0, wrong=0)
    assert issues_of(payments, "title", "description", "sprint", "estimate") == [
        ("Pay by card", "", "Sprint 1", "5")
    ]


def test_an_estimate_that_stays_the_same_stays_by_whom_it_was_given(payments, alice, bob):
    new_issue(payments, "Pay", key="A-1").settle(decks.card("5"), bob)
    new_issue(payments, "Refund", key="A-2").settle(decks.card("8"), bob)
    bring_in(payments, "key,title,estimate\nA-1,Pay by card,5\nA-2,Refund,", alice, update_known=True)
    assert issues_of(payments, "estimate", "estimated_by") == [("5", bob.pk), ("8", bob.pk)]


def test_an_archived_issue_does_not_stand_in_the_way(payments):
    new_issue(payments, "Pay", key="A-1").archive()
    assert bring_in(payments, "key,title\nA-1,Pay").added == 1


def test_an_issue_of_another_group_does_not_stand_in_the_way(payments, bob):
    new_issue(Group.objects.start(bob, "Search"), "Pay", key="A-1")
    assert bring_in(payments, "key,title\nA-1,Pay").added == 1


# --- In one go


def test_new_issues_come_at_the_end_in_the_order_of_the_file(payments):
    backlog.add(payments, [Entry("First")])
    bring_in(payments, "title\nZ\nA\nM")
    assert issues_of(payments, "title") == [("First",), ("Z",), ("A",), ("M",)]


def test_an_import_is_one_change_of_the_room(payments):
    new_issue(payments, "Pay", key="A-1")
    before = room_of(payments).version
    bring_in(payments, "key,title\nA-1,Pay by card\nA-2,Refund", update_known=True)
    assert room_of(payments).version == before + 1


def test_a_full_file_takes_no_more_statements_than_a_short_one_beside_its_batches(payments):
    def statements(rows: range) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            bring_in(payments, "key,title,estimate\n" + "".join(f"A-{n},Issue {n},5\n" for n in rows))
        return [query["sql"] for query in captured]

    first, short, full = (statements(rows) for rows in (range(1), range(1, 5), range(5, 2_000)))
    assert payments.issues.count() == 2_000
    batches = [sql for sql in full if sql.startswith("INSERT")]
    assert len(batches) <= 30  # SQLite takes 999 values in one
    assert len(full) - len(batches) == len(short) - 1 <= len(first)


@pytest.mark.django_db(transaction=True)
def test_two_who_import_the_same_file_at_once_import_it_once(payments):
    results = at_once([lambda: bring_in(payments, "key,title\nA-1,Pay\nA-2,Refund")] * 2)
    assert sorted(outcome.added for outcome in results) == [0, 2]
    assert payments.issues.count() == 2


# --- Out and in again

LINES = st.text(
    st.one_of(st.sampled_from("=+-@\t '\"＝;,"), st.characters(codec="utf-8", exclude_characters="\0\r\n"))
)
TEXTS = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n '\"＝;,"), st.characters(codec="utf-8", exclude_characters="\0"))
)
ESTIMATES = st.sampled_from(
    [
        decks.card("5"),
        decks.card("S=2.5"),
        decks.card("-"),
        decks.card("XL"),
        decks.card("½"),
        decks.card("5.0"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    title=LINES.map(str.strip).filter(lambda text: 0 < len(text) <= 200),
    key=LINES.map(str.strip).filter(lambda text: len(text) <= 32),
    sprint=LINES.map(str.strip).filter(lambda text: len(text) <= 32),
    description=TEXTS.filter(lambda text: not text or text.strip()),
    estimate=st.one_of(st.none(), ESTIMATES),
)
def test_what_is_exported_and_imported_again_is_the_same(payments, title, key, sprint, description, estimate):
    there = Group.objects.create(name="There", user=payments.user)
    payments.issues.all().delete()
    issue = new_issue(
        payments, title, key=key, sprint=sprint, description=description, url="https://a.example/?a=b,c"
    )
    if estimate is not None:
        issue.settle(estimate, None)
    bring_in(there, csv_files.decoded(exports.text(payments, "csv").encode()))
    assert issues_of(there, *FIELDS) == issues_of(payments, *FIELDS)


def test_importing_an_export_into_its_own_group_changes_nothing(payments, alice):
    new_issue(payments, "Pay", key="A-1", description="- one\n- two").settle(decks.card("5"), alice)
    before = list(Issue.objects.values())
    outcome = bring_in(payments, exports.text(payments, "csv"), update_known=True)
    assert outcome == imports.Outcome(added=0, updated=0, left=1, wrong=0)
    assert list(Issue.objects.values()) == before
