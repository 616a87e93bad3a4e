"""Issues, rounds and votes in the admin.

An issue is archived here, never deleted. Rounds, their transitions and votes are only looked at; and who looks at a
vote sees card and reason no sooner than the group does.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm

from groups.admin import ArchivedFilter, Chooses
from groups.models import Group
from issues import admin_import, backlog, ballots
from issues.models import Delivery, Issue, Round, Transition, Vote, Webhook
from issues.models.issue import IssueQuerySet
from issues.resources import IncomingIssueResource, IssueResource
from issues.rooms import changing

if TYPE_CHECKING:

    class _TransferAdmin(admin.ModelAdmin[Issue]):
        """What is used of the library's mixin, which has no types."""

        def process_result(self, result: Any, request: HttpRequest) -> HttpResponse: ...
else:

    class _TransferAdmin(ImportExportMixin, admin.ModelAdmin):
        pass


class EstimatedFilter(admin.SimpleListFilter):
    title = _("estimated")
    parameter_name = "estimated"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[Issue]) -> models.QuerySet[Issue]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(estimated_at__isnull=self.value() == "no")
        return queryset


class IssueForm(forms.ModelForm[Issue]):
    """An issue of a group that is not archived."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        group = self.instance.group if self.instance.pk else cleaned.get("group")
        if group is not None and group.is_archived:
            raise ValidationError(_("This group is archived. Restore it before you change its issues."))
        return cleaned


@admin.register(Issue)
class IssueAdmin(Chooses, _TransferAdmin):
    form = IssueForm
    fields = (
        "group", "key", "title", "url", "sprint", "description",
        "estimate", "estimate_value", "estimated_by", "estimated_at", "created_at", "archived_at",
    )  # fmt: skip
    readonly_fields = (
        "estimate", "estimate_value", "estimated_by", "estimated_at", "created_at", "archived_at",
    )  # fmt: skip
    autocomplete_fields = ("group",)
    list_display = (
        "title",
        "key",
        "group",
        "sprint",
        "estimate",
        "estimated_by",
        "estimated_at",
        "archived_at",
    )
    list_filter = (ArchivedFilter, EstimatedFilter, "estimated_at")
    list_select_related = ("group", "estimated_by")
    search_fields = ("key", "title", "sprint", "group__name")
    search_help_text = _("Key, title, sprint or group")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("archive", "restore")

    resource_classes: ClassVar[list[Any]] = [IssueResource]
    import_formats: ClassVar[list[Any]] = [admin_import.CSV]
    export_formats: ClassVar[list[Any]] = [admin_import.CSV, admin_import.JSON]
    import_form_class = admin_import.ImportForm
    confirm_form_class = admin_import.ConfirmForm
    tmp_storage_class = admin_import.InTheForm
    import_template_name = "admin/issues/issue/import.html"
    # The library's form for choosing single columns needs scripts inside the page.
    export_form_class = ExportForm

    # --- Who may do what

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and self.may_choose(request, Group)

    def has_delete_permission(self, _request: HttpRequest, _obj: Issue | None = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Issue | None = None) -> tuple[str, ...]:
        # Its rounds are the group's, so an issue stays in it.
        return self.readonly_fields if obj is None else ("group", *self.readonly_fields)

    # --- Import

    def get_import_resource_classes(self, _request: HttpRequest) -> list[Any]:
        return [IncomingIssueResource]

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs | {"rollback_on_validation_errors": True}

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """As the library's; but what could not be imported since the preview is not called a success."""
        if result.has_errors() or result.has_validation_errors():
            messages.error(
                request, gettext("Nothing was imported: something has changed. Choose the file again.")
            )
            return HttpResponseRedirect(reverse("admin:issues_issue_import"))
        return super().process_result(result, request)

    # --- Saving

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Issue, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            backlog.add_last(obj)
            return
        with changing(obj.group):
            obj.save(update_fields=form.changed_data)

    # --- Actions

    @admin.action(permissions=["change"], description=_("Archive selected issues"))
    def archive(self, request: HttpRequest, queryset: IssueQuerySet) -> None:
        count = backlog.archive_all(queryset)
        text = ngettext("%(count)d issue was archived.", "%(count)d issues were archived.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(permissions=["change"], description=_("Restore selected issues"))
    def restore(self, request: HttpRequest, queryset: IssueQuerySet) -> None:
        count = backlog.restore_all(queryset)
        text = ngettext("%(count)d issue was restored.", "%(count)d issues were restored.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


class OnlyLooked:
    """For what the estimation itself writes, and nobody else."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Round)
class RoundAdmin(OnlyLooked, admin.ModelAdmin[Round]):
    fields = (
        "group", "issue", "state", "deck", "reveals_by_itself", "opened_at", "deadline", "timer_ends_at",
        "nudged_at", "estimate",
    )  # fmt: skip
    list_display = ("pk", "group", "issue", "state", "opened_at", "votes", "estimate")
    list_filter = ("state", "opened_at")
    list_select_related = ("group", "issue")
    search_fields = ("issue__key", "issue__title", "group__name")
    search_help_text = _("Key or title of the issue, or group")
    ordering = ("-pk",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Round]:
        return super().get_queryset(request).annotate(vote_count=models.Count("votes"))

    @admin.display(description=_("votes"), ordering="vote_count")
    def votes(self, round_: Round) -> int:
        return int(getattr(round_, "vote_count", 0))


@admin.register(Transition)
class TransitionAdmin(OnlyLooked, admin.ModelAdmin[Transition]):
    fields = ("round", "state", "at", "by", "name", "votes", "voters", "missing")
    list_display = ("at", "round", "state", "name", "votes", "voters")
    list_filter = ("state", "at")
    list_select_related = ("round__issue", "round__group")
    search_fields = ("round__issue__key", "round__issue__title", "round__group__name", "name")
    search_help_text = _("Key or title of the issue, group, or name")
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(Vote)
class VoteAdmin(OnlyLooked, admin.ModelAdmin[Vote]):
    """Who voted; what, `issues.ballots` says. Nothing can be searched, filtered or sorted by card or reason."""

    fields = ("round", "voter", "name", "cast_at", "card_or_sealed", "reason_or_sealed")
    readonly_fields = ("card_or_sealed", "reason_or_sealed")
    list_display = ("name", "voter", "round", "cast_at", "card_or_sealed", "reason_or_sealed")
    list_filter = ("round__state", "cast_at")
    list_select_related = ("round__issue", "round__group", "voter")
    search_fields = (
        "name",
        "voter__nickname",
        "round__issue__key",
        "round__issue__title",
        "round__group__name",
    )
    search_help_text = _("Nickname, group, or key or title of the issue")
    ordering = ("-pk",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Vote]:
        return ballots.with_revealed(super().get_queryset(request))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Django lets an address filter by any column, and so try out card after card; here by these alone."""
        column = lookup.partition("__")[0]
        allowed: bool = super().lookup_allowed(lookup, value, request)
        return allowed and column in {"round", "voter", "cast_at", "id"}

    @admin.display(description=_("card"))
    def card_or_sealed(self, vote: Vote) -> str:
        return _told(vote, "revealed_card")

    @admin.display(description=_("reason"))
    def reason_or_sealed(self, vote: Vote) -> str:
        return _told(vote, "revealed_reason")


@admin.register(Webhook)
class WebhookAdmin(OnlyLooked, admin.ModelAdmin[Webhook]):
    """Where events go. A webhook can be removed here, with what was sent there; its secret is not shown."""

    fields = ("group", "url", "is_active", "made_at", "made_by")
    list_display = ("url", "group", "is_active", "made_at", "made_by")
    list_filter = ("is_active", "made_at")
    list_select_related = ("group", "made_by")
    search_fields = ("url", "group__name")
    search_help_text = _("Address or group")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Delivery)
class DeliveryAdmin(OnlyLooked, admin.ModelAdmin[Delivery]):
    """What was sent where, and what came of it. The body tells votes that are revealed, and is left to the group."""

    fields = ("webhook", "event", "number", "made_at", "attempts", "next_attempt_at", "delivered_at", "error")
    list_display = ("made_at", "webhook", "event", "attempts", "next_attempt_at", "delivered_at", "error")
    list_filter = ("event", "made_at")
    list_select_related = ("webhook",)
    search_fields = ("webhook__url", "webhook__group__name")
    search_help_text = _("Address or group")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only with its webhook."""
        return obj is None and admin.ModelAdmin.has_delete_permission(self, request, obj)


def _told(vote: Vote, name: str) -> str:
    told = getattr(vote, name)
    return gettext("sealed") if told is None else str(told)
