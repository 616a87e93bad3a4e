"""The list of a group's issues: tabs, total, search, pages, order."""

import pytest
from django.urls import reverse

from groups import decks
from groups.models import Group, Role
from groups.pagination import ROWS
from groups.tests.people import browser, seated
from issues import backlog
from issues.listings import Listing, Show, tally
from issues.models import Issue
from issues.pasting import Entry
from issues.rooms import room_of
from issues.tests.room import new_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def issues(payments: Group) -> list[Issue]:
    """A, B, C and D."""
    return list(backlog.add(payments, map(Entry, "ABCD")))


@pytest.fixture
def page(payments, alice):
    """The list as Alice sees it."""
    client = browser(alice)
    return lambda **parameters: client.get(url_of(payments), parameters)


@pytest.fixture
def move(payments, alice):
    client = browser(alice)

    def send(issue, form, **options):
        return client.post(reverse("issues:issue-move", args=[payments.pk, issue.pk]), form, **options)

    return send


def url_of(group: Group) -> str:
    return reverse("issues:issue-list", args=[group.pk])


def titles(response) -> str:
    return "".join(issue.title for issue in response.context["issues"])


def order(group: Group) -> str:
    return "".join(group.issues.in_order().values_list("title", flat=True))


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# --- Tabs


@pytest.fixture
def mixed(issues, alice):
    """A waits, B is estimated, C is archived, D is both."""
    issues[1].settle(decks.card("5"), alice)
    issues[3].settle(decks.card("8"), alice)
    issues[2].archive()
    issues[3].archive()


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("to-estimate", "A"),
        ("estimated", "B"),
        ("all", "AB"),
        ("archived", "CD"),
        ("", "A"),
        ("nonsense", "A"),
    ],
)
def test_a_tab_shows_its_issues(page, mixed, show, shown):
    assert titles(page(show=show)) == shown


def test_each_tab_says_how_many_it_holds_and_which_one_is_shown(page, mixed):
    response = page(show="estimated")
    assert [number for _tab, number in response.context["tabs"]] == [1, 1, 2, 2]
    text = text_of(response)
    assert text.count('aria-current="page">Estimated <span class="tab-count">1</span>') == 1


def test_an_issue_tells_its_key_link_sprint_and_estimate_with_who_and_when(page, payments, alice):
    issue = new_issue(payments, key="PAY-1", url="https://jira.example/PAY-1", sprint="Sprint 7")
    issue.settle(decks.card("5"), alice)
    payments.memberships.get(user=alice).rename("Alice of Payments")
    text = text_of(page(show="all"))
    assert f'href="{reverse("issues:issue-detail", args=[payments.pk, issue.pk])}"><bdi>Pay by card' in text
    assert 'href="https://jira.example/PAY-1" target="_blank" rel="nofollow noopener noreferrer"' in text
    assert "Sprint 7" in text
    assert '<span class="small-card">5</span>' in text
    assert f'Alice of Payments</bdi>, <time datetime="{issue.estimated_at:%Y-%m-%d}' in text


def test_who_has_left_the_group_is_named_as_ever(page, payments, bob):
    new_issue(payments).settle(decks.card("5"), bob)
    payments.memberships.get(user=bob).delete()
    assert "<bdi>Bob</bdi>" in text_of(page(show="all"))


def test_an_estimate_of_somebody_unknown_has_a_day_alone(page, payments):
    new_issue(payments).settle(decks.card("5"), None)
    assert '<span class="mark"><span><time' in text_of(page(show="all")).replace("> <", "><")


def test_a_hostile_issue_is_text(page, payments):
    new_issue(payments, "<script>1</script>", key="<b>", sprint="<i>")
    text = text_of(page())
    assert "<script>1" not in text
    assert "<b>" not in text
    assert "<i>" not in text


# --- Total


@pytest.mark.parametrize(
    ("cards", "total"),
    [
        (["1"], "1 point in 1 issue"),
        (["8", "5", "21"], "34 points in 3 issues"),
        (["½", "0.25"], "0.75 points in 2 issues"),
        (["100"], "100 points in 1 issue"),
        (["5", "M", "M", "L"], "5 points in 1 issue 2 × M 1 × L"),
        (["XL"], "1 × XL"),
    ],
)
def test_the_numbers_are_added_up_and_other_estimates_stand_apart(page, payments, alice, cards, total):
    for card in cards:
        new_issue(payments).settle(decks.card(card), alice)
    text = text_of(page(show="all")).replace("<strong>", "").replace("</strong>", "")
    text = " ".join(text.replace("<span>", "").replace("</span>", "").split())
    assert f"Estimated so far: {total} </p>" in text


def test_what_is_archived_is_in_no_total(payments, mixed):
    counted = tally(payments.issues.all())
    assert (str(counted.total), counted.numbers) == ("5", 1)


def test_without_an_estimate_there_is_no_total(page, issues):
    assert "so far" not in text_of(page(show="all"))


