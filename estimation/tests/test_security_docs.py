"""docs/security.md says what the code does: who may do what, how much, how long, with which keys, and where to."""

import ast
import importlib
import logging
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import reverse

import estimation
import groups
import issues
import users
from conftest import PASSWORD
from estimation import request_bodies
from estimation.monitoring.access_log import Console
from groups import decks
from groups.access import _GRANTED, Permission
from groups.models import Role
from issues import async_rounds, csv_files, forms, history, pasting, tickets
from issues.api.schemas import MAX_PAGE
from issues.feed import application, deliveries, streams
from issues.models.issue import MAX_DESCRIPTION
from issues.models.vote import MAX_REASON
from issues.webhooks import addresses, posting, sender
from users import nicknames, openid, sessions, sign_up_links
from users.rate_limits import RateLimit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
# Read, not imported: that would begin to serve.
THREADS = re.findall(r"^THREADS = (\d+)$", (ROOT / "estimation" / "asgi.py").read_text(), re.MULTILINE)[0]
PACKAGES = (estimation, groups, issues, users)
GUARDS = re.compile(
    r"^\s*(?:import|from) (?:hashlib|hmac|secrets|ssl|django\.core\.signing|django\.utils\.crypto)\b"
    r"|^from django\.core import signing",
    re.MULTILINE,
)


