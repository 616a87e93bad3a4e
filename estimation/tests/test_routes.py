"""Every route, tried by everyone, by GET and by POST. A route that nobody listed here fails."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from groups.models import Group, Membership
from issues.models import Delivery, Issue, Round
from users.models import User

ROLES = ("anonymous", "stranger", "observer", "voter", "facilitator", "owner", "staff")


def everyone(status: int, *, anonymous: int | None = None) -> dict[str, int]:
    """The same answer for all, but for visitors where another one is given."""
    return dict.fromkeys(ROLES, status) | ({} if anonymous is None else {"anonymous": anonymous})


def signed_in(status: int) -> dict[str, int]:
    """Visitors are sent to sign in."""
    return everyone(status, anonymous=302)


def members(status: int, **others: int) -> dict[str, int]:
    """The gate: visitors sign in; strangers, staff among them, find nothing; roles named in `others` differ."""
    return signed_in(status) | {"stranger": 404, "staff": 404} | others


def owner(status: int) -> dict[str, int]:
    return members(403, owner=status)


def facilitators(status: int) -> dict[str, int]:
    return members(403, facilitator=status, owner=status)


ONLY_BY_POST = signed_in(405)
ONLY_BY_GET_SIGNED_IN = signed_in(405)
ONLY_BY_GET = everyone(405)
ONLY_WITH_A_TOKEN = everyone(401)
# A guest may still sign up or in, an account has done so. Observer and facilitator of the cast are guests.
FOR_GUESTS = everyone(302, anonymous=200) | {"observer": 200, "facilitator": 200}
FOR_ACCOUNTS = signed_in(200) | {"observer": 302, "facilitator": 302}


# By signing in for the test, and the note of who is at the table.
WRITTEN_BY_LOOKING = (
    "django_session",
    "estimation_user",
    "estimation_user_session",
    "issues_presence",
    "issues_room",
)


@dataclass(frozen=True)
class Route:
    """What a route answers, by method and role, to `data` that it accepts; 302 is "done" or "sign in first"."""

    get: dict[str, int]
    post: dict[str, int]
    data: dict[str, Any] = field(default_factory=dict)


ROUTES = {
    "start": Route(everyone(302, anonymous=200), everyone(302), {"nickname": "Nina", "name": "Search"}),
    "groups:group-list": Route(signed_in(200), signed_in(200)),
    "groups:group-new": Route(signed_in(200), signed_in(302), {"name": "Search"}),
    "groups:group-detail": Route(members(200), members(200)),
    "groups:group-settings": Route(owner(200), owner(200)),
    "groups:group-rename": Route(ONLY_BY_POST, owner(302), {"name": "Search"}),
    "groups:group-deck": Route(ONLY_BY_POST, owner(302), {"deck": "hours"}),
    "groups:group-archive": Route(ONLY_BY_POST, owner(302)),
    "groups:group-restore": Route(ONLY_BY_POST, owner(302)),
    "groups:group-hand-over": Route(ONLY_BY_POST, owner(302), {"member": "<seat>"}),
    "groups:invite-renew": Route(ONLY_BY_POST, owner(302)),
    "groups:member-role": Route(ONLY_BY_POST, owner(302), {"role": "observer"}),
    "groups:member-remove": Route(ONLY_BY_POST, owner(302)),
    "groups:membership-leave": Route(ONLY_BY_POST, members(302)),
    "groups:membership-rename": Route(ONLY_BY_POST, members(302), {"nickname": "Nina"}),
    "groups:membership-role": Route(ONLY_BY_POST, members(302), {"role": "observer"}),
    "groups:invite-open": Route(everyone(200), everyone(302), {"link": "<invite link>"}),
    "groups:invite-join": Route(
        everyone(302) | {"anonymous": 200, "stranger": 200, "staff": 200},
        everyone(302),
        {"nickname": "Nina", "role": "voter"},
    ),
    "issues:room": Route(members(200), members(200)),
    "issues:room-state": Route(members(200), ONLY_BY_GET_SIGNED_IN),
    "issues:own-vote": Route(members(200), ONLY_BY_GET_SIGNED_IN),
    # The feed takes this address before the pages; where there is none, pages poll.
    "issues:room-feed": Route(members(404), ONLY_BY_GET_SIGNED_IN),
    "issues:room-reveal": Route(ONLY_BY_POST, facilitators(303), {"by_itself": "yes"}),
    # Facilitators are here, so nobody can take over.
    "issues:take-over": Route(ONLY_BY_POST, members(409, observer=403)),
    # A round is open.
    "issues:round-begin": Route(ONLY_BY_POST, facilitators(409)),
    "issues:round-vote": Route(ONLY_BY_POST, members(303, observer=403), {"card": "5"}),
    "issues:round-take-back": Route(ONLY_BY_POST, members(303, observer=403)),
    "issues:round-reveal": Route(ONLY_BY_POST, facilitators(303), {"early": "yes"}),
    "issues:round-settle": Route(ONLY_BY_POST, facilitators(409), {"card": "5"}),
    "issues:round-cancel": Route(ONLY_BY_POST, facilitators(303)),
    "issues:round-nudge": Route(ONLY_BY_POST, facilitators(303)),
    "issues:round-timer": Route(ONLY_BY_POST, facilitators(303), {"minutes": "5"}),
    # The open round, which nobody has to talk about yet.
    "issues:round-discuss": Route(ONLY_BY_POST, facilitators(409)),
    "issues:async": Route(members(200), signed_in(405)),
    "issues:async-begin": Route(
        members(403, facilitator=200, owner=200),
        members(403, facilitator=302, owner=302),
        {"issues": "<issue>", "time": "24"},
    ),
    "issues:async-deadline": Route(ONLY_BY_POST, facilitators(303), {"time": "24"}),
    # It is asked first.
    "issues:async-end": Route(ONLY_BY_POST, facilitators(200)),
    "issues:async-settle-agreed": Route(ONLY_BY_POST, facilitators(303)),
    "issues:webhook-list": Route(owner(200), owner(200)),
    "issues:webhook-detail": Route(owner(200), signed_in(405)),
    "issues:webhook-test": Route(ONLY_BY_POST, owner(302)),
    "issues:webhook-switch": Route(ONLY_BY_POST, owner(302)),
    "issues:webhook-renew": Route(ONLY_BY_POST, owner(302)),
    "issues:webhook-remove": Route(ONLY_BY_POST, owner(302)),
    "issues:delivery-again": Route(ONLY_BY_POST, owner(302)),
    "issues:statistics": Route(members(200), members(200)),
    "issues:issue-list": Route(members(200), signed_in(405)),
    "issues:issue-add": Route(facilitators(200), facilitators(302), {"title": "Refund"}),
    "issues:issue-paste": Route(facilitators(200), facilitators(302), {"issues": "Refund"}),
    "issues:issue-detail": Route(members(200), signed_in(405)),
    "issues:issue-edit": Route(facilitators(200), facilitators(302), {"title": "Refund"}),
    "issues:issue-archive": Route(ONLY_BY_POST, facilitators(302)),
    "issues:issue-restore": Route(ONLY_BY_POST, facilitators(302)),
    "issues:issue-clear-estimate": Route(ONLY_BY_POST, facilitators(302)),
    "issues:issue-move": Route(ONLY_BY_POST, facilitators(302), {"direction": "up"}),
    "issues:issue-export": Route(members(200), signed_in(405)),
    # Without a file the page comes again, and says so.
    "issues:issue-import": Route(
        members(403, facilitator=200, owner=200), members(403, facilitator=200, owner=200)
    ),
    "api": Route(everyone(200), ONLY_BY_GET),
    "api-1:openapi-json": Route(everyone(200), everyone(200)),
    # The pages' sessions are no tokens; what tokens are answered is tried in issues/tests/test_api.py.
    "api-1:api-root": Route(everyone(404), everyone(404)),
    "api-1:nowhere": Route(everyone(404), everyone(404)),
    "api-1:group_list": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "api-1:group_detail": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "api-1:issue_list": Route(ONLY_WITH_A_TOKEN, ONLY_WITH_A_TOKEN),
    "api-1:issue_add": Route(ONLY_WITH_A_TOKEN, ONLY_WITH_A_TOKEN),
    "api-1:issue_detail": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "api-1:issue_edit": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "api-1:issue_archive": Route(ONLY_BY_GET, ONLY_WITH_A_TOKEN),
    "api-1:issue_restore": Route(ONLY_BY_GET, ONLY_WITH_A_TOKEN),
    "api-1:round_list": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "api-1:round_detail": Route(ONLY_WITH_A_TOKEN, ONLY_BY_GET),
    "users:account": Route(signed_in(200), signed_in(302), {"nickname": "Nina"}),
    "users:guest-enter": Route(everyone(302, anonymous=200), everyone(302), {"nickname": "Nina"}),
    "users:sign-up": Route(
        FOR_GUESTS,
        everyone(302),
        {"nickname": "Nina", "email": "nina@example.org", "password": "correct horse battery"},
    ),
    "users:sign-up-sent": Route(everyone(200), ONLY_BY_GET),
    # With a link that is not ours.
    "users:sign-up-confirm": Route(everyone(404), everyone(404)),
    "users:sign-in": Route(
        FOR_GUESTS, everyone(302), {"username": "charlie@example.org", "password": "correct horse battery"}
    ),
    "users:data": Route(signed_in(200), ONLY_BY_GET_SIGNED_IN),
    "users:data-export": Route(signed_in(200), ONLY_BY_GET_SIGNED_IN),
    # The form asks whether they are sure.
    "users:data-delete": Route(ONLY_BY_POST, signed_in(200)),
    # The form asks for the password.
    "users:session-list": Route(FOR_ACCOUNTS, FOR_ACCOUNTS),
    "users:sign-out-elsewhere": Route(ONLY_BY_POST, FOR_ACCOUNTS),
    # Nobody here has a second factor.
    "users:second-factor": Route(everyone(302), everyone(302)),
    "users:two-factor": Route(FOR_ACCOUNTS, FOR_ACCOUNTS),
    "users:two-factor-codes": Route(ONLY_BY_POST, signed_in(302)),
    "users:two-factor-off": Route(ONLY_BY_POST, signed_in(302)),
    # Without OIDC_ISSUER there are none; who is answered with it is tried in users/tests/openid.
    "users:openid-begin": Route(everyone(404), everyone(404)),
    "users:openid-callback": Route(everyone(404), everyone(404)),
    "users:openid-link": Route(everyone(404), everyone(404)),
    "users:openid-unlink": Route(everyone(404), everyone(404)),
    "users:sign-out": Route(signed_in(200), everyone(302)),
    "users:api-token-make": Route(ONLY_BY_POST, signed_in(200) | {"observer": 302, "facilitator": 302}),
    "users:api-token-remove": Route(ONLY_BY_POST, signed_in(302)),
    "users:password-change": Route(FOR_ACCOUNTS, FOR_ACCOUNTS),
    "users:password-reset": Route(everyone(200), everyone(302), {"email": "nobody@example.org"}),
    "users:password-reset-done": Route(everyone(200), ONLY_BY_GET),
    "users:password-reset-confirm": Route(everyone(200), everyone(200)),
    "users:password-reset-complete": Route(everyone(200), ONLY_BY_GET),
    "language-set": Route(everyone(302), everyone(302), {"language": "de"}),
    "healthz": Route(everyone(200), ONLY_BY_GET),
    "readyz": Route(everyone(200), ONLY_BY_GET),
    # Without METRICS_TOKEN there is none; who is answered with it is tried in test_metrics.py.
    "metrics": Route(everyone(404), ONLY_BY_GET),
    "robots": Route(everyone(200), ONLY_BY_GET),
}


@dataclass
class Cast:
    """A group with a member of each role, and those outside."""

    group: Group
    people: dict[str, User]
    seat: Membership  # the voter's
    round: Round  # open, with the voter's vote
    issue: Issue
    delivery: Delivery  # of a webhook

    def values(self) -> dict[str, Any]:
        """What stands for itself in a route's data, such as `<seat>`."""
        return {
            "<seat>": self.seat.pk,
            "<issue>": self.issue.pk,
            "<invite link>": f"https://testserver/join/{self.group.invite_token}/",
        }

    def arguments(self, pattern: str) -> dict[str, Any]:
        """Values for a route's parameters, such as `group_id`."""
        values = {
            "group_id": self.group.pk,
            "membership_id": self.seat.pk,
            "round_id": self.round.pk,
            "issue_id": self.issue.pk,
            "webhook_id": self.delivery.webhook_id,
            "delivery_id": self.delivery.pk,
            "token": self.group.invite_token if "join" in pattern else "set-password",
            "uidb64": "MQ",
        }
        return {name: values[name] for name in re.findall(r"<(?:\w+:)?(\w+)>", pattern)}


