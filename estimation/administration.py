"""The admin's site: its name, and choices that tell two people of the same nickname apart."""

from typing import Any, cast

from django.contrib.admin import apps, sites
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache


class LabelledAutocompleteView(AutocompleteJsonView):
    """What a choice offers while one types, named by the model's admin where it has `choice_label`."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "choice_label", str)
        return {"id": str(getattr(obj, to_field_name)), "text": label(obj)}


class AdminSite(sites.AdminSite):
    site_header = _("Estimation administration")
    site_title = _("Estimation administration")
    index_title = _("Users, groups and issues")

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # A guest, who has no e-mail, is told by nickname that the session may not enter.
        return super().login(request, {"username": str(request.user)} | (extra_context or {}))

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


class AdminConfig(apps.AdminConfig):
    """Stands in INSTALLED_APPS for django.contrib.admin."""

    default_site = "estimation.administration.AdminSite"
