"""Issues one by one: added, pasted, looked at, edited, put away."""

import pytest
from django.urls import reverse

from groups import decks
from groups.models import Group, Role
from groups.tests.people import browser, seated
from issues import backlog, rounds
from issues.models import Issue
from issues.models.issue import MAX_DESCRIPTION
from issues.pasting import Entry
from issues.rooms import room_of
from issues.tests.room import at_the_table, new_issue

pytestmark = pytest.mark.django_db

WRITES = ["issue-archive", "issue-restore", "issue-clear-estimate", "issue-move"]
FORMS = ["issue-add", "issue-paste", "issue-edit"]
# What each of them accepts.
SENT = {
    "issue-add": {"title": "Refund"},
    "issue-paste": {"issues": "Refund"},
    "issue-edit": {"title": "Refund"},
    "issue-move": {"direction": "up"},
}
ARCHIVED = "This group is archived. Nothing was changed."


@pytest.fixture
def issue(payments: Group, alice) -> Issue:
    """The second one, estimated."""
    new_issue(payments, "First")
    made = new_issue(payments, key="PAY-1")
    made.settle(decks.card("5"), alice)
    return made


@pytest.fixture
def url(payments, issue):
    def build(name: str) -> str:
        arguments = (
            [payments.pk] if name in {"issue-list", "issue-add", "issue-paste"} else [payments.pk, issue.pk]
        )
        return reverse(f"issues:{name}", args=arguments)

    return build


@pytest.fixture
def send(alice, url):
    """Sends a form as Alice, and gives the page that she sees then."""
    client = browser(alice)
    return lambda name, data=None: client.post(url(name), data or {}, follow=True)


def state(group: Group) -> list[object]:
    """What stands in the database about the issues of a group."""
    return [*group.issues.in_order().values()]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def errors(response) -> list[str]:
    return [text for texts in response.context["form"].errors.values() for text in texts]


# --- Who may


@pytest.mark.parametrize("name", [*WRITES, *FORMS])
@pytest.mark.parametrize("role", [Role.OBSERVER, Role.VOTER])
def test_who_does_not_facilitate_changes_nothing(payments, url, name, role):
    before = state(payments)
    member = browser(seated(payments, "Mia", role).user)
    assert member.post(url(name), SENT.get(name, {})).status_code == 403
    if name in FORMS:
        assert member.get(url(name)).status_code == 403
    assert state(payments) == before


@pytest.mark.parametrize("name", [*WRITES, *FORMS, "issue-detail", "issue-list"])
def test_a_stranger_finds_nothing(charlie, url, name):
    assert browser(charlie).get(url(name)).status_code in {404, 405}
    assert browser(charlie).post(url(name)).status_code in {404, 405}


@pytest.mark.parametrize("name", [*WRITES, "issue-edit", "issue-detail"])
def test_an_issue_is_reached_through_its_own_group_alone(alice, payments, charlie, name):
    other = new_issue(Group.objects.start(charlie, "Search"))
    address = reverse(f"issues:{name}", args=[payments.pk, other.pk])
    client = browser(alice)
    response = client.post(address, SENT.get(name, {})) if name in WRITES else client.get(address)
    assert response.status_code == 404


@pytest.mark.parametrize("name", [*WRITES, *FORMS])
def test_in_an_archived_group_nothing_changes_and_it_is_said_once(payments, send, url, name):
    payments.archive()
    before, version = state(payments), room_of(payments).version
    response = send(name, SENT.get(name, {}))
    assert text_of(response).count(ARCHIVED) == 1
    assert (state(payments), room_of(payments).version) == (before, version)


def test_what_was_typed_while_the_group_was_archived_is_still_there(payments, send):
    payments.archive()
    assert "A long thought" in text_of(
        send("issue-add", {"title": "Refund", "description": "A long thought"})
    )
    assert "Refund\nPay" in send("issue-paste", {"issues": "Refund\nPay"}).content.decode()


@pytest.mark.parametrize("name", [*WRITES, *FORMS])
def test_the_room_is_told_of_each_change(payments, send, name):
    before = room_of(payments).version
    send(name, SENT.get(name, {}))
    assert room_of(payments).version == before + 1


# --- Adding

FULL = {
    "title": " Pay   by card ",
    "key": "PAY-12",
    "url": "https://jira.example/browse/PAY-12",
    "description": "**Why**\r\n\r\n    code",
    "sprint": "Sprint 7",
}


