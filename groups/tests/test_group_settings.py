"""What the owner can do with a group."""

import pytest
from django.urls import reverse

from groups import decks
from groups.models import Membership, Role
from groups.tests.people import browser, seated

pytestmark = pytest.mark.django_db

WRITES = ["group-rename", "group-deck", "group-archive", "group-restore", "group-hand-over", "invite-renew"]


@pytest.fixture
def url(payments):
    return lambda name: reverse(f"groups:{name}", args=[payments.pk])


@pytest.fixture
def state(payments):
    """What stands in the database about the group, apart from its history."""

    def read():
        payments.refresh_from_db()
        return (
            payments.name,
            payments.user_id,
            payments.archived_at,
            payments.invite_generation,
            payments.deck,
        )

    return read


@pytest.mark.parametrize("name", ["group-settings", *WRITES])
@pytest.mark.parametrize("role", [Role.OBSERVER, Role.VOTER, Role.FACILITATOR])
def test_a_member_who_is_not_the_owner_may_not(payments, url, state, name, role):
    member = seated(payments, "Mia", role)
    before = state()
    client = browser(member.user)
    form = {"name": "Mine", "member": str(member.pk), "deck": "hours"}
    response = client.post(url(name), form) if name in WRITES else client.get(url(name))
    assert response.status_code == 403
    assert state() == before


@pytest.mark.parametrize("name", ["group-settings", *WRITES])
def test_a_stranger_finds_nothing(charlie, url, state, name):
    before = state()
    assert browser(charlie).post(url(name), {"name": "Mine"}).status_code == 404
    assert state() == before


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_by_opening_an_address(alice, url, state, name):
    before = state()
    response = browser(alice).get(url(name))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "Press the button once more" in response.content.decode()
    assert state() == before


def test_the_owner_renames(alice, payments, url):
    browser(alice).post(url("group-rename"), {"name": "  Money "})
    payments.refresh_from_db()
    assert payments.name == "Money"
    assert payments.history.first().history_user == alice


def test_a_refused_name_stands_in_the_form_with_the_reason(alice, payments, url):
    response = browser(alice).post(url("group-rename"), {"name": "x" * 33})
    assert response.context["form"].errors["name"] == [
        "The name of a group has at most 32 characters. This one has 33."
    ]
    text = response.content.decode()
    assert "x" * 33 in text
    assert f'name="next" value="{url("group-settings")}"' in " ".join(text.split())
    payments.refresh_from_db()
    assert payments.name == "Payments"


def test_a_nameless_group_gets_a_name(alice, payments, url):
    payments.rename(None)
    assert browser(alice).get(url("group-settings")).context["form"]["name"].value() is None
    browser(alice).post(url("group-rename"), {"name": "Money"})
    payments.refresh_from_db()
    assert payments.name == "Money"


def test_the_owner_archives_and_brings_back(alice, payments, url):
    owner = browser(alice)
    response = owner.post(url("group-archive"), follow=True)
    assert "Bring it back" in response.content.decode()
    owner.post(url("group-restore"))
    payments.refresh_from_db()
    assert not payments.is_archived


def test_the_owner_hands_over_and_stays_as_a_member(alice, bob, payments, bobs_seat, url):
    response = browser(alice).post(url("group-hand-over"), {"member": bobs_seat.pk}, follow=True)
    payments.refresh_from_db()
    assert payments.user == bob
    assert response.status_code == 200
    assert browser(alice).get(url("group-settings")).status_code == 403
    assert browser(bob).get(url("group-settings")).status_code == 200


@pytest.mark.parametrize("member", ["", "nonsense", "0", str(10**30)])
def test_a_group_goes_to_nobody_who_is_not_a_member(alice, payments, url, member):
    assert browser(alice).post(url("group-hand-over"), {"member": member}).status_code == 404
    payments.refresh_from_db()
    assert payments.user == alice


def test_a_group_does_not_go_to_a_member_of_another_one(alice, charlie, payments, url):
    from groups.models import Group

    seat = Membership.objects.get(group=Group.objects.start(charlie, "Search"))
    assert browser(alice).post(url("group-hand-over"), {"member": seat.pk}).status_code == 404


def test_a_group_does_not_go_to_who_may_not_sign_in(alice, bob, payments, bobs_seat, url):
    bob.is_active = False
    bob.save()
    assert browser(alice).post(url("group-hand-over"), {"member": bobs_seat.pk}).status_code == 404
    assert "Hand over to Bob" not in browser(alice).get(url("group-settings")).content.decode()


def test_the_owner_renews_the_link(alice, payments, url):
    before = payments.invite_token
    response = browser(alice).post(url("invite-renew"), follow=True)
    payments.refresh_from_db()
    assert payments.invite_token != before
    assert payments.invite_token in response.content.decode()
    assert before not in response.content.decode()


# --- Deck


@pytest.mark.parametrize(
    ("form", "cards"),
    [
        ({"deck": "t-shirt"}, "XS S M L XL XXL ? ☕"),
        ({"deck": "own", "cards": " S=1, M=3,  ☕ L "}, "S=1 M=3 L ☕"),
        ({"deck": "hours", "cards": "what is no deck"}, decks.PRESETS["hours"]),
    ],
)
def test_the_owner_chooses_the_deck(alice, payments, url, form, cards):
    browser(alice).post(url("group-deck"), form)
    payments.refresh_from_db()
    assert payments.deck == cards


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Choose one of the decks."),
        ({"deck": "tarot"}, "Choose one of the decks."),
        ({"deck": "own"}, "A deck needs at least two cards besides ? and ☕."),
        ({"deck": "own", "cards": "1 2 1"}, "The card “1” is in the deck twice."),
        ({"deck": "own", "cards": "1 " * 351}, "Ensure this value has at most 700 characters (it has 701)."),
    ],
)
def test_what_is_no_deck_is_told_and_changes_nothing(alice, url, state, form, said):
    before = state()
    response = browser(alice).post(url("group-deck"), form)
    assert said in [text for texts in response.context["deck_form"].errors.values() for text in texts]
    assert state() == before


@pytest.mark.parametrize(("deck", "shown"), [("1 2 3", "own"), (decks.PRESETS["powers"], "powers")])
def test_the_present_deck_is_the_one_that_is_marked(alice, payments, url, deck, shown):
    payments.choose_deck(decks.parse(deck))
    form = browser(alice).get(url("group-settings")).context["deck_form"]
    assert form.initial["deck"] == shown
