"""Every page of the admin but evolution's, which has its own tests: opens for those who may, and for nobody else."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from conftest import PASSWORD
from groups.models import Group, Membership
from issues import rounds
from issues.models import Delivery, Issue, Transition, Vote, Webhook
from issues.tests.room import new_issue
from issues.webhooks import events
from users import api_tokens
from users.models import Identity, User
from users.tests.staff import staff_with

pytestmark = pytest.mark.django_db

# Pages that Django has for every model.
OBJECT_PAGES = ("change", "delete", "history")
# Groups and issues are archived, never deleted; what the estimation itself writes is only looked at.
LOOKED_AT = ("issues_round", "issues_transition", "issues_vote")
REFUSED = {
    "groups_group_delete",
    "issues_issue_delete",
    *(f"{model}_{page}" for model in LOOKED_AT for page in ("add", "delete")),
    "users_apitoken_add",
    "users_identity_add",
    "issues_webhook_add",
    "issues_delivery_add",
    "issues_delivery_delete",
}


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    """The browser of a superuser."""
    client.force_login(staff)
    return client


@pytest.fixture
def everything(payments: Group, bobs_seat: Membership, alice: User) -> dict[str, int]:
    """One object of each model in the admin: label to primary key."""
    round_ = rounds.begin(payments, alice, new_issue(payments))
    rounds.vote(bobs_seat, round_.pk, "8")
    api_tokens.make(alice)
    webhook = Webhook.objects.create(group=payments, url="https://hooks.example/")
    events.ping(webhook)
    identity = Identity.objects.create(
        user=alice, issuer="https://id.example", subject="alice", digest="a digest"
    )
    return {
        "issues_issue": Issue.objects.get().pk,
        "issues_round": round_.pk,
        "issues_transition": Transition.objects.get().pk,
        "issues_vote": Vote.objects.get().pk,
        "issues_webhook": webhook.pk,
        "issues_delivery": Delivery.objects.get().pk,
        "users_user": alice.pk,
        "users_apitoken": alice.pk,
        "users_identity": identity.pk,
        "groups_group": payments.pk,
        "groups_membership": bobs_seat.pk,
        "auth_group": PermissionGroup.objects.create(name="Clerks").pk,
    }


def pages(everything: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Name and address of every page."""
    yield "index", reverse("admin:index")
    yield "password_change", reverse("admin:password_change")
    yield (
        "auth_user_password_change",
        reverse("admin:auth_user_password_change", args=[everything["users_user"]]),
    )
    for page in ("import", "export"):
        yield f"issues_issue_{page}", reverse(f"admin:issues_issue_{page}")
    for app in ("users", "groups", "issues", "auth"):
        yield f"app {app}", reverse("admin:app_list", args=[app])
    for model, number in everything.items():
        for page in ("changelist", "add"):
            yield f"{model}_{page}", reverse(f"admin:{model}_{page}")
        for page in OBJECT_PAGES:
            yield f"{model}_{page}", reverse(f"admin:{model}_{page}", args=[number])


def names_in_the_admin() -> set[str]:
    return {
        str(pattern.name)
        for include in get_resolver().url_patterns
        if isinstance(include, URLResolver) and include.namespace == "admin"
        for pattern in flat(include.url_patterns)
        if pattern.name and not pattern.name.startswith("evolution_")
    }


def flat(patterns) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from flat(pattern.url_patterns)


def test_no_page_of_the_admin_is_missing_here(everything):
    here = {name for name, _address in pages(everything)}
    elsewhere = {"login", "logout", "password_change_done", "jsi18n", "autocomplete", "view_on_site"}
    elsewhere |= {"issues_issue_process_import"}  # by POST only
    assert names_in_the_admin() - {"app_list"} == {name for name in here if " " not in name} | elsewhere
    models = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
    assert {model for model in models if not model.startswith("evolution_")} == set(everything)


def test_every_page_opens_for_a_superuser_without_anything_inline(desk, everything):
    for name, address in pages(everything):
        response = desk.get(address)
        assert response.status_code == (403 if name in REFUSED else 200), name
        page = response.content.decode()
        assert " style=" not in page, name
        assert "<style" not in page, name
        assert "onclick" not in page, name
        assert "<script>" not in page, name


def test_every_page_opens_in_german(desk, everything):
    for name, address in pages(everything):
        response = desk.get(address, headers={"accept-language": "de"})
        assert response.status_code == (403 if name in REFUSED else 200), name


@pytest.mark.parametrize("who", ["nobody", "guest", "account"])
def test_no_page_opens_for_anybody_else(client, everything, guest, bob, who):
    if who != "nobody":
        client.force_login(guest if who == "guest" else bob)
    for name, address in pages(everything):
        response = client.get(address)
        assert response.status_code == 302, name
        assert response.url.startswith((reverse("admin:login"), reverse("users:sign-in"))), name


def test_an_account_that_may_not_enter_is_told_by_nickname(client, bob):
    client.force_login(bob)
    answer = client.get(reverse("admin:login"))
    assert answer.status_code == 403
    assert "You are Bob here, who may not enter the administration." in answer.content.decode()


def test_a_visitor_is_led_to_the_page_to_sign_in_and_from_there_to_what_they_wanted(client, staff):
    wanted = reverse("admin:users_user_changelist")
    answer = client.get(wanted, follow=True)
    form = {"username": staff.email, "password": PASSWORD, "next": answer.context["next"]}
    assert client.post(answer.request["PATH_INFO"], form).url == wanted


def test_staff_that_was_deactivated_is_out(client, staff):
    client.force_login(staff)
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize("model", ["users_user", "groups_group", "groups_membership"])
def test_those_who_may_look_at_one_model_see_that_one_and_no_other(client, everything, model):
    app, name = model.split("_")
    client.force_login(staff_with(f"{app}.view_{name}"))
    may = {
        "index",
        "password_change",
        f"app {app}",
        f"{model}_changelist",
        f"{model}_change",
        f"{model}_history",
    }
    for page, address in pages(everything):
        status = client.get(address).status_code
        expected = 404 if page.startswith("app ") else 403
        assert status == (200 if page in may else expected), page


def test_the_site_says_whose_it_is(desk):
    assert "Estimation administration" in desk.get(reverse("admin:index")).content.decode()


def test_groups_of_permissions_are_not_called_like_teams(desk):
    apps = desk.get(reverse("admin:index")).context["app_list"]
    assert [(app["name"], [model["name"] for model in app["models"]]) for app in apps] == [
        ("Groups", ["Groups", "Members"]),
        ("Issues", ["Deliveries", "Issues", "Rounds", "Transitions", "Votes", "Webhooks"]),
        ("Users", ["API tokens", "Identities", "Users"]),
        ("Permissions", ["Permission groups"]),
        ("Database evolution", ["Archive entries", "Journal lines", "Migration runs"]),
    ]


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 302)])
def test_staff_who_did_nothing_for_half_an_hour_sign_in_again(client, staff, minutes, status):
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200
    session = client.session
    session["admin_seen"] -= minutes * 60
    session.save()
    answer = client.get("/admin/users/user/")
    assert answer.status_code == status
    if status == 302:
        assert answer.url == "/me/sign-in/?next=/admin/users/user/"
        assert "_auth_user_id" not in client.session
