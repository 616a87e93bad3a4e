"""The demo team: what `fixtures/demo.json` holds, as far as somebody who wants to look around must know it."""

import json
from typing import Any, cast

from django.conf import settings

from groups.models import Group
from users.models import User

FIXTURE = settings.BASE_DIR / "fixtures" / "demo.json"
# Everybody knows it: the team is loaded only where nobody else can reach the site.
PASSWORD = "planning-poker-demo"  # noqa: S105
MEMBER = "alice@demo.example"
STAFF = "robin@demo.example"


def accounts() -> list[User]:
    """Those of the demo's accounts in the database that one can still sign in to with the demo password."""
    shipped = {row["email"]: row["password"] for row in _users() if row["email"]}
    found = User.objects.filter(email__in=shipped, is_active=True).order_by("pk")
    # The same hash is the same password; to try a password takes a good part of a second each.
    return [user for user in found if user.password == shipped[user.email]]


def group() -> Group | None:
    """The group to look at first: the oldest that the demo's member owns."""
    first = Group.objects.active().filter(user__email=MEMBER).order_by("pk").first()
    return cast("Group | None", first)


def _users() -> list[dict[str, Any]]:
    rows = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return [row["fields"] for row in rows if row["model"] == "users.user"]
