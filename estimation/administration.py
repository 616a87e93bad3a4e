"""The admin's site: its name, and choices that tell two people of the same nickname apart."""

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import sites
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from users.requests import user_or_none
from users.two_factor import device_of

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# Its scripts are jQuery, which writes HTML into pages by itself. All else of the policy holds for them.
WITHOUT_TRUSTED_TYPES = {"require-trusted-types-for": None, "trusted-types": None}


# Seconds without a request to the admin, after which staff sign in again; and how exactly that is counted.
IDLE = 30 * 60
NOTED_AGAIN = 60
_SEEN = "admin_seen"


def _is_idle(request: HttpRequest) -> bool:
    """Whether the session was in the admin before, and not for IDLE; notes that it is there now."""
    now = time.time()
    seen = request.session.get(_SEEN, now - NOTED_AGAIN)
    if now - seen > IDLE:
        return True
    if now - seen >= NOTED_AGAIN:
        request.session[_SEEN] = now
    return False


class LabelledAutocompleteView(AutocompleteJsonView):
    """What a choice offers while one types, named by the model's admin where it has `choice_label`."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "choice_label", str)
        return {"id": str(getattr(obj, to_field_name)), "text": label(obj)}


class AdminSite(sites.AdminSite):
    """Entered through the site's own page to sign in, and, with STAFF_TWO_FACTOR, with a second factor only."""

    site_header = _("Estimation administration")
    site_title = _("Estimation administration")
    index_title = _("Users, groups and issues")

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 (Django's signature)
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def while_busy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _is_idle(request):
                logout(request)
                messages.info(request, gettext("You did nothing here for half an hour. Sign in again."))
                return redirect_to_login(request.get_full_path())
            return guarded(request, *args, **kwargs)

        return cast("View", csp_replace(WITHOUT_TRUSTED_TYPES)(while_busy))

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Leads to where one gets in; tells those who are signed in, and may not enter, that they may not."""
        then = request.GET.get("next", reverse("admin:index"))
        user = user_or_none(request)
        if user is None or user.is_guest:
            return redirect_to_login(then)
        if not super().has_permission(request):
            return render(request, "estimation/no_staff.html", status=HTTPStatus.FORBIDDEN)
        if self.has_permission(request):
            return redirect("admin:index")
        if device_of(user):
            return redirect_to_login(then, reverse("users:second-factor"))
        messages.info(request, gettext("The administration needs two-factor sign-in. Turn it on first."))
        return redirect("users:two-factor")

    def has_permission(self, request: HttpRequest) -> bool:
        if not super().has_permission(request):
            return False
        return not settings.STAFF_TWO_FACTOR or bool(getattr(request.user, "is_verified", lambda: False)())

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """As Django's, with the machinery last, and the groups of permissions called so: they are no teams."""
        listed = super().get_app_list(request, app_label)
        for app in listed:
            if app["app_label"] == "auth":
                app["name"] = gettext("Permissions")
                for model in app["models"]:
                    model["name"] = gettext("Permission groups")
        return sorted(listed, key=lambda app: app["app_label"] in {"auth", "evolution"})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast("HttpResponse", LabelledAutocompleteView.as_view(admin_site=self)(request))