# --- Search


def test_a_search_finds_within_the_tab_and_counts_in_all(page, payments, alice):
    new_issue(payments, "Pay by card", key="PAY-1")
    new_issue(payments, "Save a card").settle(decks.card("5"), alice)
    new_issue(payments, "Refund")
    response = page(q=" card ")
    assert titles(response) == "Pay by card"
    assert [number for _tab, number in response.context["tabs"]] == [1, 1, 2, 0]
    text = text_of(response)
    assert "1 issue here has “card” in it." in text
    assert '<a href="?show=to-estimate">Show all again</a>' in text
    assert "?show=estimated&amp;q=card" in text
    assert 'value="card"' in text


def test_a_search_that_finds_nothing_says_so(page, issues):
    response = page(q="zebra", show="all")
    assert "No issue here has “zebra” in its key, title or sprint." in text_of(response)
    assert "No issues yet" not in text_of(response)


def test_an_empty_search_is_none(page, issues):
    assert titles(page(q=" ")) == "ABCD"


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "\x00%", "☕"])
def test_a_search_takes_every_character_for_itself(page, issues, text):
    assert titles(page(q=text)) == ""


def test_a_search_has_100_characters_at_most_and_stays_in_its_field(page, issues):
    assert titles(page(q="a " * 50)) == "A"
    response = page(q="x" * 101)
    assert "A search has at most 100 characters. This one has 101; please shorten it." in text_of(response)
    assert f'value="{"x" * 101}"' in text_of(response)
    assert titles(response) == "ABCD"


def test_found_issues_are_not_moved_by_steps(page, issues):
    assert "issue-up" in text_of(page())
    assert "issue-up" not in text_of(page(q="A"))
    assert "issue-up" not in text_of(page(show="estimated"))


# --- Nothing to show


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("to-estimate", "No issues yet."),
        ("all", "No issues yet."),
        ("estimated", "No issues yet."),
        ("archived", "No issues yet."),
    ],
)
def test_an_empty_list_says_so(page, show, said):
    assert said in text_of(page(show=show))


def test_an_empty_list_offers_facilitators_how_to_fill_it(page, payments, bob):
    add = f'href="{reverse("issues:issue-add", args=[payments.pk])}"'
    paste = f'href="{reverse("issues:issue-paste", args=[payments.pk])}"'
    for offered in (add, paste):
        assert offered in text_of(page())
        assert offered not in text_of(browser(bob).get(url_of(payments)))
    assert "A facilitator will add them." in text_of(browser(bob).get(url_of(payments)))


def test_an_empty_list_offers_each_way_once_and_needs_no_script(page, issues, payments):
    assert "backlog.js" in text_of(page())
    payments.issues.all().delete()
    assert text_of(page()).count(reverse("issues:issue-add", args=[payments.pk])) == 1
    assert "backlog.js" not in text_of(page())


def test_where_all_are_archived_it_says_so(page, payments, issues):
    for issue in issues:
        issue.archive()
    for show in ("to-estimate", "estimated", "all"):
        assert "All issues are archived." in text_of(page(show=show))


def test_where_none_is_archived_that_tab_says_so(page, issues):
    assert "No issue is archived." in text_of(page(show="archived"))


def test_where_all_are_estimated_it_says_so_with_the_total(page, payments, alice):
    new_issue(payments).settle(decks.card("5"), alice)
    assert "All issues are estimated." in text_of(page())
    assert "so far" in text_of(page())


def test_where_none_is_estimated_that_tab_says_so(page, issues):
    assert "No issue has an estimate yet." in text_of(page(show="estimated"))


# --- Who may what


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.VOTER])
def test_who_does_not_facilitate_sees_the_list_without_buttons(payments, issues, role):
    text = text_of(browser(seated(payments, "Mia", role).user).get(url_of(payments)))
    assert "<bdi>A</bdi>" in text
    assert "form-issue" not in text
    assert "backlog.js" not in text


def test_an_archived_group_shows_its_issues_without_buttons(page, payments, issues):
    payments.archive()
    text = text_of(page())
    assert "<bdi>A</bdi>" in text
    assert "This group is archived." in text
    assert "form-issue" not in text


# --- Pages


def test_fifty_issues_make_a_page_and_its_links_keep_tab_and_search(page, payments):
    backlog.add(payments, [Entry(f"Card {number:03}") for number in range(2 * ROWS + 1)])
    assert len(page().context["issues"]) == ROWS
    assert len(page(page=3).context["issues"]) == 1
    assert len(page(page="nonsense").context["issues"]) == ROWS
    text = text_of(page(show="all", q="card", page=2))
    assert 'href="?show=all&amp;q=card&amp;page=1" rel="prev"' in text
    assert 'href="?show=all&amp;q=card&amp;page=3" rel="next"' in text