def test_an_issue_is_added_at_the_end_with_all_that_it_says(payments, send):
    response = send("issue-add", FULL)
    added = payments.issues.in_order().last()
    assert (added.title, added.key, added.url) == ("Pay by card", "PAY-12", FULL["url"])
    assert (added.description, added.sprint) == ("**Why**\n\n    code", "Sprint 7")
    assert "“PAY-12 Pay by card” is added." in text_of(response)
    assert response.redirect_chain[-1][0].endswith(f"#issue-{added.pk}")


def test_an_issue_needs_nothing_but_a_title(payments, send):
    send("issue-add", {"title": "Refund"})
    assert payments.issues.filter(title="Refund", key="", url="", description="", sprint="").exists()


def test_after_one_issue_another_can_be_added(send):
    response = send("issue-add", {"title": "Refund", "then": "another"})
    assert "“Refund” is added." in text_of(response)
    assert response.context["form"]["title"].value() is None


def test_a_form_that_is_sent_twice_adds_one_issue(payments, send):
    form = {"title": "Refund", "csrfmiddlewaretoken": "t" * 64}
    for _time in range(2):
        send("issue-add", form)
    assert payments.issues.filter(title="Refund").count() == 1


EDGES = [
    ("title", 200, "A title has at most 200 characters. This one has 201; please shorten it."),
    ("key", 32, "A key has at most 32 characters. This one has 33; please shorten it."),
    ("sprint", 32, "A sprint has at most 32 characters. This one has 33; please shorten it."),
    (
        "description",
        MAX_DESCRIPTION,
        "A description has at most 20000 characters. This one has 20001; please shorten it.",
    ),
]


@pytest.mark.parametrize(("field", "limit", "said"), EDGES)
def test_a_field_takes_so_many_characters_and_no_more(payments, send, field, limit, said):
    send("issue-add", {"title": "Refund", field: "🎲" * limit})
    assert payments.issues.filter(**{field: "🎲" * limit}).count() == 1
    response = send("issue-add", {"title": "Refund", field: "🎲" * (limit + 1)})
    assert errors(response) == [said]
    assert "🎲" * (limit + 1) in text_of(response)
    assert payments.issues.count() == 3


def test_the_end_of_a_line_is_one_character(payments, send):
    send("issue-add", {"title": "Refund", "description": "\r\n" * 9_999 + "xx"})
    assert len(payments.issues.get(title="Refund").description) == 10_001


@pytest.mark.parametrize("title", ["", " ", "\u200b"])
def test_a_title_can_be_seen(payments, send, title):
    response = send("issue-add", {"title": title, "sprint": "Sprint 7"})
    assert errors(response) == ["Give the issue a title with at least one visible character."]
    assert "Sprint 7" in text_of(response)
    assert payments.issues.count() == 2


@pytest.mark.parametrize(
    "link",
    [
        "http://jira/browse/PAY-1",
        "https://jira.example:8443/a?b=c#d",
        "http://127.0.0.1:8080/",
        "https://jörg.example/ä",
    ],
)
def test_a_link_leads_to_the_web_or_into_the_house(payments, send, link):
    send("issue-add", {"title": "Refund", "url": link})
    assert payments.issues.get(title="Refund").url == link


@pytest.mark.parametrize(
    "link",
    [
        "jira",
        "jira.example/PAY-1",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/",
        "https:",
        "https://",
        "https:///PAY-1",
        "https://a.example/ b",
        "https://a.example:99999/",
        "https://[a",
        '"https://a.example"',
    ],
)
def test_another_link_is_refused_and_stays_in_its_field(payments, send, link):
    response = send("issue-add", {"title": "Refund", "url": link})
    assert errors(response) == [
        "A link begins with http:// or https://, as https://jira.example.org/browse/PAY-12 does."
    ]
    assert response.context["form"]["url"].value() == link
    assert payments.issues.count() == 2


def test_a_link_has_500_characters_at_most(payments, send):
    link = "https://jira.example/"
    send("issue-add", {"title": "Refund", "url": link.ljust(500, "x")})
    assert payments.issues.filter(title="Refund").exists()
    response = send("issue-add", {"title": "Refund", "url": link.ljust(501, "x")})
    assert errors(response) == ["A link has at most 500 characters. This one has 501; please shorten it."]


