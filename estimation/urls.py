"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from estimation import views
from groups.views.groups import start

urlpatterns = [
    path("", start, name="start"),
    path("", include("groups.urls")),
    path("", include("issues.urls")),
    path("me/", include("users.urls")),
    path("language/", views.set_language, name="language-set"),
    path("healthz", views.healthz, name="healthz"),
    path("robots.txt", views.robots, name="robots"),
    path("admin/", admin.site.urls),
]
