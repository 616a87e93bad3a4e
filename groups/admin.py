"""Groups and their members in the admin.

A group is archived here, never deleted; a seat can be deleted unless it is the owner's; and every change,
of one group or of a hundred thousand, stands in the history with who made it.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from groups import batches
from groups.admin_forms import SEATS_SHOWN, Choice, GroupForm, HandOverForm, SeatForm, SeatFormSet, UserField
from groups.admin_history import ReadOnlyHistoryAdmin
from groups.models import Group, GroupQuerySet, Membership
from users import nicknames
from users.models import User

# How many of the selected groups the page before a handing over names.
NAMES_SHOWN = 10


class Chooses:
    """For forms in which a user or a group is chosen while one types."""

    admin_site: admin.AdminSite

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs["widget"] = Choice(db_field, self.admin_site)
        if db_field.remote_field.model is User:
            kwargs["form_class"] = UserField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Choosing somebody else must not look like deleting the one who stands there.
            field.widget.can_delete_related = False
        return field

    def may_choose(self, request: HttpRequest, *among: type[models.Model]) -> bool:
        """Whether whoever asks may see the rows among which a choice offers its own."""
        return all(self.admin_site.get_model_admin(model).has_view_permission(request) for model in among)


class ArchivedFilter(admin.SimpleListFilter):
    title = _("archived")
    parameter_name = "archived"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[Group]) -> models.QuerySet[Group]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(archived_at__isnull=self.value() == "no")
        return queryset


class OwnerFilter(admin.SimpleListFilter):
    title = _("owner")
    parameter_name = "owner"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("default", _("“default”, so nobody yet")), ("somebody", _("Somebody"))]

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[Group]) -> models.QuerySet[Group]:
        placeholder = models.Q(user__nickname=nicknames.DEFAULT_OWNER, user__is_active=False)
        match self.value():
            case "default":
                return queryset.filter(placeholder)
            case "somebody":
                return queryset.exclude(placeholder)
            case _:
                return queryset


class SeatInline(Chooses, admin.TabularInline[Membership, Group]):
    model = Membership
    form = SeatForm
    formset = SeatFormSet  # type: ignore[assignment]
    fields = ("user", "nickname", "role")
    autocomplete_fields = ("user",)
    ordering = ("pk",)
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_add_permission(request, obj) and self.may_choose(request, User)


@admin.register(Group)
class GroupAdmin(Chooses, ReadOnlyHistoryAdmin):
    form = GroupForm
    fields = ("name", "user", "all_seats", "created_at", "archived_at")
    readonly_fields = ("all_seats", "created_at", "archived_at")
    autocomplete_fields = ("user",)
    inlines = (SeatInline,)
    list_display = ("title", "user", "seats", "created_at", "archived_at")
    list_filter = (ArchivedFilter, OwnerFilter)
    list_select_related = ("user",)
    search_fields = ("name", "user__nickname", "user__email", "id__exact")
    search_help_text = _("Name, number, or the owner’s nickname or e-mail")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("hand_over", "archive", "restore")

    def get_queryset(self, request: HttpRequest) -> GroupQuerySet:
        groups = cast("GroupQuerySet", super().get_queryset(request))
        return groups.with_member_count()

    @admin.display(description=_("group"), ordering="name")
    def title(self, group: Group) -> str:
        return str(group)

    @admin.display(description=_("members"), ordering="member_count")
    def seats(self, group: Group) -> str:
        count = getattr(group, "member_count", 0)
        if not count:
            return "0"
        url = reverse("admin:groups_membership_changelist")
        return format_html('<a href="{}?group__id__exact={}">{}</a>', url, group.pk, count)

    @admin.display(description=_("members"))
    def all_seats(self, group: Group) -> str:
        if getattr(group, "member_count", 0) <= SEATS_SHOWN:
            return self.seats(group)
        note = gettext("in all, of whom the first %(count)d are below") % {"count": SEATS_SHOWN}
        return format_html("{} {}", self.seats(group), note)

    def choice_label(self, group: Group) -> str:
        """The group in a choice, where a name alone does not tell which it is."""
        return gettext("%(group)s (number %(number)s)") % {"group": group, "number": group.pk}

    # --- Who may do what

    def has_hand_over_permission(self, request: HttpRequest) -> bool:
        """Handing over means choosing among the users, so one has to be allowed to see them."""
        return self.has_change_permission(request) and self.may_choose(request, User)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and self.may_choose(request, User)

    def has_delete_permission(self, _request: HttpRequest, _obj: Group | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        if self.may_choose(request, User):
            return self.readonly_fields
        return ("user", *self.readonly_fields)

    # --- Saving

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:  # noqa: FBT001
        if change and "user" in form.changed_data:
            before = User.objects.get(pk=form.initial["user"])
            obj._change_reason = batches.handed_over_from(before)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        if "user" in form.changed_data:
            # After the members, among whom the new owner may have been added by hand.
            form.instance.seat(form.instance.user)

    # --- Actions

    @admin.action(permissions=["hand_over"], description=_("Hand selected groups over"))
    def hand_over(self, request: HttpRequest, queryset: GroupQuerySet) -> TemplateResponse | None:
        confirmed = "confirmed" in request.POST
        form = HandOverForm(self.admin_site, request.POST if confirmed else None)
        if confirmed and form.is_valid():
            to = form.cleaned_data["user"]
            count = batches.hand_over(queryset, to, _staff(request))
            text = ngettext(
                "%(count)d group now belongs to %(user)s.", "%(count)d groups now belong to %(user)s.", count
            )
            self.message_user(request, text % {"count": count, "user": to}, messages.SUCCESS)
            return None
        context = self.admin_site.each_context(request) | {
            "title": gettext("Hand groups over"),
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            "count": (count := queryset.count()),
            "groups": queryset[:NAMES_SHOWN],
            "more": max(0, count - NAMES_SHOWN),
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/groups/group/hand_over.html", context)

    @admin.action(permissions=["change"], description=_("Archive selected groups"))
    def archive(self, request: HttpRequest, queryset: GroupQuerySet) -> None:
        count = batches.archive(queryset, _staff(request))
        text = ngettext("%(count)d group was archived.", "%(count)d groups were archived.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(permissions=["change"], description=_("Restore selected groups"))
    def restore(self, request: HttpRequest, queryset: GroupQuerySet) -> None:
        count = batches.restore(queryset, _staff(request))
        text = ngettext("%(count)d group was restored.", "%(count)d groups were restored.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Membership)
class MembershipAdmin(Chooses, ReadOnlyHistoryAdmin):
    form = SeatForm
    fields = ("group", "user", "nickname", "role", "joined_at")
    readonly_fields = ("joined_at",)
    autocomplete_fields = ("group", "user")
    list_display = ("nickname", "group", "user", "role", "joined_at")
    list_filter = ("role", "joined_at")
    list_select_related = ("group", "user")
    search_fields = ("nickname", "user__nickname", "user__email", "group__name")
    search_help_text = _("Nickname, e-mail or group")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and self.may_choose(request, Group, User)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        # A seat stays where and whose it is; another one is another seat.
        return self.readonly_fields if obj is None else ("group", "user", *self.readonly_fields)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            # Somebody took the nickname or the seat between the check and the writing. A second check sees it.
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_deleted_objects(
        self, objs: Sequence[Membership] | models.QuerySet[Membership], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """As Django's, with the reasons as `protected` when one of the seats is an owner's."""
        reasons = [_must_stay(seat) for seat in objs if seat.is_owner]
        return ([], {}, set(), reasons) if reasons else super().get_deleted_objects(objs, request)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        with transaction.atomic():
            obj.group.remove(obj)


def _must_stay(seat: Membership) -> str:
    """Why an owner's seat cannot be deleted, as HTML."""
    return format_html(
        '{} <a href="{}">{}</a>',
        gettext("%(nickname)s owns “%(group)s”, and the owner keeps a seat.")
        % {"nickname": seat, "group": seat.group},
        reverse("admin:groups_group_change", args=[seat.group_id]),
        gettext("Hand the group over first"),
    )


def _staff(request: HttpRequest) -> User:
    """Whoever asks; the admin lets no visitor come this far."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