# --- Pasting


def test_a_list_becomes_issues_in_its_order(payments, send):
    response = send("issue-paste", {"issues": "- PAY-7 Refund\r\n\r\n- Invoice https://a.example/1"})
    assert list(payments.issues.in_order().values_list("key", "title", "url"))[2:] == [
        ("PAY-7", "Refund", ""),
        ("", "Invoice", "https://a.example/1"),
    ]
    assert "2 issues are added." in text_of(response)


def test_a_list_that_is_sent_twice_is_added_once(payments, send):
    for _time in range(2):
        response = send("issue-paste", {"issues": "Refund\nInvoice", "csrfmiddlewaretoken": "t" * 64})
    assert "2 issues are added." in text_of(response)
    assert payments.issues.count() == 4


def test_a_preview_shows_what_would_be_added_and_adds_nothing(payments, send):
    before = state(payments)
    response = send("issue-paste", {"issues": "PAY-7 <b>Refund</b>\nInvoice", "preview": "yes"})
    text = text_of(response)
    assert "2 issues would be added" in text
    assert "<bdi>PAY-7</bdi></span> <bdi>&lt;b&gt;Refund&lt;/b&gt;</bdi>" in text
    assert response.context["form"]["issues"].value() == "PAY-7 <b>Refund</b>\nInvoice"
    assert state(payments) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write or paste at least one line."),
        ("\n \n", "Write or paste at least one line."),
        (
            "One\n" + "x" * 201,
            "The title in line 2 has more than 200 characters. Please shorten it.",
        ),
        (
            "One\n\nhttps://a.example/",
            "Line 3 has no title. Write one, or take the line out.",
        ),
        (
            "One https://a.example/" + "x" * 500,
            "The link in line 1 has more than 500 characters. Please shorten it, or take it out.",
        ),
        (
            "One\n" * 501,
            "At most 500 issues at a time: paste what stands from line 501 on as a second list.",
        ),
    ],
)
@pytest.mark.parametrize("button", ["add", "preview"])
def test_a_list_with_a_bad_line_names_it_and_adds_nothing(payments, send, text, said, button):
    response = send("issue-paste", {"issues": text, button: "yes"})
    assert errors(response) == [said]
    assert response.context["form"]["issues"].value() == text
    assert payments.issues.count() == 2


# --- One issue


def test_its_page_tells_everything_about_an_issue(alice, payments, url, issue):
    backlog.edit(issue, Entry("Refund", "PAY-2", "https://a.example/2", "# Why\n<b>**now**</b>", "Sprint 7"))
    text = text_of(browser(alice).get(url("issue-detail")))
    for told in (
        "<bdi>Refund</bdi></h2>",
        "PAY-2",
        'href="https://a.example/2"',
        "Sprint 7",
        ">5</p>",
        "Alice",
    ):
        assert told in text
    assert '<div class="prose"><h3>Why</h3> <p>&lt;b&gt;<strong>now</strong>&lt;/b&gt;</p>' in text


def test_the_room_shows_the_description_in_markdown_too(alice, payments, issue):
    backlog.edit(issue, Entry("Refund", description="# Why\n<b>**now**</b>"))
    rounds.begin(payments, alice, issue)
    text = text_of(browser(alice).get(reverse("issues:room", args=[payments.pk])))
    assert "<h3>Why</h3> <p>&lt;b&gt;<strong>now</strong>&lt;/b&gt;</p>" in text


def test_who_does_not_facilitate_reads_it_without_buttons(bob, url):
    text = text_of(browser(bob).get(url("issue-detail")))
    assert "Pay by card" in text
    assert [name for name in [*WRITES, "issue-edit"] if url(name) in text] == []
    assert "Vote again" not in text


@pytest.mark.parametrize("number", [1, 60])
def test_the_page_of_an_issue_asks_the_same_of_the_database_for_any_number_of_them(
    alice, payments, url, number, django_assert_num_queries
):
    for each in range(number):
        new_issue(payments, f"Card {each}")
    client = browser(alice)
    with django_assert_num_queries(5):  # session, user, group with seat, the issue
        client.get(url("issue-detail"))


def test_the_form_shows_the_issue_as_it_is(alice, url, issue):
    backlog.edit(issue, Entry(**FULL | {"title": "Refund"}))
    form = browser(alice).get(url("issue-edit")).context["form"]
    assert {name: form[name].value() for name in FULL} == FULL | {"title": "Refund"}


