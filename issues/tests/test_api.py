"""The API: who may come in, what it tells, and how it says no."""

import json
from typing import cast

import pytest
from django.http import HttpResponse
from django.urls import reverse

from groups import decks
from groups.models import Group, Membership, Role
from groups.tests.people import browser, seated
from issues import backlog, rounds
from issues.api.application import api
from issues.models import Issue
from issues.pasting import MAX_LINES, Entry
from issues.tests.api import Program, said
from issues.tests.room import at_the_table, new_issue
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alices(alice: User, payments: Group) -> Program:
    return Program(alice)


@pytest.fixture
def bobs(bob: User, payments: Group) -> Program:
    """Bob votes, and facilitates nothing."""
    return Program(bob)


@pytest.fixture
def path(payments: Group) -> str:
    return f"/groups/{payments.pk}"


# --- Coming in


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer est_wrong"}, {"Authorization": "Basic YTpi"}]
)
def test_without_a_good_token_nobody_comes_in(client, path, headers):
    answer = cast("HttpResponse", client.get(f"/api/v1{path}", headers=headers))
    assert said(answer, 401)["detail"].startswith("Send a good token")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_that_came_without_tls_is_refused_and_said_to_be_burnt(alices, path, settings):
    settings.SECURE_SSL_REDIRECT = True
    detail = said(alices.get(path), 403)["detail"]
    assert detail.startswith("Come by https. Your token was sent readable for others")


def test_a_session_is_no_token(alice, path):
    assert browser(alice).get(f"/api/v1{path}").status_code == 401


def test_a_stranger_finds_as_little_as_where_there_is_nothing(charlie, path):
    strangers = Program(charlie)
    answers = [
        strangers.get(each).content
        for each in (path, "/groups/999999", f"/groups/{10**30}", f"{path}/issues")
    ]
    assert len(set(answers)) == 1
    assert said(strangers.get(path), 404)


@pytest.mark.parametrize("what", ["add", "edit", "archive", "restore"])
def test_who_only_votes_writes_nothing(bobs, payments, path, what):
    issue = new_issue(payments, "Refunds")
    answer = {
        "add": lambda: bobs.post(f"{path}/issues", {"issues": [{"title": "New"}]}),
        "edit": lambda: bobs.patch(f"{path}/issues/{issue.pk}", {"title": "New"}),
        "archive": lambda: bobs.post(f"{path}/issues/{issue.pk}/archive"),
        "restore": lambda: bobs.post(f"{path}/issues/{issue.pk}/restore"),
    }[what]()
    assert "A facilitator can do it." in said(answer, 403)["detail"]
    assert list(Issue.objects.values_list("title", "archived_at")) == [("Refunds", None)]


# --- What is not there


