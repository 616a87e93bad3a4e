"""The people and rows with which every route is tried."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.sites import site as admin_site
from django.contrib.auth.models import Group as PermissionGroup

from estimation.tests.site import Site
from estimation.tests.test_routes import Cast
from groups.models import Group, Membership, Role
from issues import rounds, table
from issues.models import Delivery, Webhook
from issues.tests.room import new_issue
from issues.webhooks import events
from users.models import User


@pytest.fixture
def site() -> Iterator[Site]:
    """The site in a process of its own."""
    site = Site()
    site.start()
    yield site
    site.kill()


@pytest.fixture
def cast(alice, bob, charlie, staff) -> Cast:
    group = Group.objects.start(alice, "Payments")
    facilitator = User.objects.create_guest("Fay")
    observer = User.objects.create_guest("Olga")
    group.join(facilitator, nickname="Fay", role=Role.FACILITATOR)
    group.join(observer, nickname="Olga", role=Role.OBSERVER)
    seat = group.join(bob, nickname="Bob", role=Role.VOTER)
    people = {"stranger": charlie, "observer": observer, "voter": bob, "facilitator": facilitator}
    table.see(Membership.objects.get(group=group, user=alice))
    round_ = rounds.begin(group, alice)
    rounds.vote(seat, round_.pk, "8")
    events.ping(Webhook.objects.create(group=group, url="https://hooks.example/"))
    delivery = Delivery.objects.get()
    return Cast(group, people | {"owner": alice, "staff": staff}, seat, round_, new_issue(group), delivery)


@pytest.fixture
def objects(cast) -> dict[str, Any]:
    """A row of each model in the admin, by `app_model`."""
    PermissionGroup.objects.create(name="Support")
    return {
        f"{model._meta.app_label}_{model._meta.model_name}": model._default_manager.values_list(
            "pk", flat=True
        ).first()
        for model in admin_site._registry
    }
