"""Addresses of issues and of what is known about them."""

from django.urls import path

from issues.views import statistics

app_name = "issues"

urlpatterns = [
    path("groups/<int:group_id>/statistics/", statistics.statistics, name="statistics"),
]
