"""Every text that a person can send, as one that would run a script: what comes back, in a real browser.

Each form of each page, each parameter of each address, files, headers and cookies. What a form does is undone after it
was looked at. That no field is forgotten is found by looking at the code.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.admin.sites import site as admin_site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from estimation.tests.browser import typed
from estimation.tests.browser.hostile import for_staff
from estimation.tests.browser.payloads import EMAIL, EVERYTHING, LINKS, LONG, SHORT, TINY
from estimation.tests.test_routes import ADMIN_ROUTES, admin_address
from issues import csv_files
from issues.api.application import api
from users import api_tokens, rate_limits

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db]

ALL = (*SHORT, *LONG, EVERYTHING)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done in it, also what counts for the limits: a program types quicker than people may."""
    rate_limits.forget()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- Forms


def test_what_is_typed_into_a_form_comes_back_as_text(bridge, world):
    for address, data in typed.forms_of_own_pages(world.cast()):
        with undone():
            bridge.client = Client(raise_request_exception=False)
            bridge.client.force_login(world.owner)
            bridge.send(address, data)
    for address, data in typed.forms_of_own_pages(world.cast(), public=True):
        bridge.client = Client(raise_request_exception=False)
        with undone():
            bridge.send(address, data)
    for fields in typed.new_passwords():
        bridge.client = Client()
        with undone():
            bridge.send(typed.page_of_a_new_password(bridge.client, world.owner), fields)
    assert bridge.harm.pages > 100


