"""The history of an object in the admin."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin

if TYPE_CHECKING:

    class _HistoryAdmin(admin.ModelAdmin[Any]):
        """What is used of SimpleHistoryAdmin, which has no types."""

        def set_history_delta_changes(
            self,
            request: HttpRequest,
            historical_records: Iterable[Any],
            foreign_keys_are_objs: bool = ...,  # noqa: FBT001
        ) -> None: ...
else:
    _HistoryAdmin = SimpleHistoryAdmin


class ReadOnlyHistoryAdmin(_HistoryAdmin):
    """The history of each object, to be read.

    Not to be brought back: the library's page for that would let those who may only look change the object,
    and an earlier version of a group would make worthless invite links work again.
    """

    object_history_list_template = "admin/groups/history_list.html"

    def get_urls(self) -> list[URLPattern]:
        return admin.ModelAdmin.get_urls(self)

    def revert_disabled(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return True

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def set_history_delta_changes(
        self,
        request: HttpRequest,
        historical_records: Iterable[Any],
        foreign_keys_are_objs: bool = True,  # noqa: FBT001, FBT002 (the library's signature)
    ) -> None:
        """As the library's, and with the fields that no form shows, such as the date of archiving."""
        super().set_history_delta_changes(request, historical_records, foreign_keys_are_objs)
        for newer, older in pairwise(historical_records):
            for field in newer.tracked_fields:
                old, new = getattr(older, field.attname), getattr(newer, field.attname)
                if not field.editable and old != new:
                    newer.history_delta_changes.append(
                        {"field": capfirst(field.verbose_name), "old": old, "new": new}
                    )
