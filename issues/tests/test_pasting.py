"""Issues as somebody pastes them."""

import pytest

from issues import pasting
from issues.pasting import BadLine, Entry

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "line",
    [
        "Pay by card",
        "- Pay by card",
        "* Pay by card",
        "• Pay by card",
        "12. Pay by card",
        "3) Pay by card",
        "[ ] Pay by card",
        "- [x] Pay by card",
        "  Pay   by\tcard  ",
    ],
)
def test_a_line_is_an_issue_without_what_lists_begin_their_lines_with(line):
    assert pasting.read(line) == [Entry("Pay by card")]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("PAY-12 Pay by card", "PAY-12"),
        ("PAY-12: Pay by card", "PAY-12"),
        ("PAY-12 - Pay by card", "PAY-12"),
        ("#12 Pay by card", "#12"),
        ("- #12 Pay by card", "#12"),
        ("team/shop#12 Pay by card", "team/shop#12"),
        ("!7 Pay by card", "!7"),
    ],
)
def test_a_key_in_front_is_taken_out_of_the_title(line, key):
    assert pasting.read(line) == [Entry("Pay by card", key=key)]


@pytest.mark.parametrize("line", ["Utf-8 everywhere", "covid-19", "3 ways to pay", "Pay PAY-12 first"])
def test_what_only_looks_like_a_key_stays(line):
    assert pasting.read(line) == [Entry(line)]


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("Pay by card https://jira.example/PAY-12", "https://jira.example/PAY-12"),
        ("https://jira.example/PAY-12 Pay by card", "https://jira.example/PAY-12"),
        ("Pay by card (https://jira.example/PAY-12)", "https://jira.example/PAY-12"),
        ("Pay by card <http://jira.example/PAY-12>", "http://jira.example/PAY-12"),
    ],
)
def test_a_link_is_taken_out_of_the_title(line, url):
    assert pasting.read(line) == [Entry("Pay by card", url=url)]


def test_empty_lines_are_no_issues():
    assert [entry.title for entry in pasting.read("\nOne\n\n  \nTwo\n")] == ["One", "Two"]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_is_no_issue(text):
    assert pasting.read(text) == []


def test_a_link_alone_is_refused_with_the_number_of_its_line():
    with pytest.raises(BadLine) as refused:
        pasting.read("One\nhttps://jira.example/PAY-12")
    assert (refused.value.code, refused.value.number) == ("empty", 2)


def test_a_title_has_200_characters_and_no_more():
    assert len(pasting.read("x" * 200)[0].title) == 200
    with pytest.raises(BadLine) as refused:
        pasting.read("One\n\n" + "x" * 201)
    assert (refused.value.code, refused.value.number) == ("title", 3)


def test_a_link_has_500_characters_and_no_more():
    link = "https://jira.example/"
    assert len(pasting.read(f"One {link.ljust(500, 'x')}")[0].url) == 500
    with pytest.raises(BadLine) as refused:
        pasting.read(f"One {link.ljust(501, 'x')}")
    assert (refused.value.code, refused.value.number) == ("url", 1)


@pytest.mark.parametrize("line", ["\u200b", "- \u2066", "PAY-12 -"])
def test_a_title_has_something_to_see(line):
    with pytest.raises(BadLine, match="empty"):
        pasting.read(line)


def test_five_hundred_lines_are_taken_at_once_and_no_more():
    assert len(pasting.read("One\n" * 500)) == 500
    with pytest.raises(BadLine, match="many"):
        pasting.read("One\n" * 501)
