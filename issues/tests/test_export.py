"""The issues of a group as a file."""

import csv
import io
import json
from time import perf_counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from groups import decks
from groups.models import Group
from groups.tests.people import browser
from issues import exports, rounds
from issues.models import Issue
from issues.tests.room import at_the_table, new_issue

pytestmark = pytest.mark.django_db


def export(user, group, **query):
    return browser(user).get(reverse("issues:issue-export", args=[group.pk]), query)


def rows(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def issues_in(response) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(response.content)["issues"]
    return issues


def test_a_csv_file_tells_everything_about_an_issue(payments, alice, bob):
    issue = new_issue(
        payments, "Pay", key="A-1", url="https://a.example/1", sprint="S 1", description="One\ntwo"
    )
    issue.settle(decks.card("0,5"), bob)
    moment = issue.estimated_at
    assert moment is not None
    response = export(alice, payments)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert rows(response) == [
        {
            "key": "A-1",
            "title": "Pay",
            "url": "https://a.example/1",
            "sprint": "S 1",
            "description": "One\ntwo",
            "estimate": "0,5",
            "estimate_value": "0.5",
            "estimated_by": "Bob",
            "estimated_at": moment.isoformat(),
            "rounds": "0",
            "archived_at": "",
            "id": str(issue.pk),
        }
    ]


def test_json_is_exact(payments, alice):
    issue = new_issue(payments, "=1+1", description="@a\r\n-b", key="'=x")
    issue.settle(decks.card("5"), None)
    document = json.loads(export(alice, payments, format="json").content)
    assert document["group"] == {"id": payments.pk, "name": "Payments"}
    assert document["show"] == "all"
    (found,) = document["issues"]
    assert (found["title"], found["description"], found["key"]) == ("=1+1", "@a\r\n-b", "'=x")
    assert (found["estimate"], found["estimate_value"], found["estimated_by"]) == ("5", 5, None)


def test_no_cell_of_a_csv_file_is_one_that_a_spreadsheet_would_run(payments, alice):
    new_issue(
        payments, "=cmd|' /C calc'!A0", key="+1", sprint="＝1", description="\t=1", url="https://a.example"
    )
    Issue.objects.update(estimate="-1")
    (row,) = rows(export(alice, payments))
    assert [row[name] for name in ("title", "key", "sprint", "description", "estimate")] == [
        "'=cmd|' /C calc'!A0",
        "'+1",
        "'＝1",
        "'\t'=1",
        "'-1",
    ]


@pytest.mark.parametrize(
    ("show", "titles"),
    [
        ("to-estimate", ["Open"]),
        ("estimated", ["Done"]),
        ("all", ["Open", "Done"]),
        ("archived", ["Away"]),
        (None, ["Open", "Done"]),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_only_those_are_exported_that_are_shown(payments, alice, show, titles, file_format):
    new_issue(payments, "Open")
    new_issue(payments, "Away").archive()
    new_issue(payments, "Done").settle(decks.card("5"), None)
    query = {"show": show} if show else {}
    response = export(alice, payments, format=file_format, **query)
    found = rows(response) if file_format == "csv" else issues_in(response)
    assert [row["title"] for row in found] == titles


@pytest.mark.parametrize("query", [{"format": "xlsx"}, {"show": "everything"}, {"format": ""}])
def test_an_export_that_there_is_not_is_refused_in_a_sentence(payments, alice, query):
    response = export(alice, payments, **query)
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert response.content.decode().startswith("There is no such export: format is csv or json")


def test_issues_of_another_group_stay_there(payments, alice, bob):
    new_issue(Group.objects.start(bob, "Search"), "Secret")
    assert rows(export(alice, payments)) == []


def test_votes_of_an_open_round_are_in_no_export(payments, alice):
    payments.choose_deck(decks.parse("1 2 zebra=13"))
    seat = at_the_table(payments, "Vera")
    issue = new_issue(payments, "Pay")
    round_ = rounds.begin(payments, alice, issue)
    rounds.vote(seat, round_.pk, "zebra", "A secret reason")
    for file_format in exports.CONTENT_TYPES:
        response = export(alice, payments, format=file_format)
        assert b"zebra" not in response.content
        assert b"secret" not in response.content
    assert issues_in(response)[0]["rounds"] == 1


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("Payments", "payments-issues.csv"),
        ("Über & Ämter", "uber-amter-issues.csv"),
        ('../"x"\r\nSet-Cookie: a=b', "x-set-cookie-ab-issues.csv"),
        ("🚀", "group-{pk}-issues.csv"),
    ],
)
def test_the_name_of_the_file_is_safe_whatever_the_group_is_called(payments, alice, name, filename):
    Group.objects.filter(pk=payments.pk).update(name=name)
    disposition = export(alice, payments)["Content-Disposition"]
    assert disposition == f'attachment; filename="{filename.format(pk=payments.pk)}"'


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_a_thousand_issues_are_quick_and_take_as_many_queries_as_one(payments, alice, file_format):
    def measured() -> tuple[int, float]:
        with CaptureQueriesContext(connection) as captured:
            began = perf_counter()
            exports.text(payments, file_format)
        return len(captured), perf_counter() - began

    new_issue(payments).settle(decks.card("5"), alice)
    few, _time = measured()
    Issue.objects.bulk_create(
        [
            Issue(
                group=payments,
                title=f"Issue {number}",
                position=number,
                estimated_by=alice,
                description="x" * 500,
            )
            for number in range(1_000)
        ]
    )
    many, seconds = measured()
    assert few == many == 1
    assert seconds < 2  # it takes a tenth of that, but not on every machine