@pytest.mark.parametrize("show", ["to-estimate", "all", "archived"])
@pytest.mark.parametrize("number", [3, 200])
def test_the_number_of_queries_is_the_same_for_any_number_of_issues(
    page, payments, alice, show, number, django_assert_num_queries
):
    made = backlog.add(payments, [Entry(f"Card {each}", sprint="7") for each in range(number)])
    for issue in made[::2]:
        issue.settle(decks.card("5"), alice)
    made[2].archive()
    # Session, user, group with seat; counts, estimates that are no numbers, how many rows, the rows.
    with django_assert_num_queries(7):
        page(show=show)


def test_a_later_page_asks_once_more_for_what_stands_before_it(page, payments, django_assert_num_queries):
    made = backlog.add(payments, [Entry(f"Card {each}") for each in range(ROWS + 1)])
    with django_assert_num_queries(8):
        response = page(page=2)
    assert response.context["before_page"] == made[ROWS - 1].pk


def test_descriptions_are_not_read_for_the_list(page, payments):
    new_issue(payments, description="x" * 20_000)
    assert page().context["issues"][0].get_deferred_fields() == {"description"}


# --- Order


@pytest.mark.parametrize(
    ("title", "direction", "after"), [("A", "up", "ABCD"), ("B", "up", "BACD"), ("B", "down", "ACBD")]
)
def test_an_issue_is_moved_by_a_step_and_the_page_is_where_it_was(
    move, payments, issues, title, direction, after
):
    issue = payments.issues.get(title=title)
    response = move(issue, {"direction": direction, "show": "all", "q": ""})
    assert order(payments) == after
    assert response.status_code == 302
    assert response.url == f"{url_of(payments)}?show=all#{direction}-{issue.pk}"


@pytest.mark.parametrize(
    ("place", "direction", "page"),
    [(ROWS - 1, "down", 2), (ROWS - 1, "up", 1), (ROWS, "up", 1), (ROWS, "down", 2)],
)
def test_over_the_edge_of_a_page_the_step_leads_to_the_page_where_the_issue_is(
    move, payments, place, direction, page
):
    issue = backlog.add(payments, [Entry(f"Card {number}") for number in range(2 * ROWS)])[place]
    form = {"direction": direction, "show": "all", "page": place // ROWS + 1}
    listing = f"{url_of(payments)}?show=all" + ("&page=2" if page == 2 else "")
    response = move(issue, form)
    assert response.url == f"{listing}#{direction}-{issue.pk}"
    assert f'id="{direction}-{issue.pk}"' in browser(payments.user).get(listing).content.decode()


def test_a_step_leads_past_what_the_tab_does_not_show(move, payments, issues, alice):
    issues[1].settle(decks.card("5"), alice)
    move(issues[2], {"direction": "up", "show": "to-estimate"})
    assert order(payments).replace("B", "") == "CAD"


@pytest.mark.parametrize(("after", "result"), [("B", "ABDC"), (None, "DABC")])
def test_an_issue_is_put_behind_another_or_to_the_front(move, payments, issues, after, result):
    behind = payments.issues.get(title=after).pk if after else 0
    response = move(issues[3], {"after": behind, "show": "to-estimate"})
    assert order(payments) == result
    assert response.url == f"{url_of(payments)}?show=to-estimate#issue-{issues[3].pk}"


def test_a_script_is_told_that_it_is_done(move, payments, issues):
    response = move(issues[3], {"after": 0}, headers={"accept": "application/json"})
    assert (response.status_code, response.content) == (204, b"")
    assert order(payments) == "DABC"


@pytest.mark.parametrize(
    "form",
    [{}, {"direction": "sideways"}, {"after": "-1"}, {"after": "x"}, {"direction": "up", "after": "0"}],
)
def test_a_move_to_nowhere_moves_nothing_and_says_so(move, payments, issues, form):
    before = room_of(payments).version
    response = move(issues[3], form | {"show": "all"}, follow=True)
    assert "Nothing was moved." in text_of(response)
    assert move(issues[3], form, headers={"accept": "application/json"}).status_code == 400
    assert (order(payments), room_of(payments).version) == ("ABCD", before)


def test_nothing_is_put_behind_an_issue_of_another_group(move, charlie, payments, issues):
    other = new_issue(Group.objects.start(charlie, "Search"))
    assert move(issues[0], {"after": other.pk}).status_code == 404
    assert order(payments) == "ABCD"


def test_an_archived_issue_is_not_moved(move, payments, issues):
    issues[3].archive()
    assert "Nothing was moved." in text_of(move(issues[3], {"after": "0", "show": "all"}, follow=True))
    assert order(payments) == "ABCD"


def test_an_issue_is_found_on_its_page(payments):
    made = backlog.add(payments, [Entry(f"Card {each}") for each in range(ROWS + 1)])
    listing = Listing(payments, Show.ALL)
    assert [listing.page_of(issue).page for issue in (made[0], made[ROWS - 1], made[ROWS])] == [1, 1, 2]
