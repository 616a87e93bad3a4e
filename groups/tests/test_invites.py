"""Invite links: opened by visitors, guests, members; renewed, made up, archived."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from groups import invitations
from groups.access import InviteWithdrawn, invitation
from groups.models import Group, Membership, Role
from groups.tests.people import browser
from users.models import User
from users.tests.races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(payments):
    return reverse("groups:invite-join", args=[payments.invite_token])


@pytest.fixture
def group_url(payments):
    return payments.get_absolute_url()


def test_a_visitor_sees_where_the_link_leads(link):
    response = browser().get(link)
    assert "<bdi>Payments</bdi></h1>" in response.content.decode()
    assert not User.objects.filter(email=None).exists()


@pytest.mark.parametrize("role", [Role.VOTER, Role.OBSERVER])
def test_a_visitor_joins_as_a_guest(link, group_url, role):
    visitor = browser()
    response = visitor.post(link, {"nickname": "Gina", "role": role})
    assert response["Location"] == group_url
    assert visitor.get(group_url).status_code == 200
    seat = Membership.objects.get(nickname="Gina")
    assert seat.role == role
    assert seat.user.is_guest


def test_the_history_says_that_the_guest_joined(link):
    browser().post(link, {"nickname": "Gina", "role": Role.VOTER})
    seat = Membership.objects.get(nickname="Gina")
    assert seat.history.get().history_user == seat.user


def test_who_is_somebody_finds_their_nickname_in_the_field(link, charlie):
    assert browser(charlie).get(link).context["form"]["nickname"].value() == "Charlie"


def test_who_has_an_account_joins_with_it(link, payments, charlie):
    browser(charlie).post(link, {"nickname": "Charly", "role": Role.VOTER})
    assert Membership.objects.get(group=payments, user=charlie).nickname == "Charly"
    charlie.refresh_from_db()
    assert charlie.nickname == "Charlie"


def test_a_member_goes_straight_to_the_group(link, group_url, bob):
    assert browser(bob).get(link)["Location"] == group_url


def test_a_member_is_not_changed_by_joining_again(link, group_url, bob, bobs_seat):
    assert browser(bob).post(link, {"nickname": "Other", "role": Role.OBSERVER})["Location"] == group_url
    bobs_seat.refresh_from_db()
    assert (bobs_seat.nickname, bobs_seat.role) == ("Bob", Role.VOTER)


def test_joining_twice_makes_one_guest_who_is_in_both_times(link, group_url, payments):
    sent = {"nickname": "Gina", "role": Role.VOTER, "csrfmiddlewaretoken": "t" * 64}
    first, second = Client(), Client()
    assert first.post(link, sent)["Location"] == second.post(link, sent)["Location"] == group_url
    assert second.get(group_url).status_code == 200
    assert payments.memberships.count() == 3


def test_a_taken_nickname_is_told_a_free_one_offered_and_nobody_made(link):
    before = User.objects.count()
    visitor = browser()
    response = visitor.post(link, {"nickname": "BOB", "role": Role.OBSERVER})
    form = response.context["form"]
    assert form.errors["nickname"] == ["Somebody here is called “BOB” already. “BOB 2” is free."]
    assert form["nickname"].value() == "BOB 2"
    assert form["role"].value() == Role.OBSERVER
    assert "Join as “BOB 2”" in response.content.decode()
    assert User.objects.count() == before
    assert "_auth_user_id" not in visitor.session
    assert not response.context["user"].is_authenticated


def test_the_offered_nickname_joins(link, payments):
    visitor = browser()
    visitor.post(link, {"nickname": "BOB", "role": Role.OBSERVER})
    visitor.post(link, {"nickname": "BOB 2", "role": Role.OBSERVER})
    assert payments.memberships.filter(nickname="BOB 2", role=Role.OBSERVER).exists()


def test_a_refused_form_can_be_sent_again_unchanged_once_the_name_is_free(link, payments, bobs_seat):
    sent = {"nickname": "Bob", "role": Role.VOTER, "csrfmiddlewaretoken": "t" * 64}
    visitor = browser()
    visitor.post(link, sent)
    payments.remove(bobs_seat)
    visitor.post(link, sent)
    assert payments.memberships.filter(nickname="Bob", user__email=None).exists()


@pytest.mark.parametrize(
    "wrong", [{"nickname": ""}, {"nickname": "x" * 33}, {"role": ""}, {"role": "facilitator"}]
)
def test_a_form_that_is_wrong_makes_nobody(link, wrong):
    before = User.objects.count()
    response = browser().post(link, {"nickname": "Gina", "role": Role.VOTER} | wrong)
    assert list(response.context["form"].errors) == list(wrong)
    assert User.objects.count() == before


def test_32_characters_join(link, payments):
    browser().post(link, {"nickname": "x" * 32, "role": Role.VOTER})
    assert payments.memberships.filter(nickname="x" * 32).exists()


@pytest.mark.parametrize("token", ["nonsense", "1.0.AAAA", "é", "x" * 300])
def test_a_made_up_link_leads_nowhere(payments, token):
    response = browser().get(reverse("groups:invite-join", args=[token]))
    assert response.status_code == 404
    assert "This link leads nowhere" in response.content.decode()


def test_the_link_of_a_group_that_is_gone_leads_nowhere(alice):
    token = invitations.token(10**9, 0)
    assert browser().get(reverse("groups:invite-join", args=[token])).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_renewed_link_no_longer_works_and_tells_no_name(link, payments, method):
    payments.renew_invite()
    before = User.objects.count()
    response = getattr(browser(), method)(link, {"nickname": "Gina", "role": Role.VOTER})
    assert response.status_code == 404
    assert "The group has a new invite link" in response.content.decode()
    assert "Payments" not in response.content.decode()
    assert User.objects.count() == before


def test_a_member_gets_in_even_by_a_link_that_was_renewed(link, group_url, payments, bob):
    payments.renew_invite()
    assert browser(bob).get(link)["Location"] == group_url


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_archived_group_takes_nobody_in_and_says_so(link, payments, method):
    payments.archive()
    before = User.objects.count()
    response = getattr(browser(), method)(link, {"nickname": "Gina", "role": Role.VOTER})
    assert "“Payments” takes nobody in at present" in response.content.decode()
    assert User.objects.count() == before


def test_the_link_works_again_when_the_group_is_back(link, payments, group_url):
    payments.archive()
    payments.restore()
    assert browser().post(link, {"nickname": "Gina", "role": Role.VOTER})["Location"] == group_url


def test_a_hostile_nickname_is_text_when_it_is_taken(link, bobs_seat):
    bobs_seat.rename("<b>bold</b>")
    text = browser().post(link, {"nickname": "<b>bold</b>", "role": Role.VOTER}).content.decode()
    assert "<b>bold" not in text


@pytest.mark.parametrize(
    "pasted", ["http://testserver{}", " https://127.0.0.1:8000{}?a=b ", "<{}>", "Join: {}."]
)
def test_a_pasted_link_is_opened(link, pasted):
    assert browser().post(reverse("groups:invite-open"), {"link": pasted.format(link)})["Location"] == link


def test_the_last_part_of_a_link_is_enough(link, payments):
    assert browser().post(reverse("groups:invite-open"), {"link": payments.invite_token})["Location"] == link


@pytest.mark.parametrize("pasted", ["", "  ", "http://testserver/groups/1/", "not a link", "/join/1.0.cut/"])
def test_what_is_no_link_is_told(pasted):
    response = browser().post(reverse("groups:invite-open"), {"link": pasted})
    assert len(response.context["form"].errors["link"]) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("nicknames", [("Gina", "gina"), ("Gina", "Hugo")])
def test_of_two_who_choose_one_nickname_at_the_same_moment_exactly_one_gets_it(nicknames):
    owner = User.objects.create_user("owner@example.org", "Owner", "correct horse battery")
    group = Group.objects.start(owner, "Payments")
    link = reverse("groups:invite-join", args=[group.invite_token])

    def join(nickname):
        return browser().post(link, {"nickname": nickname, "role": Role.VOTER}).status_code

    answers = at_once([partial(join, nickname) for nickname in nicknames])
    free = len({nickname.lower() for nickname in nicknames})
    assert sorted(answers) == [200] * (2 - free) + [302] * free
    assert group.memberships.count() == 1 + free
    assert User.objects.count() == 1 + free


@pytest.mark.parametrize("withdraw", [Group.renew_invite, Group.archive])
def test_nobody_gets_in_by_a_link_that_was_withdrawn_since_it_was_opened(payments, charlie, withdraw):
    opened = invitation(payments.invite_token)
    assert opened is not None
    withdraw(payments)
    with pytest.raises(InviteWithdrawn):
        opened.accept(charlie, "Charlie", Role.VOTER)
    assert not payments.memberships.filter(user=charlie).exists()
