"""Be a guest: only a nickname, kept by the session."""

import pytest
from django.urls import reverse

from users.models import User

pytestmark = pytest.mark.django_db
URL = "/me/guest/"


def test_a_nickname_is_enough_to_come_in(client):
    response = client.post(URL, {"nickname": "Anna"}, follow=True)
    assert response.redirect_chain[-1][0] == reverse("groups:group-list")
    guest = response.context["user"]
    assert guest.nickname == "Anna"
    assert guest.is_guest
    assert not guest.has_usable_password()


def test_a_guest_goes_on_to_where_they_wanted(client):
    response = client.post(URL, {"nickname": "Anna", "next": "/groups/new/"})
    assert response.url == "/groups/new/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client, elsewhere):
    response = client.post(URL, {"nickname": "Anna", "next": elsewhere})
    assert response.url == reverse("groups:group-list")


def test_who_is_somebody_already_stays_the_same(client, guest):
    client.force_login(guest)
    client.post(URL, {"nickname": "Someone else"})
    assert list(User.objects.all()) == [guest]


@pytest.mark.parametrize("nickname", ["", "   ", "\u200b\u200d", "default", "DEFAULT "])
def test_a_nickname_that_cannot_be_is_refused_and_nobody_is_made(client, nickname):
    response = client.post(URL, {"nickname": nickname})
    assert len(response.context["form"].errors["nickname"]) == 1
    assert not User.objects.exists()


def test_32_characters_fit(client):
    client.post(URL, {"nickname": "👩" * 32})
    assert User.objects.get().nickname == "👩" * 32


def test_spaces_around_the_32_characters_do_not_count(client):
    client.post(URL, {"nickname": "  " + "x" * 32 + " \u200b "})
    assert User.objects.get().nickname == "x" * 32


def test_33_characters_are_refused_in_one_sentence(client):
    response = client.post(URL, {"nickname": "x" * 33})
    assert response.context["form"].errors["nickname"] == [
        "A nickname has at most 32 characters. This one has 33."
    ]
    assert not User.objects.exists()


def test_the_session_of_a_visitor_gets_another_key(client):
    session = client.session
    session["a"] = 1
    session.save()
    client.post(URL, {"nickname": "Anna"})
    assert client.session.session_key != session.session_key


@pytest.mark.parametrize("wanted", ["nonsense", "<img src=x onerror=p()>", "users:account", "groups", "?a=b"])
def test_whoever_wants_to_go_where_nothing_can_be_comes_to_their_groups(client, wanted):
    answer = client.post("/me/guest/", {"nickname": "Nina", "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, "/groups/")
