"""A group in which every text is one that would run a script, and staff who look at it.

Each text has a tag in front, a letter for its field and one for the payload, by which a page that shows it is known to
have shown it whole.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from string import ascii_letters, digits
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group as PermissionGroup
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from estimation.tests.browser.payloads import EMAIL, LINKS, LONG, MARKDOWN, SHORT, TINY
from estimation.tests.test_routes import OWN_ROUTES, ROUTES, Cast
from evolution.models import ArchiveEntry, Checkpoint, Run, Statement
from groups import decks
from groups.models import Group, Membership, Role
from issues import async_rounds, rounds, table
from issues.models import Delivery, Issue, Round, Transition, Vote, Webhook
from issues.tests.room import new_issue
from users import api_tokens
from users.models import Identity, User

NUMBERS = digits + ascii_letters
PASSWORD = "correct horse battery"


def tagged(letter: str, payloads: tuple[str, ...] = SHORT) -> list[str]:
    """The payloads with a tag in front, each another one."""
    return [f"{letter}{NUMBERS[number]}{payload}" for number, payload in enumerate(payloads)]


@dataclass
class Hostile:
    """The group, in the middle of its work; `shown` are the texts that its pages have to show, by field."""

    owner: User
    group: Group
    seats: list[Membership]
    issues: list[Issue]
    open: Round  # on the table, with votes of all but one
    revealed: list[Round]
    asynchronous: list[Round]  # open ones
    webhook: Webhook
    shown: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def gathered(cls) -> "Hostile":
        """A group of its own, in the present transaction."""
        names, group_name = tagged("n"), f"G0{SHORT[1]}"
        owner = User.objects.create_user(EMAIL, f"O0{SHORT[2]}", PASSWORD)
        group = Group.objects.start(owner, group_name)
        group.choose_deck(decks.parse(" ".join(["1", "2", *TINY])))
        seats = [
            group.join(User.objects.create_guest(f"u{number}{payload}"[:32]), nickname=name, role=Role.VOTER)
            for number, (name, payload) in enumerate(zip(names, SHORT, strict=True))
        ]
        issues = _issues(group)
        webhook = Webhook.objects.create(group=group, url=LINKS[0], made_by=owner)
        revealed = [
            _played(group, issue, some)
            for issue, some in zip(issues, (seats, seats[:4], seats[:3]), strict=False)
        ]
        rounds.settle(group, revealed[-1].pk, decks.card(TINY[0]), owner)
        tomorrow = timezone.now() + timedelta(days=1)
        ended = async_rounds.begin(group, owner, issues[3:6], tomorrow)
        _voted(ended, seats[:4])
        async_rounds.end(group, owner)
        waiting = async_rounds.begin(group, owner, issues[6:9], tomorrow)
        _voted(waiting, seats[:5])
        for seat in (owner.memberships.get(), *seats):
            table.see(seat)
        on_table = rounds.begin(group, owner, issues[9])
        _voted([on_table], seats[1:])
        Delivery.objects.filter(webhook=webhook).update(error=LONG[0][:200], attempts=1)
        return cls(
            *(owner, group, seats, issues, on_table, [*revealed, *ended], list(waiting), webhook),
            shown={
                "group": [group_name],
                "owner": [owner.nickname],
                "email": [EMAIL],
                "nickname": [seat.nickname for seat in seats],
                "key": tagged("k"),
                "title": [*tagged("t"), *tagged("T", LONG)],
                "sprint": tagged("s"),
                "link": [issue.url for issue in issues if issue.url],
                "card": list(TINY),
                "reason": [vote.reason for vote in Vote.objects.filter(round=revealed[0])],
                "delivery": [LONG[0][:200]],
                "webhook": [LINKS[0]],
            },
        )

    def cast(self) -> Cast:
        """The same as the tests of routes know theirs."""
        delivery = Delivery.objects.filter(webhook=self.webhook)[0]
        return Cast(self.group, {"owner": self.owner}, self.seats[0], self.open, self.issues[0], delivery)

    def pages(self) -> dict[str, str]:
        """Name and address of every page that the owner can open."""
        cast = self.cast()
        return {
            name: reverse(name, kwargs=cast.arguments(pattern))
            for name, pattern in OWN_ROUTES.items()
            if ROUTES[name].get["owner"] in {200, 302, 404}
        }


def _issues(group: Group) -> list[Issue]:
    keys, sprints, titles = tagged("k"), tagged("s"), [*tagged("t"), *tagged("T", LONG)]
    return [
        new_issue(
            group,
            title[:200],
            key=keys[number % len(keys)],
            sprint=sprints[number % len(sprints)],
            url=LINKS[number % len(LINKS)],
            description=f"{MARKDOWN}\n\n{title}",
        )
        for number, title in enumerate(titles)
    ]


def _voted(played: Any, seats: list[Membership]) -> None:
    reasons = tagged("r")
    for round_ in played:
        for number, seat in enumerate(seats):
            table.see(seat)
            rounds.vote(seat, round_.pk, TINY[number % len(TINY)], reasons[number])


def _played(group: Group, issue: Issue, seats: list[Membership]) -> Round:
    """Revealed, with a vote and a reason of all but the owner, who stays missing."""
    table.see(group.memberships.get(user=group.user))
    round_ = rounds.begin(group, group.user, issue)
    _voted([round_], seats)
    rounds.reveal(group, round_.pk, group.user, early=True)
    played: Round = Round.objects.get(pk=round_.pk)
    return played


def for_staff(world: Hostile, staff: User) -> dict[str, int]:
    """What staff alone see, beside the group: a row of each model of the admin, by its label."""
    _log_of_the_admin(world, staff)
    _names_of_the_past(world)
    api_tokens.make(world.owner)
    for payload in (*SHORT, *LONG):
        PermissionGroup.objects.create(name=payload[:150])
    revealed = world.revealed[0]
    return {
        "users_user": world.owner.pk,
        "users_apitoken": world.owner.pk,
        "users_identity": _identities(world)[0].pk,
        "groups_group": world.group.pk,
        "groups_membership": world.seats[0].pk,
        "issues_issue": world.issues[0].pk,
        "issues_round": revealed.pk,
        "issues_transition": Transition.objects.filter(round=revealed)[0].pk,
        "issues_vote": Vote.objects.filter(round=revealed)[0].pk,
        "issues_webhook": world.webhook.pk,
        "issues_delivery": Delivery.objects.filter(webhook=world.webhook)[0].pk,
        "auth_group": PermissionGroup.objects.order_by("pk")[0].pk,
        **_migrations(),
    }


def _identities(world: Hostile) -> list[Identity]:
    """What a provider may call somebody."""
    return [
        Identity.objects.create(
            user=world.owner, issuer="https://id.example", subject=payload[:255], digest=str(number)
        )
        for number, payload in enumerate((*SHORT, *LONG))
    ]


def _log_of_the_admin(world: Hostile, staff: User) -> None:
    for payload in SHORT:
        LogEntry.objects.create(
            user=staff,
            content_type=ContentType.objects.get_for_model(Group),
            object_id=str(world.group.pk),
            object_repr=payload,
            action_flag=CHANGE,
            change_message=json.dumps(
                [{"changed": {"name": payload, "object": payload, "fields": [payload]}}, {"added": {}}]
            ),
        )


def _names_of_the_past(world: Hostile) -> None:
    Transition.objects.filter(round=world.revealed[0]).update(name=SHORT[0][:32], missing=list(SHORT))
    Vote.objects.filter(round=world.revealed[0]).update(name=SHORT[1][:32])
    for model, payload in ((Group, SHORT[3]), (Membership, SHORT[4])):
        model.history.update(history_change_reason=f"h{payload}")


def _migrations() -> dict[str, int]:
    """A run that failed, with what it wrote down and archived."""
    run = Run.objects.create(
        user=SHORT[0],
        host=SHORT[1],
        command=SHORT[2],
        reason=LONG[0],
        revision=SHORT[3],
        backup=SHORT[4],
        schema=SHORT[5],
        error=" ".join(LONG),
        outcome=Run.Outcome.FAILED,
        plan=[{"app": SHORT[0], "name": SHORT[1], "backwards": False}],
        state_before=list(SHORT),
        rehearsal={"seconds": 1, "statements": [{"migration": SHORT[0], "sql": SHORT[1], "seconds": 1}]},
        certificate={
            "before": {SHORT[0]: {"columns": ["id"], "rows": 1, "checksum": "a"}},
            "after": {SHORT[1]: {"columns": ["id"], "rows": 1, "checksum": "a"}},
            "renames": {SHORT[0]: SHORT[1]},
            **{name: list(SHORT) for name in ("changed", "differences", "written")},
        },
    )
    step: dict[str, Any] = {"app": SHORT[1], "migration": SHORT[2], "backwards": False, "operation": 0}
    for position, sql in enumerate((SHORT[0], LONG[1])):
        Statement.objects.create(
            run_id=run.pk,
            position=position,
            kind=Statement.Kind.SCHEMA if position else Statement.Kind.OPERATION,
            sql=sql,
            before={SHORT[0]: LONG[0]},
            deferred=list(SHORT),
            **step,
        )
    Checkpoint.objects.create(
        migration=SHORT[0], step=SHORT[1], reach=Checkpoint.Reach.ALL, key=SHORT[2], backwards=False
    )
    ArchiveEntry.objects.create(
        number=1, run_id=run.pk, kind="column", table_name=SHORT[0], column_name=SHORT[1], row_count=1,
        key_columns=[SHORT[2]], **step,
    )  # fmt: skip
    return {
        "evolution_run": run.pk,
        "evolution_statement": Statement.objects.latest("pk").pk,
        "evolution_archiveentry": 1,
    }
