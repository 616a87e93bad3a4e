"""Users in the admin: accounts, guests and the placeholder `default`.

Nobody is deleted who owns a group or stands in a history, nobody shuts out themselves, and only a superuser
changes those who may sign in to the admin.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalChanges

from users import mails, nicknames, two_factor
from users.admin_forms import AccountCreationForm, PersonChangeForm
from users.models import ApiToken, Identity, User

# How many reasons a page of refusal names before it only counts them.
REASONS_SHOWN = 20

_PLACEHOLDER = models.Q(nickname=nicknames.DEFAULT_OWNER, is_active=False)
_PLACEHOLDER_NOTE = _(
    "Stands for the groups that came without an owner, until they are handed over. "
    "It can never sign in, and nothing about it can be changed."
)
_PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("account", _("account")), ("guest", _("guest")), ("default", _("placeholder"))]

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[User]) -> models.QuerySet[User]:
        match self.value():
            case "account":
                return queryset.exclude(email=None)
            case "guest":
                return queryset.filter(email=None).exclude(_PLACEHOLDER)
            case "default":
                return queryset.filter(_PLACEHOLDER)
            case _:
                return queryset


@admin.register(User)
class UserAdmin(DjangoUserAdmin[Any]):
    form = PersonChangeForm
    add_form = AccountCreationForm
    add_form_template = None
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "nickname", "password1", "password2")}),
    )
    list_display = (
        "nickname",
        "email",
        "kind",
        "is_staff",
        "is_active",
        "groups_owned",
        "memberships_held",
        "date_joined",
    )
    list_filter = (KindFilter, "is_staff", "is_active", "date_joined")
    search_fields = ("nickname", "email")
    search_help_text = _("Nickname or e-mail")
    ordering = ("-pk",)
    show_full_result_count = False
    readonly_fields = ("last_login", "date_joined", "groups_owned", "memberships_held")
    actions = ("deactivate", "activate", "sign_out_everywhere", "turn_off_two_factor")

    # --- What is shown

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        people: models.QuerySet[User] = super().get_queryset(request)
        return people.annotate(owned_count=_count("estimation_groups"), held_count=_count("memberships"))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        account = obj.email is not None
        # A guest has no password, and whoever may not change the user may not reset it.
        password = ["password"] if account and self.has_change_permission(request, obj) else []
        note = _PLACEHOLDER_NOTE if obj.is_default_owner else ""
        fieldsets: list[Any] = [(None, {"fields": ["nickname", "email", *password], "description": note})]
        if account:
            fieldsets.append((_("Permissions"), {"fields": ["is_active", *_PRIVILEGES]}))
        else:
            fieldsets.append((_("Permissions"), {"fields": ["is_active"]}))
        fieldsets.append((_("Groups"), {"fields": ["groups_owned", "memberships_held"]}))
        fieldsets.append((_("Dates"), {"fields": ["date_joined", "last_login"]}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if not _is_superuser(request):
            fields += _PRIVILEGES
        if obj is not None and obj.pk == _pk(request):
            # Nobody shuts out themselves.
            fields += ["is_active", "is_staff", "is_superuser"]
        return list(dict.fromkeys(fields))

    @admin.display(description=_("kind"))
    def kind(self, user: User) -> str:
        if user.is_default_owner:
            return gettext("placeholder")
        return gettext("guest") if user.is_guest else gettext("account")

    @admin.display(description=_("groups owned"), ordering="owned_count")
    def groups_owned(self, user: User) -> str:
        return _linked(user, user.owned_count, "admin:groups_group_changelist")  # type: ignore[attr-defined]

    @admin.display(description=_("memberships"), ordering="held_count")
    def memberships_held(self, user: User) -> str:
        return _linked(user, user.held_count, "admin:groups_membership_changelist")  # type: ignore[attr-defined]

    def choice_label(self, user: User) -> str:
        """The user in a choice, where a nickname alone does not tell who it is."""
        return choice_label(user)

    # --- Who may be changed, and by whom

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        if obj is not None and (obj.is_default_owner or not _may_touch(request, obj)):
            return False
        return allowed

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or _may_touch(request, obj))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        user = self.get_object(request, unquote(id))
        if user is not None and user.is_guest and self.has_change_permission(request, user):
            reason = gettext("%(user)s is a guest and has no password. Give them an e-mail address first.")
            self.message_user(request, reason % {"user": user}, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:users_user_change", args=[user.pk]))
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if change and "nickname" in form.changed_data and (count := len(obj.announce_nickname())):
            text = ngettext(
                "In %(count)d group somebody else has that nickname; there the user keeps the old one.",
                "In %(count)d groups somebody else has that nickname; there the user keeps the old one.",
                count,
            )
            self.message_user(request, text % {"count": count}, messages.WARNING)

    # --- Deleting

    def get_deleted_objects(
        self, objs: Sequence[User] | models.QuerySet[User], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """As Django's, with the reasons as `protected` when one of the users must stay.

        Asked before Django collects what would go too: `default` may own a hundred thousand groups.
        """
        reasons = list(_reasons_to_stay(objs, request))
        if not reasons:
            return super().get_deleted_objects(objs, request)
        shown = reasons[:REASONS_SHOWN]
        if more := len(reasons) - len(shown):
            shown.append(ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more})
        return [], {}, set(), shown

    # --- Actions

    @admin.action(permissions=["change"], description=_("Deactivate selected users"))
    def deactivate(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        count = self._set_active(request, queryset, active=False)
        text = ngettext("%(count)d user was deactivated.", "%(count)d users were deactivated.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(permissions=["change"], description=_("Activate selected users"))
    def activate(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        count = self._set_active(request, queryset, active=True)
        text = ngettext("%(count)d user was activated.", "%(count)d users were activated.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(permissions=["change"], description=_("Sign selected users out in all browsers"))
    def sign_out_everywhere(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        """Guests are left out: their browser is all by which they are known."""
        accounts = [
            user for user in queryset.exclude(email=None) if self.has_change_permission(request, user)
        ]
        for user in accounts:
            user.sign_out_everywhere()
        text = ngettext(
            "%(count)d account is signed out everywhere.",
            "%(count)d accounts are signed out everywhere.",
            len(accounts),
        )
        self.message_user(request, text % {"count": len(accounts)}, messages.SUCCESS)

    @admin.action(permissions=["superuser"], description=_("Turn two-factor sign-in off for selected users"))
    def turn_off_two_factor(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        """For those who have lost the phone and the recovery codes. They are told by mail."""
        users = [user for user in queryset if two_factor.device_of(user)]
        for user in users:
            two_factor.turn_off(user)
            mails.tell(user, "two_factor_off")
            self.log_change(request, user, [{"changed": {"fields": [gettext("two-factor sign-in")]}}])
        text = ngettext("It is off for %(count)d user.", "It is off for %(count)d users.", len(users))
        self.message_user(request, text % {"count": len(users)}, messages.SUCCESS)

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def _set_active(self, request: HttpRequest, queryset: models.QuerySet[User], *, active: bool) -> int:
        """Set the flag of those it may be set of, and say how many others there were. Returns the changed."""
        allowed = queryset.exclude(_PLACEHOLDER).exclude(pk=_pk(request))
        if not _is_superuser(request):
            allowed = allowed.exclude(models.Q(is_staff=True) | models.Q(is_superuser=True))
        left = queryset.count() - allowed.count()
        if left:
            text = ngettext(
                "%(count)d user was left as it was: you, the placeholder “default” or, "
                "since only superusers change them, staff.",
                "%(count)d users were left as they were: you, the placeholder “default” or, "
                "since only superusers change them, staff.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)
        with transaction.atomic():
            people = list(allowed.exclude(is_active=active).select_for_update())
            message = [{"changed": {"fields": ["Active"]}}]
            LogEntry.objects.log_actions(_pk(request), people, CHANGE, message)
            for person in people:
                person.is_active = active
            User.objects.bulk_update(people, ["is_active"], batch_size=1000)
        return len(people)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Who lets a program in, since when. A token can be taken away here, and neither seen nor made."""

    list_display = ("user", "made_at", "used_at")
    list_select_related = ("user",)
    fields = ("user", "made_at", "used_at")
    search_fields = ("user__nickname", "user__email")
    search_help_text = _("Nickname or e-mail")
    ordering = ("-made_at",)
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: ApiToken | None = None) -> bool:
        return False


