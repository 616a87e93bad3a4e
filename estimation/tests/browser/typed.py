"""What people type, found by looking at the code: the text fields of all models and forms, and forms filled in."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.admin.sites import site as admin_site
from django.contrib.auth.tokens import default_token_generator
from django.db import models
from django.forms import BaseForm
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from estimation.tests.browser.payloads import EVERYTHING, SHORT
from estimation.tests.test_routes import OWN_ROUTES, ROUTES, Cast
from users.models import User

APPS = ("users", "groups", "issues", "estimation", "evolution")
# What no person types, and no page shows.
MADE_BY_PROGRAMS = {
    "users.User.password",  # a hash
    "users.ApiToken.digest",
    "users.RecoveryCode.digest",
    "users.Identity.digest",
    "users.Identity.issuer",  # a setting
    "otp_totp.TOTPDevice.key",
    "otp_totp.TOTPDevice.name",
    # What django-axes notes of wrong passwords stands on no page.
    *(
        f"axes.{model}.{field}"
        for model in ("AccessAttempt", "AccessFailureLog", "AccessLog")
        for field in ("user_agent", "username", "http_accept", "path_info")
    ),
    "axes.AccessAttempt.get_data",
    "axes.AccessAttempt.post_data",
    "axes.AccessLog.session_hash",
    "groups.Membership.nickname_key",
    "issues.Webhook.secret",
    "admin.LogEntry.object_id",
    "auth.Permission.name",  # Django's, of models
    "auth.Permission.codename",
    "contenttypes.ContentType.app_label",
    "contenttypes.ContentType.model",
    "sessions.Session.session_key",
    "sessions.Session.session_data",
}
# What is sent beside the fields of forms: where to go on, which step, which tab, and what buttons are called.
BESIDE = (
    *(
        "next",
        "back",
        "then",
        "page",
        "show",
        "step",
        "packed",
        "token",
        "early",
        "by_itself",
        "preview",
        "have",
    ),
    *(
        "format",
        "language",
        "direction",
        "after",
        "role",
        "member",
        "issue",
        "minutes",
        "time",
        "days",
        "deck",
    ),
    *("action", "select_across", "index", "_popup", "_to_field", "_changelist_filters", "e", "o", "p", "all"),
    *("_save", "import_file", "resource"),
)


def model_texts() -> dict[str, Any]:
    """Every column of text in the database, by `app.Model.field`, with its model's table of history."""
    return {
        f"{model._meta.label}.{field.name}": (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField, models.JSONField)) and not field.choices
    }


def form_texts() -> set[tuple[str, str]]:
    """Class and field of everything that can be typed into one of the site's own forms."""
    for app in APPS:
        for module in pkgutil.walk_packages(importlib.import_module(app).__path__, f"{app}."):
            if not {"tests", "migrations", "asgi", "wsgi"} & set(module.name.split(".")):
                importlib.import_module(module.name)
    return {
        (form.__name__, name)
        for form in set(_below(BaseForm))
        if form.__module__.partition(".")[0] in APPS and ".tests." not in form.__module__
        for name, found in vars(form).get("base_fields", {}).items()
        if is_text(found)
    }


def admin_texts(staff: User) -> set[tuple[str, str]]:
    """Model and field of everything that staff can type into the admin's forms."""
    request = RequestFactory().get("/")
    request.user = staff
    found = set()
    for model, admin in admin_site._registry.items():
        for instance, may in ((None, admin.has_add_permission), (model(), admin.has_change_permission)):
            if may(request):
                form = admin.get_form(request, instance, change=instance is not None)
                found |= {(model._meta.label, name) for name, one in form.base_fields.items() if is_text(one)}
    return found


def is_text(field: Any) -> bool:
    """Whether somebody types into it."""
    return isinstance(field, (forms.CharField, forms.JSONField))


def names() -> list[str]:
    """What any form of the site calls a field, and what is sent beside them."""
    return sorted({name for _form, name in form_texts()} | set(BESIDE))


