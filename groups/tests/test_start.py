"""The front door: from the start page to a group of one's own."""

import pytest
from django.test import Client
from django.urls import reverse

from groups.models import Group, Membership, Role
from users.models import User

pytestmark = pytest.mark.django_db
URL = "/"
FORM = {"nickname": "Anna", "name": "Payments"}


def test_a_visitor_is_two_steps_from_a_group_of_their_own(client):
    assert client.get(URL).status_code == 200
    response = client.post(URL, FORM, follow=True)
    group = Group.objects.get()
    assert response.redirect_chain == [(group.get_absolute_url(), 302)]
    assert response.status_code == 200
    assert group.user.nickname == "Anna"
    assert Membership.objects.get().role == Role.FACILITATOR


def test_a_form_that_is_sent_twice_starts_one_group(client):
    sent = FORM | {"csrfmiddlewaretoken": "t" * 64}
    first, second = Client().post(URL, sent), Client().post(URL, sent)
    assert first["Location"] == second["Location"]
    assert Group.objects.count() == 1
    assert User.objects.count() == 1


def test_the_history_says_who_started_it(client):
    client.post(URL, FORM)
    group = Group.objects.get()
    assert group.history.get().history_user == group.user


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 33}, {"nickname": ""}, {"nickname": "x" * 33}]
)
def test_half_a_form_makes_nobody_and_nothing(client, wrong):
    response = client.post(URL, FORM | wrong)
    assert list(response.context["form"].errors) == list(wrong)
    assert not User.objects.exists()
    assert not Group.objects.exists()


def test_what_is_wrong_is_tied_to_its_field(client):
    page = client.post(URL, FORM | {"name": "x" * 33}).content.decode()
    assert "<title>Error:" in page
    assert 'href="#id_name"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-describedby="id_name_helptext id_name_error"' in page


def test_who_is_somebody_already_is_sent_to_their_groups(client, guest):
    client.force_login(guest)
    assert client.get(URL).url == reverse("groups:group-list")


def test_the_page_of_visitors_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(URL)