@admin.register(Identity)
class IdentityAdmin(admin.ModelAdmin[Identity]):
    """Who opens which account by OpenID Connect. It can be taken away here, and neither made nor changed."""

    list_display = ("user", "issuer", "subject", "linked_at")
    list_select_related = ("user",)
    fields = ("user", "issuer", "subject", "linked_at")
    search_fields = ("user__nickname", "user__email", "subject")
    search_help_text = _("Nickname, e-mail, or name at the provider")
    ordering = ("-linked_at",)
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Identity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or _may_touch(request, obj.user))


def choice_label(user: User) -> str:
    """The nickname with what tells the user from another one of that name."""
    if user.is_default_owner:
        return gettext("%(nickname)s (stands for groups without an owner)") % {"nickname": user.nickname}
    if user.email is None:
        label = gettext("%(nickname)s (guest, number %(number)s)") % {
            "nickname": user.nickname,
            "number": user.pk,
        }
    else:
        label = f"{user.nickname} ({user.email})"
    return label if user.is_active else gettext("%(user)s, inactive") % {"user": label}


def _count(relation: str) -> models.Subquery:
    """How many rows the relation has: counted apart, since two joins would multiply."""
    counted = User.objects.filter(pk=models.OuterRef("pk")).order_by().values("pk")
    return models.Subquery(counted.annotate(count=models.Count(relation)).values("count"))