def sendings(cast: Cast, name: str, payload: str) -> Iterator[dict[str, Any]]:
    """What is sent to a route: once nothing but the payload, and once what it takes, with the payload in its texts."""
    yield dict.fromkeys(names(), payload)
    texts = {field for _form, field in form_texts()}
    given = {key: cast.values().get(value, value) for key, value in ROUTES[name].data.items()}
    yield dict.fromkeys(names(), payload) | {
        key: payload if key in texts and value in {"Nina", "Search", "Refund"} else value
        for key, value in given.items()
    }


def forms_of_own_pages(cast: Cast, *, public: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and content of a form for each route, or each that visitors may open; each with another payload."""
    for number, (name, pattern) in enumerate(OWN_ROUTES.items()):
        if not name.startswith("api-1:") and (not public or ROUTES[name].get["anonymous"] == 200):
            address = reverse(name, kwargs=cast.arguments(pattern))
            for data in sendings(cast, name, SHORT[number % len(SHORT)]):
                yield address, data


def new_passwords() -> Iterator[dict[str, str]]:
    """What may be typed by somebody who has forgotten the password."""
    yield {"new_password1": EVERYTHING, "new_password2": SHORT[0]}
    yield {"new_password1": SHORT[0], "new_password2": SHORT[0]}


def page_of_a_new_password(client: Client, user: User) -> str:
    """Where the link of the mail leads to, in the browser that has followed it."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(User.objects.get(pk=user.pk))
    link = reverse("users:password-reset-confirm", kwargs={"uidb64": number, "token": token})
    return str(client.get(link)["Location"])


def filled(context: Any, payload: str) -> Iterator[dict[str, Any]]:
    """The forms of a page of the admin as they would be sent: with the payload in all texts, and where it would be
    taken."""
    for everywhere in (True, False):
        data: dict[str, Any] = {}
        for form in _admin_forms(context):
            for bound in form:
                if is_text(bound.field) and not bound.field.disabled:
                    data[bound.html_name] = _fitting(bound, payload, everywhere=everywhere)
                elif bound.value() not in (None, False, []):
                    data[bound.html_name] = "on" if bound.value() is True else bound.value()
        yield data


def _admin_forms(context: Any) -> Iterator[Any]:
    if "adminform" in context:
        yield context["adminform"].form
    for inline in context.get("inline_admin_formsets", []) if "inline_admin_formsets" in context else []:
        yield inline.formset.management_form
        yield from inline.formset.forms


def _fitting(bound: Any, payload: str, *, everywhere: bool) -> str:
    limit = getattr(bound.field, "max_length", None) or 10_000
    if everywhere:
        return payload
    if isinstance(bound.field, (forms.EmailField, forms.URLField)) or "password" in bound.html_name:
        return str(bound.value() or "")
    return payload[:limit]


def _below(form: type[BaseForm]) -> Iterator[type[BaseForm]]:
    for below in form.__subclasses__():
        yield below
        yield from _below(below)


def noted(monkeypatch: Any, payloads: tuple[str, ...]) -> set[tuple[str, str]]:
    """Class (or model, in the admin) and field of each form that is checked with a payload in it, from now on."""
    found: set[tuple[str, str]] = set()
    check = BaseForm.full_clean

    def noting(form: Any) -> None:
        sent: Mapping[str, Any] = form.data if form.is_bound else {}
        for name in form.fields:
            if any(payload[:30] in str(sent.get(form.add_prefix(name), "")) for payload in payloads):
                classes = [
                    one.__name__ for one in type(form).__mro__ if one.__module__.partition(".")[0] in APPS
                ]
                model = getattr(getattr(form, "_meta", None), "model", None)
                found.update((one, name) for one in [*classes, *([model._meta.label] if model else [])])
        check(form)

    monkeypatch.setattr(BaseForm, "full_clean", noting)
    return found
