"""The demo team: what `fixtures/demo.json` holds, as far as somebody who wants to look around must know it."""

import json
import tempfile
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from groups.models import Group
from users.models import User

FIXTURE = settings.BASE_DIR / "fixtures" / "demo.json"
# Everybody knows it: the team is loaded only where nobody else can reach the site.
PASSWORD = "planning-poker-demo"  # noqa: S105 - told to everybody # nosec B105
# Of issues, rounds and votes.
TIMES = {
    "created_at",
    "estimated_at",
    "archived_at",
    "opened_at",
    "deadline",
    "timer_ends_at",
    "at",
    "cast_at",
}
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


def load() -> None:
    """Load the team, with its sessions moved by whole days so that the last one is of today."""
    rows = json.loads(FIXTURE.read_text(encoding="utf-8"))
    played = [row["fields"] for row in rows if row["model"].startswith("issues.")]
    last = max(datetime.fromisoformat(fields["opened_at"]) for fields in played if "opened_at" in fields)
    days = max(timedelta(days=(timezone.now() - last).days), timedelta(0))
    for fields in played:
        for name in TIMES & fields.keys():
            if fields[name] is not None:
                fields[name] = (datetime.fromisoformat(fields[name]) + days).isoformat()
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as fixture:
        json.dump(rows, fixture)
        fixture.flush()
        call_command("loaddata", fixture.name, verbosity=0)


def _users() -> list[dict[str, Any]]:
    rows = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return [row["fields"] for row in rows if row["model"] == "users.user"]
