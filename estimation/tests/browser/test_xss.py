"""Every text that a person can give, as one that would run a script: on every page, in a real browser.

No script of a text runs, none is kept back only by the content security policy, whose reports are counted and must be
none, and each text is shown as it was typed.
"""

from urllib.parse import quote

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from estimation.tests.browser.bridge import plain
from estimation.tests.browser.hostile import for_staff
from estimation.tests.browser.payloads import LONG, SHORT, TINY
from estimation.tests.test_routes import ADMIN_ROUTES, OWN_ROUTES, admin_address
from groups import decks
from groups.models import Group
from issues import rounds
from issues.models import Webhook
from issues.tests.room import new_issue
from users.models import User

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db]


def test_every_text_that_a_group_keeps_is_shown_as_it_was_typed(bridge, world):
    bridge.client.force_login(world.owner)
    bridge.scripts_write = True
    room = reverse("issues:room", args=[world.group.pk])
    issues = reverse("issues:issue-list", args=[world.group.pk])
    seen = [bridge.open(address) for address in world.pages().values()]
    seen += [bridge.open(f"{issues}?show={tab}") for tab in ("to-estimate", "estimated", "all", "archived")]
    seen += [
        bridge.open(reverse("issues:issue-detail", args=[world.group.pk, issue.pk])) for issue in world.issues
    ]
    rounds.reveal(world.group, world.open.pk, world.owner, early=True)
    seen.append(bridge.open(room))
    rounds.settle(world.group, world.open.pk, decks.card(TINY[1]), world.owner)
    seen.append(bridge.open(room))
    text = "\n".join(seen)
    for field, payloads in world.shown.items():
        assert [payload for payload in payloads if plain(payload) not in text] == [], field
    assert bridge.harm.pages > 70


# Pages that name the group, its owner and the issue on the table.
NAMING = ("groups:group-list", "groups:group-settings", "issues:room", "issues:issue-list", "users:account")


@pytest.mark.parametrize("payload", SHORT)
def test_what_stands_in_the_heads_of_pages_is_shown_as_it_was_typed(bridge, alice, payload):
    """Of which a group has one, so that it can't be all payloads at once."""
    User.objects.filter(pk=alice.pk).update(nickname=f"A{payload}")
    alice.refresh_from_db()
    group = Group.objects.start(alice, f"G{payload}")
    issue = new_issue(group, f"T{payload}", key=f"K{payload}", sprint=f"S{payload}", description=payload)
    webhook = Webhook.objects.create(group=group, url=f"https://x.test/{payload}")
    rounds.begin(group, alice, issue)
    bridge.client.force_login(alice)
    bridge.scripts_write = True
    addresses = [reverse(name, args=[group.pk] if "group_id" in OWN_ROUTES[name] else []) for name in NAMING]
    addresses.append(reverse("issues:webhook-detail", args=[group.pk, webhook.pk]))
    text = "\n".join(bridge.open(address) for address in addresses)
    for shown in (f"A{payload}", f"G{payload}", f"T{payload}", f"K{payload}", webhook.url):
        assert plain(shown) in text, shown


def test_staff_see_every_text_as_it_was_typed(bridge, world, staff):
    objects = for_staff(world, staff)
    bridge.client.force_login(staff)
    addresses = {admin_address(name, pattern, objects) for name, pattern in ADMIN_ROUTES.items()}
    left_out = {reverse("admin:logout"), reverse("admin:issues_issue_export")}
    text = "\n".join(bridge.open(address) for address in sorted(addresses - left_out))
    for model in ("issue", "vote", "transition", "round"):  # filters that are drawn from texts
        text += bridge.open(f"{reverse(f'admin:issues_{model}_changelist')}?q={quote(SHORT[1])}")
    for field in ("group", "owner", "nickname", "key", "title", "sprint", "webhook", "delivery"):
        missing = [payload for payload in world.shown[field] if plain(payload) not in text]
        # A list of the admin shows a part of long ones; each is on its own page, of which one is opened.
        assert len(missing) < len(world.shown[field]), field
        assert field not in {"nickname", "key"} or missing == [], field
    for payload in (*SHORT, *LONG):
        assert plain(payload[:60]) in text
    assert bridge.harm.pages > 60


def test_staff_choose_among_texts_that_scripts_write(bridge, world, staff):
    bridge.client.force_login(staff)
    asked = {"app_label": "groups", "model_name": "group", "field_name": "user", "term": "u"}
    bridge.will_tell(reverse("admin:autocomplete"), asked)
    bridge.open(reverse("admin:groups_group_change", args=[world.group.pk]))
    bridge.page.locator(".field-user .select2-selection").click()
    options = bridge.page.locator(".select2-results__option")
    expect(options.filter(has_text=world.seats[1].user.nickname)).to_be_visible()
    text = bridge.harm.look(bridge.page)
    assert plain(world.seats[1].user.nickname) in text
    options.filter(has_text=world.seats[1].user.nickname).click()
    assert plain(world.seats[1].user.nickname) in bridge.harm.look(bridge.page)