def section(title: str) -> str:
    """What stands under a heading."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def prose(title: str) -> str:
    return " ".join(section(title).split())


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, row by row, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def sources(*names: str) -> Iterator[Path]:
    """The source of these packages, without tests and migrations."""
    for name in names:
        for path in sorted((ROOT / name).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts):
                yield path


# --- Who may do what, and how often


def test_the_table_of_rights_is_that_of_the_gate():
    names = [permission.value for permission in Permission]
    assert f"| | {' | '.join(names)} |" in section("Who may do what")
    granted = {role: {permission.value for permission in _GRANTED[Role(role)]} for role in Role.values}
    granted["owner"] = set(names)
    told = {
        role: {name for name, may in zip(names, cells, strict=True) if may == "yes"}
        for role, *cells in rows("Who may do what")
    }
    assert told == granted


def test_every_limit_is_told_as_it_is():
    found = {
        limit.name: limit.rates
        for package in PACKAGES
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not re.search(r"\.(tests|migrations|asgi|wsgi)\b", module.name)
        for limit in vars(importlib.import_module(module.name)).values()
        if isinstance(limit, RateLimit)
    }
    assert len(found) >= 10
    assert {name.strip("`"): rates for name, rates, _by in rows("How often")} == found


def test_what_wrong_passwords_cost_is_told():
    minutes = settings.AXES_COOLOFF_TIME.total_seconds() / 60
    lock = f"{settings.AXES_FAILURE_LIMIT} wrong passwords for one account from one address"
    assert f"{lock} lock that address out of that account for {minutes:.0f} minutes" in prose("How often")
    assert settings.AXES_LOCKOUT_PARAMETERS == [["username", "ip_address"]]


def test_nobody_comes_in_but_by_the_ways_that_are_told():
    """Where the code lets somebody in, and which of the ways that is."""
    enters = re.compile(r"\b(?:sessions\.begin|login|update_session_auth_hash|api_tokens\.user_of)\(")
    ways = {
        "users/views/sign_in.py": "sign-in page",
        "users/submissions.py": "nickname, start, invite link",
        "users/views/sign_up.py": "sign-up",
        "users/views/openid.py": "OpenID Connect",
        "users/views/passwords.py": "",  # whoever changes the password stays in
        "users/sessions.py": "",  # what the others call
        "estimation/administration.py": "sign-in page",
        "issues/api/application.py": "API token",
    }
    found = {
        str(path.relative_to(ROOT))
        for path in sources("estimation", "groups", "issues", "users")
        if enters.search(path.read_text())
    }
    assert found == set(ways)
    assert {name for name in ways.values() if name} | {"reset link"} == {
        cells[0] for cells in rows("Ways in")
    }


@pytest.mark.parametrize(
    "words",
    [
        "cards and reasons of others are for nobody before the reveal",
        "e-mail addresses for their owner and staff",
        "a facilitator is made by the owner",
        "rights of staff are given by superusers",
    ],
)
def test_what_is_for_whom_is_told_by_field(words):
    assert words in prose("Who may do what")


@pytest.mark.parametrize(
    "words",
    [
        "where HTTPS is on by a second factor only",
        "Others may turn one on, and need not: most people here are guests",
        "recognises them in person or by a call to a number that is known, not by mail",
    ],
)
def test_who_needs_a_second_factor_and_what_to_do_without_it_is_told(words):
    assert words in prose("Ways in")


# --- How long


def test_the_life_of_a_session_is_told():
    text = prose("Sessions and cookies")
    days = settings.SESSION_COOKIE_AGE / (24 * 60 * 60)
    assert f"{sessions.STAFF.total_seconds() / 3600:.0f} hours after signing in for staff" in text
    assert f"{sessions.ACCOUNTS.days} days after it for accounts" in text
    assert f"{days:.0f} days after it was last written for guests" in text
    assert not settings.SESSION_SAVE_EVERY_REQUEST


@pytest.mark.django_db
def test_there_are_any_number_of_sessions_as_told(alice):
    assert "Anybody may have any number of sessions at once" in prose("Sessions and cookies")
    browsers = [Client() for _device in range(5)]
    for browser in browsers:
        browser.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD})
    assert {browser.get("/me/").status_code for browser in browsers} == {200}


def test_the_life_of_each_link_is_told():
    text = prose("Ways in")
    assert f"for {settings.PASSWORD_RESET_TIMEOUT // 60} minutes" in text
    assert f"for {sign_up_links.VALID // (60 * 60)} hours" in text


@pytest.mark.django_db
def test_every_cookie_is_told(alice, payments):
    browser = Client()
    browser.get("/me/sign-in/")
    browser.post("/me/sign-in/", {"username": alice.email, "password": PASSWORD})
    browser.post(reverse("language-set"), {"language": "de"})
    browser.get(reverse("issues:room", args=[payments.pk]))
    browser.post(reverse("users:account"), {"nickname": "Ally"})
    told = {name.strip("`"): same_site for name, _for, _life, same_site in rows("Sessions and cookies")}
    assert told == {name: cookie["samesite"] for name, cookie in browser.cookies.items()}
    assert f"{tickets.VALID // 60} minutes" in section("Sessions and cookies")


# --- What is kept


def test_every_table_has_a_class():
    told = [
        table for names, *_rest in rows("What is kept, and how") for table in re.findall(r"`(\w+)`", names)
    ]
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert len(told) == len(set(told))
    assert set(told) == tables


@pytest.mark.parametrize("cells", rows("What is kept, and how"), ids=lambda cells: cells[0])
def test_its_class_is_one_of_the_four(cells):
    classes = set(re.split(r", (?:then )?", cells[1]))
    assert classes <= {"secret", "sealed", "private", "open"}
    assert cells[2]


# --- What is taken

RULES = {
    "nickname, group's name, key, sprint": [f"to {nicknames.MAX_LENGTH} characters"],
    "title": [f"1 to {pasting.MAX_TITLE} characters"],
    "link, address of a webhook": [f"{pasting.MAX_URL} characters"],
    "description": [f"{MAX_DESCRIPTION:,} characters"],
    "reason of a vote": [f"{MAX_REASON} characters"],
    "search": [f"{forms.MAX_SEARCH} characters"],
    "card": [f"{decks.MAX_LABEL} characters", f"up to {decks.MAX_VALUE:,}"],
    "deck": [f"2 to {decks.MAX_CARDS} cards"],
    "body of a request": [
        f"{request_bodies.LIMIT // 1024**2} MiB",
        f"within {request_bodies.SECONDS:.0f} seconds",
    ],
}


@pytest.mark.parametrize("what", RULES)
def test_the_rules_of_what_is_sent_are_those_of_the_code(what):
    told = dict(rows("What is checked of what is sent"))
    assert [words for words in RULES[what] if words not in told[what]] == []


def test_the_length_of_a_password_is_told():
    validators: list[Any] = settings.AUTH_PASSWORD_VALIDATORS
    (length,) = [one["OPTIONS"]["min_length"] for one in validators if "Length" in one["NAME"]]
    assert f"At least {length} characters" in prose("Passwords")


@pytest.mark.parametrize(
    "words",
    [
        "a vote and the deck with which its round began",
        "a settled estimate and a round that is revealed",
        "the columns of an import, each used once, and a title among them",
        "a move either by a step or behind another issue",
        "an edit and the edition that was read",
        "from open to revealed to settled, or to cancelled, and no other way",
    ],
)
def test_what_has_to_fit_together_is_told(words):
    assert words in prose("What is checked of what is sent")


@pytest.mark.parametrize(
    "words",
    [
        f"{addresses.MAX_WEBHOOKS} webhooks in a group",
        f"{async_rounds.MAX_OPEN} rounds open at once",
        f"{async_rounds.SHORTEST.seconds // 60} minutes to {async_rounds.LONGEST.days} days",
        f"{pasting.MAX_LINES} issues pasted or sent by the API at a time",
        f"{MAX_PAGE} rows in a page of the API",
    ],
)
def test_how_much_there_may_be_is_told(words):
    assert words in prose("What is checked of what is sent")


def test_what_a_file_may_be_is_told():
    size = (
        f"{csv_files.MAX_BYTES // 1024**2} MiB, {csv_files.MAX_ROWS:,} rows, {csv_files.MAX_COLUMNS} columns"
    )
    assert [cells[2].startswith(size) for cells in rows("Files")] == [True]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("bodies of requests", f"before one of {THREADS} threads"),
        ("statistics and history", f"the latest {history.MAX_ROUNDS:,} rounds"),
        ("streams", f"given up after {streams.UNREAD} seconds"),
        ("webhooks", f"{posting.TIMEOUT} seconds each"),
        ("sign-in by OpenID Connect", f"{openid.TIMEOUT} seconds each"),
    ],
)
def test_what_costs_much_is_bounded_as_told(what, words):
    assert words in dict(rows("What costs much"))[what]
    assert (application.THREADS, deliveries.THREADS) == (2, 4)  # as the page says


def test_how_long_deliveries_are_kept_is_told():
    (told,) = [cells[2] for cells in rows("What is kept, and how") if cells[0] == "`issues_delivery`"]
    assert f"{sender.KEPT.days} days" in told


# --- Keys, connections, the log


def test_every_use_of_cryptography_stands_in_the_inventory():
    told = {path for cells in rows("Cryptography") for path in re.findall(r"`([\w/]+\.py)`", cells[0])}
    used = {
        str(path.relative_to(ROOT))
        for path in sources("estimation", "groups", "issues", "users", "evolution")
        if GUARDS.search(path.read_text())
    }
    assert told == used


def test_how_each_key_is_changed_is_told():
    text = prose("Cryptography")
    for key in (
        "`SECRET_KEY_FALLBACKS`",
        "secret of a webhook is renewed",
        "API token on the account",
        "database's password",
        "`OIDC_CLIENT_SECRET` at the provider",
    ):
        assert key in text


def test_every_setting_that_names_another_machine_stands_among_the_connections():
    source = ast.parse((ROOT / "estimation" / "settings.py").read_text())
    names = {
        node.args[0].value
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if re.fullmatch(
            r"[A-Z_]*(URL|DSN|CA_FILE|WEBHOOK_HOSTS|PRIVATE_HOSTS|ISSUER)", str(node.args[0].value)
        )
    }
    told = {name for cells in rows("Connections") for name in re.findall(r"`([A-Z_]+)`", cells[0])}
    assert told == names


NAMED = {
    "estimation.monitoring.access_log": "estimation.access",
    "estimation.monitoring.security": "estimation.security",
}


def test_whoever_writes_to_the_log_stands_in_its_inventory():
    told = [name for cells in rows("The log") for name in re.findall(r"`([\w.]+)`", cells[0])]
    writes = {
        str(path.relative_to(ROOT)).removesuffix(".py").replace("/", ".")
        for path in sources("estimation", "groups", "issues", "users", "evolution")
        if re.search(r"getLogger\([^)]", path.read_text())
    }
    # These two have names of their own.
    writes = {NAMED.get(module, module) for module in writes}
    assert [each for each in writes if not each.startswith(tuple(told))] == []
    for name in set(told) - {"django.request"}:
        assert [module for module in writes if module.startswith(name)], name


def test_it_writes_to_one_place():
    assert list(settings.LOGGING["handlers"]) == ["console"]
    assert settings.LOGGING["handlers"]["console"]["()"] is Console
    assert issubclass(Console, logging.StreamHandler)
    assert Console().stream is sys.stderr


# --- Checks and dependencies


def test_every_check_that_is_told_is_one_that_can_be_run():
    run = (ROOT / "scripts" / "test").read_text()
    tasks = (ROOT / "Makefile").read_text()
    for name, _holds, when in rows("Checks"):
        words = name.strip("`")
        if words.startswith("make "):
            assert f"\n{words.removeprefix('make ')}: ##" in tasks, name
        else:
            assert (ROOT / words).is_file(), name
            assert (words in run) == when.startswith("every run"), name


def test_each_kind_of_hole_has_a_time_in_which_it_is_closed():
    days = [int(cells[1].removesuffix(" days")) for cells in rows("Dependencies")]
    assert days == sorted(days)
    assert days[0] <= 7
    assert days[-1] <= 90
