"""How the admin is installed. Apart from its site, which may be loaded only when every application is."""

from django.apps import apps as applications
from django.contrib.admin import apps, sites


class AdminConfig(apps.AdminConfig):
    """Stands in INSTALLED_APPS for django.contrib.admin."""

    default_site = "estimation.administration.AdminSite"

    def ready(self) -> None:
        super().ready()
        # It would show the keys of everybody's second factor.
        sites.site.unregister(applications.get_model("otp_totp", "TOTPDevice"))