def routes(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Name and pattern of every route below `resolver`."""
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", pattern
        else:
            yield from routes(
                entry, pattern, f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            )


EVERY_ROUTE = dict(routes(get_resolver()))
OWN_ROUTES = {name: pattern for name, pattern in EVERY_ROUTE.items() if not name.startswith("admin:")}


def answer(cast: Cast, role: str, method: str, address: str, data: dict[str, Any]) -> int:
    """The status that `role` gets, with everything undone that the request did."""
    client = Client()
    with transaction.atomic():
        if role != "anonymous":
            client.force_login(cast.people[role])
        status = client.post(address, data) if method == "POST" else client.generic(method, address)
        transaction.set_rollback(True)
    return status.status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", OWN_ROUTES)
def test_a_route_answers_each_role_as_listed(cast, name, method):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    assert name in ROUTES, f"{name} is not listed: say in ROUTES whom it answers how."
    data = {key: cast.values().get(value, value) for key, value in ROUTES[name].data.items()}
    answers = {role: answer(cast, role, method, address, data) for role in ROLES}
    assert answers == (ROUTES[name].get if method == "GET" else ROUTES[name].post)


@pytest.mark.parametrize("name", OWN_ROUTES)
def test_a_route_takes_no_method_that_nothing_here_has(cast, name):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    for method in ("PUT", "DELETE", "TRACE", "CONNECT"):
        assert {answer(cast, role, method, address, {}) for role in ROLES} == {405}, method


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("name", OWN_ROUTES)
def test_whoever_only_looks_changes_nothing(cast, name, method):
    address = reverse(name, kwargs=cast.arguments(OWN_ROUTES[name]))
    for role in ROLES:
        with CaptureQueriesContext(connection) as asked:
            assert answer(cast, role, method, address, {}) < 500, role
        written = [
            query["sql"]
            for query in asked.captured_queries
            if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
            and not any(table in query["sql"] for table in WRITTEN_BY_LOOKING)
        ]
        assert written == [], role


def test_every_listed_route_exists():
    assert set(ROUTES) == set(OWN_ROUTES)


# --- The admin

ADMIN_FOR_ALL = {"admin:login", "admin:logout"}
# Where staff get something else than a page: by POST only, without the parameters that it takes, not there.
ADMIN_FOR_STAFF = {
    "admin:logout": {405},
    "admin:autocomplete": {403},
    "admin:view_on_site": {404},
    "admin:None": {404},
    "admin:groups_group_delete": {403},  # groups are archived, never deleted
    "admin:issues_issue_delete": {403},  # issues are archived, never deleted
    "admin:issues_issue_process_import": {405},  # takes what the page before it has shown, by POST only
    # What the estimation itself writes is only looked at.
    "admin:users_apitoken_add": {403},
    "admin:users_identity_add": {403},
    "admin:issues_round_add": {403},
    "admin:issues_round_delete": {403},
    "admin:issues_webhook_add": {403},
    "admin:issues_delivery_add": {403},
    "admin:issues_delivery_delete": {403},
    "admin:issues_transition_add": {403},
    "admin:issues_transition_delete": {403},
    "admin:issues_vote_add": {403},
    "admin:issues_vote_delete": {403},
    # What was done to the database is only looked at.
    "admin:evolution_run_add": {403},
    "admin:evolution_run_delete": {403},
    "admin:evolution_statement_add": {403},
    "admin:evolution_statement_delete": {403},
    "admin:evolution_archiveentry_add": {403},
    "admin:evolution_archiveentry_delete": {403},
}
ADMIN_ROUTES = {name: pattern for name, pattern in EVERY_ROUTE.items() if name.startswith("admin:")}


def admin_address(name: str, pattern: str, objects: dict[str, Any]) -> str:
    """An address of the route, about a row that exists where it is about one."""
    model = re.sub(r"_[a-z]+$", "", name.removeprefix("admin:")).replace("auth_user_password", "users_user")
    values = {
        "app_label": "groups",
        "url": "nothing-here",
        "content_type_id": 1,
        "object_id": objects.get(model, 1),
    }
    names = re.findall(r"<(?:\w+:)?(\w+)>", pattern)
    if "(?P<" in pattern:
        return "/" + re.sub(r"\(\?P<app_label>[^)]*\)", "groups", pattern).replace("^", "").replace("$", "")
    return reverse(name, kwargs={key: values.get(key, objects.get(model, 1)) for key in names})


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ADMIN_ROUTES)
def test_the_admin_sends_everyone_but_staff_to_its_sign_in(cast, objects, name, method):
    address = admin_address(name, ADMIN_ROUTES[name], objects)
    for role in ROLES[:-1]:
        with transaction.atomic():
            client = Client()
            if role != "anonymous":
                client.force_login(cast.people[role])
            response = client.get(address) if method == "GET" else client.post(address)
            transaction.set_rollback(True)
        if name in ADMIN_FOR_ALL:
            # Accounts are told that they may not enter.
            assert response.status_code in {200, 302, 403}, role
        else:
            assert response.status_code == 302, role
            assert response["Location"].startswith(("/admin/login/", "/me/sign-in/")), role


@pytest.mark.parametrize("name", ADMIN_ROUTES)
def test_the_admin_answers_staff_without_an_error(cast, objects, name):
    client = Client()
    client.force_login(cast.people["staff"])
    address = admin_address(name, ADMIN_ROUTES[name], objects)
    status = client.get(address).status_code
    assert status in ADMIN_FOR_STAFF.get(name, {200, 302}), address