@pytest.mark.parametrize("where", ["/", "/nothing", "/groups/", "/groups/x", "/groups/-1/issues", "/docs"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_an_address_that_there_is_not_is_told_in_json(client, alices, where, method):
    for answer in (client.generic(method, f"/api/v1{where}"), alices.send(method, where, "")):
        assert said(answer, 404)["detail"] == "There is nothing here, or nothing for you."
        assert answer["Content-Type"] == "application/json"


def test_another_method_is_told_in_json_with_those_that_there_are(alices, path):
    for method, where, allowed in (("POST", path, "GET"), ("GET", f"{path}/issues/1/archive", "POST")):
        answer = alices.send(method, where, "")
        assert said(answer, 405)["detail"] == f"This address takes {allowed} alone."
        assert answer["Allow"] == allowed


# --- Groups


def test_my_groups_are_listed_with_my_role(alices, alice, bob, payments):
    Group.objects.start(bob, "Bob's own")
    (group,) = said(alices.get("/groups"))["items"]
    assert group == {
        "id": payments.pk, "name": "Payments", "is_archived": False, "is_owner": True, "role": "facilitator",
    }  # fmt: skip


def test_a_group_tells_its_members_deck_and_counts(alices, alice, payments, path):
    new_issue(payments, "One").settle(decks.card("5"), alice)
    new_issue(payments, "Two")
    told = said(alices.get(path))
    assert {member["nickname"] for member in told["members"]} == {"Alice", "Bob"}
    assert told["deck"][:3] == ["0", "1", "2"]
    assert (told["to_estimate"], told["estimated"]) == (1, 1)


# --- Issues


def test_issues_are_read_as_the_page_shows_them(alices, alice, payments, path):
    new_issue(payments, "One", key="PAY-1", description="**bold**").settle(decks.card("5"), alice)
    new_issue(payments, "Two")
    (issue,) = said(alices.get(f"{path}/issues", show="estimated"))["items"]
    assert issue | {"id": 0, "estimated_at": "", "edition": ""} == {
        "id": 0, "key": "PAY-1", "title": "One", "url": "", "sprint": "", "description": "**bold**", "estimate": "5",
        "estimate_value": 5, "estimated_by": "Alice", "estimated_at": "", "rounds": 0, "archived_at": None,
        "edition": "",
    }  # fmt: skip
    assert [one["title"] for one in said(alices.get(f"{path}/issues", q="two"))["items"]] == ["Two"]
    assert said(alices.get(f"{path}/issues/{issue['id']}")) == issue


def test_a_list_comes_in_pages(alices, payments, path):
    backlog.add(payments, [Entry(f"Card {number}") for number in range(5)])
    told = said(alices.get(f"{path}/issues", page=2, page_size=2))
    assert [one["title"] for one in told["items"]] == ["Card 2", "Card 3"]
    assert (told["count"], told["page"], told["pages"]) == (5, 2, 3)
    assert said(alices.get(f"{path}/issues", page=9, page_size=2))["items"] == []


@pytest.mark.parametrize(("size", "status"), [(1, 200), (100, 200), (0, 422), (101, 422), ("x", 422)])
def test_a_page_has_a_hundred_rows_at_most(alices, path, size, status):
    assert said(alices.get(f"{path}/issues", page_size=size), status)


def test_issues_are_added_at_the_end_in_their_order(alices, payments, path):
    new_issue(payments, "First")
    body = {
        "issues": [
            {"title": "Pay by card", "key": "PAY-1", "url": "https://jira.example/1"},
            {"title": "Refund"},
        ]
    }
    told = said(alices.post(f"{path}/issues", body), 201)
    assert [one["title"] for one in told] == ["Pay by card", "Refund"]
    assert [issue.title for issue in payments.issues.in_order()] == ["First", "Pay by card", "Refund"]


def test_where_one_is_wrong_none_is_added_and_it_is_told_which(alices, path):
    body = {"issues": [{"title": "Good"}, {"title": "x" * 201, "url": "javascript:alert(1)"}]}
    told = said(alices.post(f"{path}/issues", body), 422)
    assert {(error["index"], error["field"]) for error in told["errors"]} == {(1, "title"), (1, "url")}
    assert told["detail"] == "A title has at most 200 characters. This one has 201; please shorten it."
    assert not Issue.objects.exists()


@pytest.mark.parametrize(("number", "status"), [(MAX_LINES, 201), (MAX_LINES + 1, 422), (0, 422)])
def test_five_hundred_are_added_at_a_time(alices, path, number, status):
    said(alices.post(f"{path}/issues", {"issues": [{"title": "Card"}] * number}), status)
    assert Issue.objects.count() == (number if status == 201 else 0)


@pytest.mark.parametrize(
    "body",
    [None, [], {"issues": [{}]}, {"issues": [{"title": 7}]}, {"issues": [{"title": "A", "estimate": "5"}]}],
)
def test_a_body_of_another_shape_is_refused_in_a_sentence(alices, path, body):
    assert said(alices.post(f"{path}/issues", body), 422)["detail"].endswith(".")
    assert not Issue.objects.exists()


def test_what_is_no_json_is_refused(alice, path):
    answer = Program(alice).send("POST", f"{path}/issues", "{")
    assert json.loads(answer.content)["detail"]
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["title", "key", "url", "sprint", "description"])
def test_a_text_with_half_a_character_in_it_is_refused_in_a_sentence(alices, payments, path, name):
    """JSON can write a lone surrogate; no database can keep one."""
    issue = new_issue(payments, "Old")
    added = alices.post(f"{path}/issues", {"issues": [{"title": "New", name: "half \ud800"}]})
    changed = alices.patch(f"{path}/issues/{issue.pk}", {name: "half \ud800"})
    for answer in (added, changed):
        assert said(answer, 422)["detail"].endswith("There is half a character in it, a lone surrogate.")
    assert list(Issue.objects.values_list("title", name)) == [("Old", "Old" if name == "title" else "")]


def test_a_name_of_a_field_with_half_a_character_in_it_is_refused(alices, path):
    assert said(alices.post(f"{path}/issues", {"issues": [{"title": "New", "\ud800": ""}]}), 422)["detail"]
    assert not Issue.objects.exists()


def test_a_body_that_is_too_large_is_refused(alices, path, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 200
    body = {"issues": [{"title": "A", "description": "x" * 300}]}
    assert said(alices.post(f"{path}/issues", body), 413)["detail"] == "Send at most 200 bytes at a time."


def test_an_issue_is_changed_and_what_is_left_out_stays(alices, payments, path):
    issue = new_issue(payments, "Old", key="PAY-1", sprint="7")
    told = said(alices.patch(f"{path}/issues/{issue.pk}", {"title": "New", "key": ""}))
    assert (told["title"], told["key"], told["sprint"]) == ("New", "", "7")
    issue.refresh_from_db()
    assert (issue.title, issue.key, issue.sprint) == ("New", "", "7")


def test_an_edit_of_what_somebody_else_has_edited_is_refused(alices, payments, path):
    issue = new_issue(payments, "Old")
    edition = said(alices.get(f"{path}/issues/{issue.pk}"))["edition"]
    backlog.edit(issue, Entry("Theirs"))
    answer = alices.patch(f"{path}/issues/{issue.pk}", {"title": "Mine", "edition": edition})
    assert "Somebody has edited this issue" in said(answer, 409)["detail"]
    issue.refresh_from_db()
    assert issue.title == "Theirs"


def test_an_issue_is_archived_and_brought_back(alices, payments, path):
    issue = new_issue(payments, "Old")
    assert said(alices.post(f"{path}/issues/{issue.pk}/archive"))["archived_at"]
    assert said(alices.post(f"{path}/issues/{issue.pk}/restore"))["archived_at"] is None


def test_an_issue_that_is_voted_on_is_not_archived(alices, alice, payments, path):
    issue = new_issue(payments, "Old")
    rounds.begin(payments, alice, issue)
    assert "being voted on" in said(alices.post(f"{path}/issues/{issue.pk}/archive"), 409)["detail"]


def test_in_an_archived_group_nothing_is_written(alices, payments, path):
    payments.archive()
    answer = alices.post(f"{path}/issues", {"issues": [{"title": "New"}]})
    assert said(answer, 409)["detail"] == "This group is archived. Nothing was changed."


def test_another_group_s_issue_is_not_found_under_mine(alices, bob, path):
    foreign = new_issue(Group.objects.start(bob, "Other"), "Foreign")
    assert said(alices.get(f"{path}/issues/{foreign.pk}"), 404)
    assert said(alices.patch(f"{path}/issues/{foreign.pk}", {"title": "Mine"}), 404)


# --- Rounds


@pytest.fixture
def anna(payments: Group) -> Membership:
    return at_the_table(payments, "Anna")


def test_before_the_reveal_a_round_tells_how_many_have_voted_and_no_vote(alices, alice, payments, anna, path):
    round_ = rounds.begin(payments, alice, new_issue(payments))
    rounds.vote(anna, round_.pk, "8", "REASON")
    answer = alices.get(f"{path}/rounds/{round_.pk}")
    told = said(answer)
    assert (told["state"], told["voted"], told["votes"], told["statistics"]) == ("open", 1, None, None)
    assert b"REASON" not in answer.content
    rounds.cancel(payments, round_.pk, alice)
    assert said(alices.get(f"{path}/rounds/{round_.pk}"))["votes"] is None


def test_after_the_reveal_it_tells_all(alices, alice, payments, anna, path):
    round_ = rounds.begin(payments, alice, new_issue(payments))
    rounds.vote(anna, round_.pk, "8", "REASON")
    rounds.reveal(payments, round_.pk, alice, early=True)
    told = said(alices.get(f"{path}/rounds/{round_.pk}"))
    assert told["votes"] == [{"name": "Anna", "card": "8", "reason": "REASON"}]
    assert (told["statistics"]["average"], told["statistics"]["suggested"]) == (8, "8")
    assert [(step["state"], step["by"]) for step in told["steps"]] == [
        ("open", "Alice"),
        ("revealed", "Alice"),
    ]


def test_rounds_of_one_issue_can_be_asked_for(alices, alice, payments, path):
    issues = [new_issue(payments, title) for title in ("One", "Two")]
    for issue in issues:
        rounds.cancel(payments, rounds.begin(payments, alice, issue).pk, alice)
    told = said(alices.get(f"{path}/rounds", issue=issues[1].pk))["items"]
    assert [one["issue"] for one in told] == [issues[1].pk]
    assert said(alices.get(f"{path}/rounds"))["count"] == 2


# --- Queries, and the document


@pytest.mark.parametrize("number", [2, 40])
@pytest.mark.parametrize(
    ("what", "queries"), [("", 5), ("/issues?page_size=100", 4), ("/rounds?page_size=100", 7)]
)
def test_the_queries_do_not_grow(
    alices, alice, payments, anna, path, number, what, queries, django_assert_num_queries
):
    for each in range(number):
        seated(payments, f"Member {each}", Role.OBSERVER)
        round_ = rounds.begin(payments, alice, new_issue(payments, f"Card {each}"))
        rounds.vote(anna, round_.pk, "8")
        rounds.reveal(payments, round_.pk, alice, early=True)
    alices.get(path)  # its use is noted
    with django_assert_num_queries(queries):
        said(alices.get(f"{path}{what}"))


def test_the_openapi_document_describes_every_operation_and_its_refusals(client):
    document = said(client.get("/api/v1/openapi.json"))
    assert document["openapi"].startswith("3.")
    operations = [each for methods in document["paths"].values() for each in methods.items()]
    assert len(operations) == 10
    for method, told in operations:
        assert told["summary"]
        assert {"401", "403", "422", "429", "503"} <= set(told["responses"])
        assert ({"400", "408", "413"} <= set(told["responses"])) == ("requestBody" in told)
        assert ("409" in told["responses"]) == (method != "get")
        assert told["security"]
    assert document["components"]["securitySchemes"]["Token"]["scheme"] == "bearer"


def test_every_answer_of_the_document_is_defined_in_it():
    document = json.loads(json.dumps(api.get_openapi_schema()))
    names = set(document["components"]["schemas"])

    def references(part: object) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"].rpartition("/")[2]} if "$ref" in part else set()
            return own.union(*(references(each) for each in part.values()))
        return set().union(*(references(each) for each in part)) if isinstance(part, list) else set()

    assert references(document["paths"]) <= names


def test_the_page_about_it_lists_every_operation(client):
    text = client.get(reverse("api")).content.decode()
    for path_, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path_}" in text