def admin_forms(client: Client, objects: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and content of each form of the admin: of pages that add and change, and of actions on a list."""
    for number, (name, pattern) in enumerate(ADMIN_ROUTES.items()):
        payload = SHORT[number % len(SHORT)]
        address = admin_address(name, pattern, objects)
        page = client.get(address)
        if name.endswith(("_add", "_change", "password_change")) and page.status_code == 200:
            for data in typed.filled(page.context, payload):
                yield address, data
            yield f"{address}?_popup=1", data | {"_popup": "1"}
    for model, admin in admin_site._registry.items():
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        for action in admin.actions or ():
            name = action if isinstance(action, str) else action.__name__
            chosen = {"action": name, "_selected_action": objects[label], "index": "0"}
            yield reverse(f"admin:{label}_changelist"), chosen
            yield reverse(f"admin:{label}_changelist"), chosen | {"user": SHORT[0], "confirmed": "yes"}
        chosen = {"action": "delete_selected", "_selected_action": objects[label], "index": "0"}
        yield reverse(f"admin:{label}_changelist"), chosen


def test_what_staff_type_comes_back_as_text(bridge, world, staff):
    objects = for_staff(world, staff)
    bridge.client.force_login(staff)
    for address, data in admin_forms(bridge.client, objects):
        with undone():
            bridge.send(address, data)
    with undone():
        visitor = bridge.client = Client()
        bridge.send(reverse("admin:login"), {"username": EVERYTHING, "password": "x", "next": EVERYTHING})
        assert not visitor.session.get("_auth_user_id")
    assert bridge.harm.pages > 50


# --- Addresses


def test_what_stands_in_an_address_comes_back_as_text(bridge, world, staff):
    pages = world.pages().values()
    for client, addresses in ((world.owner, pages), (None, pages)):
        bridge.client = Client(raise_request_exception=False)
        if client is not None:
            bridge.client.force_login(client)
        for number, address in enumerate(addresses):
            payload = SHORT[number % len(SHORT)]
            bridge.open(f"{address}?{urlencode(dict.fromkeys(typed.names(), payload))}")
    for payload in SHORT:
        for before, behind in (
            ("/nowhere/", "/"),
            ("/join/", "/"),
            ("/groups/", "/"),
            ("/me/password/reset/MQ/", "/"),
        ):
            bridge.open(f"{before}{quote(payload, safe='')}{behind}")
        bridge.open(f"/me/sign-in/?next={quote(payload)}")
        led_to = bridge.page.locator("main input[name=next]").get_attribute("value") or ""
        assert not led_to.lower().startswith(("javascript:", "data:", "//"))
    bridge.client.force_login(staff)
    for name, pattern in ADMIN_ROUTES.items():
        if name.endswith(("_changelist", "_add", ":index", ":login")):
            address = admin_address(name, pattern, {})
            bridge.open(f"{address}?{urlencode({'q': EVERYTHING})}")
            bridge.open(f"{address}?{urlencode(dict.fromkeys(typed.names(), SHORT[2]))}")


def test_what_stands_in_a_header_comes_back_as_text(bridge, world):
    bridge.client.force_login(world.owner)
    room = reverse("issues:room", args=[world.group.pk])
    for payload in (SHORT[0], SHORT[2], SHORT[4], SHORT[8], EVERYTHING):
        said = payload.encode("ascii", "ignore").decode()
        headers = dict.fromkeys(
            ("Accept-Language", "Referer", "User-Agent", "X-Requested-With", "X-Request-ID"), said
        )
        bridge.client.cookies["django_language"] = said
        bridge.client.cookies["messages"] = said
        for address in (
            room,
            "/nowhere/",
            "/me/sign-in/",
            reverse("groups:group-archive", args=[world.group.pk]),
        ):
            bridge.open(address, headers)
        bridge.open("/", {"Host": said})


# --- Files and lists


def table_of_payloads() -> str:
    """A CSV file whose columns, cells and mistakes are payloads."""
    header = ["key", "title", "url", "sprint", "description", "estimate", *SHORT, EVERYTHING]
    rows = [
        [
            f"k{payload}",
            f"t{payload}",
            LINKS[number % len(LINKS)],
            f"s{payload}",
            EVERYTHING,
            TINY[number % len(TINY)],
        ]
        for number, payload in enumerate(SHORT)
    ]
    rows += [
        [f"k{payload}", payload * 20, payload, payload * 9, "", payload] for payload in (*SHORT[:8], *LONG)
    ]
    rows += [[*row, *([payload] * len(ALL))] for row, payload in zip(rows, SHORT, strict=False)]
    return csv_files.written(header, rows)


def test_what_stands_in_a_file_of_issues_comes_back_as_text(bridge, world):
    bridge.client.force_login(world.owner)
    address = reverse("issues:issue-import", args=[world.group.pk])
    columns = {name: name for name in ("key", "title", "url", "sprint", "description", "estimate")}
    chosen = bridge.send(address, {"text": table_of_payloads()})
    assert EVERYTHING[:30] in chosen
    packed = {"packed": csv_files.packed(table_of_payloads())}
    shown = bridge.send(address, packed | columns | {"step": "preview"})
    assert f"t{SHORT[1]}" in shown
    assert f"“{SHORT[0]}” can't stand on a card" in shown
    bridge.send(address, packed | columns | {"step": "import", "wrong": "none", "known": "skip"})
    bridge.send(address, packed | {"step": "columns", "title": EVERYTHING, "key": SHORT[2]})
    bridge.send(address, packed | {"step": "preview", "title": SHORT[2], "key": SHORT[2]})
    for broken in ('a,b\n"<xss>', "<xss>", "\n", "<script>p()</script>\n" * 3000):
        bridge.send(address, {"text": broken})
        bridge.send(address, {"step": "preview", "packed": broken})
    done = bridge.send(address, packed | columns | {"step": "import", "wrong": "skip", "known": "update"})
    assert "were added" in done or "were updated" in done
    listed = bridge.open(f"{reverse('issues:issue-list', args=[world.group.pk])}?show=estimated")
    assert f"s{SHORT[1]}" in listed


def test_what_stands_in_a_list_that_is_pasted_comes_back_as_text(bridge, world):
    bridge.client.force_login(world.owner)
    address = reverse("issues:issue-paste", args=[world.group.pk])
    lines = "\n".join(f"PAY-{number} {payload} {LINKS[0]}" for number, payload in enumerate((*SHORT, *LONG)))
    assert SHORT[1] in bridge.send(address, {"issues": lines, "preview": "yes"})
    bridge.send(address, {"issues": f"{lines}\n{EVERYTHING}"})
    assert SHORT[1] in bridge.send(address, {"issues": lines})


def test_what_stands_in_a_file_that_staff_import_comes_back_as_text(bridge, world, staff):
    bridge.client.force_login(staff)
    address = reverse("admin:issues_issue_import")
    header = ["id", "group", "key", "title", "url", "sprint", "description", *SHORT]
    good = [
        ["", str(world.group.pk), f"k{one}"[:32], one, LINKS[0], f"s{one}"[:32], EVERYTHING] for one in SHORT
    ]
    known = [
        [str(issue.pk), str(world.group.pk), SHORT[0], SHORT[1], "", "", LONG[0]]
        for issue in world.issues[:3]
    ]
    no_group = [["", one, one, one, "", "", ""] for one in SHORT]
    too_long = [["", str(world.group.pk), one * 9, one * 20, one, one * 9, ""] for one in SHORT]
    no_number = [[one, str(world.group.pk), "", one, "", "", ""] for one in SHORT]
    for rows in (good, known, [*good, *no_group], too_long, no_number):
        for name in ("issues.csv", f"{SHORT[1]}.csv"):
            file = SimpleUploadedFile(name, csv_files.written(header, rows).encode(), "text/csv")
            text = bridge.send(address, {"import_file": file, "format": "0", "resource": "0"})
            assert SHORT[1] in text or rows in (too_long, no_number)
    confirm = {
        "import_file_name": EVERYTHING,
        "original_file_name": EVERYTHING,
        "format": "0",
        "resource": SHORT[0],
    }
    bridge.send(reverse("admin:issues_issue_process_import"), confirm)
    packed = csv_files.packed(csv_files.written(header, good))
    done = confirm | {"import_file_name": packed, "original_file_name": f"{SHORT[1]}.csv", "resource": "0"}
    bridge.send(reverse("admin:issues_issue_process_import"), done)
    assert f"k{SHORT[1]}" in bridge.open(reverse("admin:issues_issue_changelist"))


# --- The API


def test_what_a_program_sends_comes_back_as_json_alone(bridge, world):
    bearer = {"Authorization": f"Bearer {api_tokens.make(world.owner)}"}
    numbers = {"group_id": world.group.pk, "issue_id": world.issues[0].pk, "round_id": world.revealed[0].pk}
    texts = {"title", "key", "url", "sprint", "description", "edition"}
    document = json.dumps(api.get_openapi_schema())
    assert all(f'"{name}"' in document for name in texts)
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, told in methods.items():
            query = {one["name"]: EVERYTHING for one in told.get("parameters", []) if one["in"] == "query"}
            for body in (
                {"issues": [dict.fromkeys(texts - {"edition"}, SHORT[1])]},
                dict.fromkeys(texts, EVERYTHING),
                {"title": SHORT[2], "description": EVERYTHING, EVERYTHING: EVERYTHING},
                {"issues": [{"title": SHORT[1], "description": EVERYTHING}]},
                EVERYTHING,
            ):
                for parameters in ({}, query):
                    address = f"{path.format(**numbers)}?{urlencode(parameters)}"
                    with undone():
                        answer = bridge.client.generic(
                            method.upper(),
                            address,
                            json.dumps(body),
                            content_type="application/json",
                            headers=bearer,
                        )
                    assert answer["Content-Type"].startswith("application/json"), address
                    assert answer["X-Content-Type-Options"] == "nosniff"
                    assert answer.status_code < 500
                    bridge.show(path.format(**numbers), answer)
    bridge.open(f"/api/v1/{quote(SHORT[1])}/")
    bridge.open("/api/v1/groups", {"Authorization": f"Bearer {SHORT[1]}"})


# --- Nothing is forgotten


def test_no_column_of_text_is_without_a_payload(world, staff):
    for_staff(world, staff)
    without = {
        name
        for name, (model, field) in typed.model_texts().items()
        if not any(
            any(payload[:30] in str(value) for payload in (*ALL, *TINY, *LINKS, EMAIL))
            for value in model._base_manager.values_list(field, flat=True)
        )
    }
    assert without == typed.MADE_BY_PROGRAMS


def test_no_field_of_a_form_is_without_a_payload(world, staff, monkeypatch, settings):
    objects = for_staff(world, staff)
    found = typed.noted(monkeypatch, ALL)
    for who in (world.owner, None):
        for address, data in typed.forms_of_own_pages(world.cast()):
            with undone():
                client = Client(raise_request_exception=False)
                if who is not None:
                    client.force_login(who)
                client.post(address, data)
                client.get(address, data)
    visitor = Client()
    for fields in typed.new_passwords():
        with undone():
            visitor.post(typed.page_of_a_new_password(visitor, world.owner), fields)
    settings.SIGN_UP_BY_MAIL = True
    visitor.post(reverse("users:sign-up"), {"email": SHORT[0]})
    with undone():
        TOTPDevice.objects.create(user=world.owner, name="app", confirmed=True)
        owner = Client()
        owner.force_login(world.owner)
        owner.post(reverse("users:second-factor"), {"code": SHORT[0]})
    desk = Client(raise_request_exception=False)
    desk.force_login(staff)
    for address, data in admin_forms(desk, objects):
        with undone():
            desk.post(address, data)
    with undone():
        desk.post(reverse("admin:issues_issue_process_import"), dict.fromkeys(typed.names(), SHORT[0]))
    assert typed.form_texts() - found == set()
    assert typed.admin_texts(staff) - found == set()