def test_an_issue_is_edited_and_keeps_its_place_and_its_estimate(payments, send, issue):
    response = send("issue-edit", FULL)
    edited = payments.issues.get(pk=issue.pk)
    assert (edited.title, edited.sprint, edited.description) == (
        "Pay by card",
        "Sprint 7",
        "**Why**\n\n    code",
    )
    assert (edited.position, edited.estimate) == (issue.position, "5")
    assert "The issue is saved." in text_of(response)


def test_an_edit_that_is_refused_loses_nothing_that_was_typed(payments, send):
    before = state(payments)
    response = send("issue-edit", FULL | {"title": ""})
    assert errors(response) == ["Give the issue a title with at least one visible character."]
    assert FULL["url"] in text_of(response)
    assert state(payments) == before


def test_of_two_who_edit_at_once_the_second_is_told_and_decides(alice, payments, url, issue, send):
    edition = browser(alice).get(url("issue-edit")).context["form"]["edition"].value()
    backlog.edit(issue, Entry("Pay by bank"))
    mine = {"title": "Pay by phone", "description": "My own words", "edition": edition}
    response = send("issue-edit", mine)
    assert errors(response) == [
        "Somebody else has edited this issue meanwhile. Yours is still here: save again to replace theirs."
    ]
    assert "My own words" in text_of(response)
    assert payments.issues.get(pk=issue.pk).title == "Pay by bank"
    send("issue-edit", mine | {"edition": response.context["form"]["edition"].value()})
    assert payments.issues.get(pk=issue.pk).title == "Pay by phone"


def test_an_estimate_or_a_move_meanwhile_is_no_edit(alice, payments, url, issue, send):
    edition = browser(alice).get(url("issue-edit")).context["form"]["edition"].value()
    backlog.move_up(issue)
    issue.settle(decks.card("8"), alice)
    send("issue-edit", {"title": "Pay by phone", "edition": edition})
    edited = payments.issues.get(pk=issue.pk)
    assert (edited.title, edited.estimate, edited.position) == ("Pay by phone", "8", issue.position)


def test_an_issue_is_archived_and_comes_back_to_its_place(payments, send, issue):
    assert "“PAY-1 Pay by card” is archived." in text_of(send("issue-archive"))
    issue.refresh_from_db()
    assert issue.is_archived
    assert "“PAY-1 Pay by card” is back in the list." in text_of(send("issue-restore"))
    issue.refresh_from_db()
    assert not issue.is_archived
    assert payments.issues.in_order().last() == issue


def test_an_issue_that_is_being_voted_on_is_not_archived(alice, payments, send, issue):
    rounds.begin(payments, alice, issue)
    version = room_of(payments).version
    assert "This issue is being voted on. Reveal or stop the vote before you archive it." in text_of(
        send("issue-archive")
    )
    issue.refresh_from_db()
    assert not issue.is_archived
    assert room_of(payments).version == version


def test_once_its_vote_is_revealed_an_issue_can_be_archived(alice, payments, send, issue):
    seat = at_the_table(payments, "Anna")
    round_ = rounds.begin(payments, alice, issue)
    rounds.vote(seat, round_.pk, "5")
    rounds.reveal(payments, round_.pk, alice, early=True)
    send("issue-archive")
    issue.refresh_from_db()
    assert issue.is_archived


def test_an_estimate_is_cleared(send, issue):
    assert "“PAY-1 Pay by card” waits for an estimate again." in text_of(send("issue-clear-estimate"))
    issue.refresh_from_db()
    assert (issue.estimate, issue.estimate_value, issue.estimated_at, issue.estimated_by) == (
        "",
        None,
        None,
        None,
    )


def test_a_button_leads_back_to_the_tab_with_the_search_and_the_page(send, url):
    response = send("issue-archive", {"show": "estimated", "q": "card & more", "page": "2"})
    assert response.redirect_chain[0] == (f"{url('issue-list')}?show=estimated&q=card+%26+more&page=2", 302)


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30, "²"])
def test_a_page_that_is_none_leads_to_the_first(send, url, page):
    response = send("issue-archive", {"show": "all", "page": page})
    assert response.redirect_chain[0][0].startswith(f"{url('issue-list')}?show=all")
    assert response.status_code == 200
