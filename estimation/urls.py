"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from estimation import views
from groups.views.groups import start
from issues.api.application import urls as api_urls
from issues.views.api import api_page

urlpatterns = [
    path("", start, name="start"),
    path("", include("issues.urls")),  # first: the room is asked for most
    path("", include("groups.urls")),
    path("api/", api_page, name="api"),
    path("api/v1/", api_urls()),
    path("me/", include("users.urls")),
    path("language/", views.set_language, name="language-set"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    path("admin/", admin.site.urls),
]

handler500 = "estimation.views.server_error"
