"""The issues of a group in real browsers: their order by mouse and keyboard, and all of it without JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from groups.models import Group
from issues import backlog
from issues.models import Issue
from issues.pasting import Entry
from users.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def group() -> Group:
    owner = User.objects.create_user("mara@example.org", "Mara", "correct horse battery")
    started: Group = Group.objects.start(owner, "Payments")
    backlog.add(started, map(Entry, "ABCD"))
    return started


@pytest.fixture
def open_list(group, signed_in):
    """Opens the list as the owner sees it."""

    def open_page(**options) -> Page:
        page: Page = signed_in(group.user, **options)
        page.goto(f"/groups/{group.pk}/issues/")
        return page

    return open_page


def expect_shown(page: Page, titles: str) -> None:
    """Waits until the list has these titles, a letter each, in this order."""
    expect(page.locator(".issue-title")).to_have_text(list(titles))


def order(group: Group) -> str:
    return "".join(group.issues.in_order().values_list("title", flat=True))


def row(page: Page, title: str) -> Locator:
    return page.locator(".issue").filter(has=page.get_by_role("link", name=title, exact=True))


def drag(page: Page, title: str, to: str, *, drop: bool = True) -> None:
    """By its handle to the middle of another row, and a little beyond in the same direction."""
    handle = row(page, title).locator(".issue-handle").bounding_box()
    aim = row(page, to).bounding_box()
    assert handle is not None
    assert aim is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    beyond = 8 if aim["y"] > y else -8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, aim["y"] + aim["height"] / 2 + beyond, steps=8)
    if drop:
        page.mouse.up()


@pytest.mark.parametrize(
    ("title", "to", "after"), [("D", "B", "ADBC"), ("A", "C", "BCAD"), ("C", "A", "CABD")]
)
def test_an_issue_is_dragged_to_its_place_and_stays_there(open_list, group, title, to, after):
    page = open_list()
    drag(page, title, to)
    expect(page.locator("#issues-status")).to_have_text(f"Moved to place {after.index(title) + 1}.")
    expect_shown(page, after)
    assert order(group) == after


def test_escape_puts_a_dragged_issue_back(open_list, group):
    page = open_list()
    drag(page, "D", "A", drop=False)
    expect_shown(page, "DABC")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect_shown(page, "ABCD")
    assert order(group) == "ABCD"


def test_what_cannot_be_saved_goes_back_and_is_told(open_list, group):
    page = open_list()
    group.archive()
    drag(page, "D", "A")
    expect(page.locator("#issues-status")).to_have_text("This group is archived. Nothing was changed.")
    expect_shown(page, "ABCD")


def test_a_page_that_is_too_old_to_save_says_so(open_list, group):
    page = open_list()
    page.context.clear_cookies()
    drag(page, "D", "A")
    expect(page.locator("#issues-status")).to_have_text(re.compile("The order was not saved."))
    expect_shown(page, "ABCD")


def test_an_issue_is_moved_by_keyboard_and_the_focus_goes_along(open_list, group):
    page = open_list()
    page.get_by_role("button", name="Move up D").focus()
    for place in (3, 2):
        page.keyboard.press("Enter")
        expect(page.locator("#issues-status")).to_have_text(f"Moved to place {place}.")
        expect(page.get_by_role("button", name="Move up D")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#issues-status")).to_have_text("Moved to place 1.")
    expect(page.get_by_role("button", name="Move up D")).to_be_hidden()
    expect(page.get_by_role("button", name="Move down D")).to_be_focused()
    assert order(group) == "DABC"


def test_over_the_edge_of_a_page_a_step_leads_to_the_page_where_the_issue_stands(open_list, group):
    backlog.add(group, [Entry(f"Issue {each}") for each in range(50)])
    page = open_list()
    page.get_by_role("link", name="Further").click()
    drag(page, "Issue 48", "Issue 46")
    expect(page.locator("#issues-status")).to_have_text("Moved to place 51.")
    page.get_by_role("button", name="Move up Issue 48").click()
    expect(page).to_have_url(re.compile(r"show=to-estimate#up-\d+$"))
    expect(page.locator(".issue").last).to_contain_text("Issue 48")
    expect(page.get_by_role("button", name="Move up Issue 48")).to_be_focused()


def test_without_scripts_everything_is_there(open_list, group):
    page = open_list(scripts=False)
    expect(page.locator(".issue-handle").first).to_be_hidden()
    page.get_by_role("button", name="Move up D").click()
    expect(page).to_have_url(re.compile(r"show=to-estimate#up-\d+$"))
    expect_shown(page, "ABDC")
    expect(page.get_by_role("button", name="Move up D")).to_be_focused()

    page.get_by_role("button", name="Archive D").click()
    expect(page.get_by_text("“D” is archived. Nothing of it is lost.")).to_be_visible()
    expect_shown(page, "ABC")
    page.get_by_role("link", name="Archived").click()
    page.get_by_role("button", name="Bring it back D").click()
    page.get_by_role("link", name="To estimate").click()

    page.get_by_role("link", name="Add an issue").click()
    page.get_by_label("Title").fill("E")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Paste a list").click()
    page.get_by_label("Issues, a line each").fill("PAY-6 F\nG")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="2 issues would be added")).to_be_visible()
    page.get_by_role("button", name="Add these issues").click()
    expect(page.get_by_text("2 issues are added.")).to_be_visible()
    expect_shown(page, "ABDCEFG")

    page.get_by_label("Search issues").fill("pay-6")
    page.get_by_role("button", name="Search").click()
    expect_shown(page, "F")
    page.get_by_role("link", name="F", exact=True).click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Description").fill("# Why\n**Because**")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=3, name="Why")).to_be_visible()
    assert Issue.objects.get(title="F").description == "# Why\n**Because**"


def test_from_an_empty_list_the_first_issue_is_two_steps_away(group, open_list):
    group.issues.all().delete()
    page = open_list()
    page.get_by_role("link", name="Add an issue").click()
    page.get_by_label("Title").fill("First")
    page.keyboard.press("Enter")
    expect(page.locator(".issue-title")).to_have_text("First")


def test_a_double_click_adds_one_issue(open_list, group):
    page = open_list()
    page.get_by_role("link", name="Add an issue").click()
    page.get_by_label("Title").fill("E")
    page.get_by_role("button", name="Add", exact=True).dblclick()
    expect(page.get_by_text("“E” is added.")).to_be_visible()
    assert order(group) == "ABCDE"