def _linked(user: User, count: int, changelist: str) -> str:
    if not count:
        return "0"
    return format_html('<a href="{}?user__id__exact={}">{}</a>', reverse(changelist), user.pk, count)


def _pk(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User) -> bool:
    """Whether the one who asks may change or delete the user: whoever takes over a superuser's account is one."""
    return _is_superuser(request) or not (user.is_staff or user.is_superuser)


def _reasons_to_stay(users: Iterable[User], request: HttpRequest) -> Iterator[str]:
    """Why some of the users cannot be deleted, as HTML, one reason each."""
    people = list(users)
    historic = _in_a_history([user.pk for user in people])
    owners = User.objects.filter(pk__in=[user.pk for user in people], estimation_groups__isnull=False)
    owned = dict(owners.annotate(count=models.Count("estimation_groups")).values_list("pk", "count"))
    for user in people:
        if count := owned.get(user.pk):
            yield _owns(user, count)
        elif user.pk == _pk(request):
            yield gettext("You cannot delete yourself.")
        elif user.pk in historic:
            reason = gettext(
                "%(user)s stands in the history of the groups or of the admin, which must not change. "
                "Make the user inactive instead."
            )
            yield reason % {"user": choice_label(user)}


def _owns(user: User, count: int) -> str:
    reason = ngettext("%(user)s owns %(count)d group.", "%(user)s owns %(count)d groups.", count)
    return format_html(
        '{} <a href="{}?user__id__exact={}">{}</a>',
        reason % {"user": choice_label(user), "count": count},
        reverse("admin:groups_group_changelist"),
        user.pk,
        gettext("Select them and hand them over first"),
    )


def _in_a_history(users: Sequence[int]) -> set[int]:
    """Those of the users (primary keys) whom any table of history names, or the admin's own log."""
    found = set(LogEntry.objects.filter(user__in=users).values_list("user", flat=True))
    for relation in User._meta.get_fields(include_hidden=True):
        table: Any = relation.related_model
        if isinstance(relation, models.ManyToOneRel) and issubclass(table, HistoricalChanges):
            name = relation.field.name
            rows = table._default_manager.filter(**{f"{name}__in": users})
            found.update(rows.order_by().values_list(name, flat=True).distinct())
    return found
