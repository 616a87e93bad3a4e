"""One's own nickname and password."""

import pytest
from django.test import Client
from django.urls import reverse

from conftest import PASSWORD
from users.signals import nickname_changed

pytestmark = pytest.mark.django_db
NEW = "another long one"


def test_the_nickname_changes(client, alice):
    client.force_login(alice)
    client.post(reverse("users:account"), {"nickname": " Ally "})
    alice.refresh_from_db()
    assert alice.nickname == "Ally"


def test_a_refused_nickname_changes_nothing(client, alice):
    client.force_login(alice)
    response = client.post(reverse("users:account"), {"nickname": "x" * 33})
    assert response.context["form"].errors["nickname"]
    assert response.context["user"].nickname == "Alice"


def test_a_change_that_somebody_cannot_follow_changes_nothing(client, alice):
    def fail(sender, **kwargs):
        raise RuntimeError("cannot follow")

    nickname_changed.connect(fail)
    try:
        client.force_login(alice)
        with pytest.raises(RuntimeError):
            client.post(reverse("users:account"), {"nickname": "Ally"})
    finally:
        nickname_changed.disconnect(fail)
    alice.refresh_from_db()
    assert alice.nickname == "Alice"


def test_a_hostile_nickname_is_text(client, alice):
    client.force_login(alice)
    response = client.post(reverse("users:account"), {"nickname": "<b>bold</b>"}, follow=True)
    page = response.content.decode()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_a_guest_is_shown_the_way_to_an_account(client, guest):
    client.force_login(guest)
    assert reverse("users:sign-up") in client.get(reverse("users:account")).content.decode()


def test_the_password_changes_and_only_this_browser_stays_signed_in(client, alice):
    other = Client()
    for browser in (client, other):
        browser.force_login(alice)
    before = client.session.session_key
    client.post(
        reverse("users:password-change"),
        {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
    )
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert client.session.session_key != before
    assert client.get(reverse("users:account")).status_code == 200
    assert other.get(reverse("users:account")).status_code == 302


def test_the_password_changes_only_for_who_knows_it(client, alice):
    client.force_login(alice)
    response = client.post(
        reverse("users:password-change"),
        {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW},
    )
    assert response.context["form"].errors["old_password"]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_guest_has_no_password_to_change(client, guest):
    client.force_login(guest)
    assert client.get(reverse("users:password-change")).url == reverse("users:sign-up")
