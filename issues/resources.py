"""Issues as the admin's import and export see them: of any group, and each with its number."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Count
from django.utils.html import format_html
from django.utils.translation import gettext as _
from import_export import fields, resources, results, widgets

from groups.models import Group
from issues import backlog
from issues.models import Issue
from issues.rooms import changing
from users import nicknames


class Diff(resources.Diff):  # type: ignore[misc]
    """What an import changes, without the inline styles of the library's."""

    def as_html(self) -> list[str]:
        before = ["" if self.new else value for value in self.left]
        return [
            format_html("{}", after)
            if old == after
            else format_html("<del>{}</del> <ins>{}</ins>", old, after)
            for old, after in zip(before, self.right, strict=True)
        ]


class GroupWidget(widgets.ForeignKeyWidget):  # type: ignore[misc]
    """A group by its number, found with one query for all rows."""

    groups: Mapping[str, Group]

    def clean(self, value: Any, row: Any = None, **_options: Any) -> Group:
        group = self.groups.get(str(value or "").strip())
        if group is None:
            raise ValueError(
                _("There is no group “%(number)s”. Write the number of one.") % {"number": value}
            )
        return group


class NumberWidget(widgets.IntegerWidget):  # type: ignore[misc]
    """An issue's number; what is none is no issue."""

    def clean(self, value: Any, row: Any = None, **options: Any) -> int | None:
        text = str(value or "").strip()
        if text and not _is_number(text):
            raise ValueError(_("There is no such issue. Leave the cell empty for a new one."))
        return super().clean(text, row, **options)  # type: ignore[no-any-return]


class LineWidget(widgets.CharWidget):  # type: ignore[misc]
    """A line of text without what nobody can see, as the forms of the pages keep it."""

    def clean(self, value: Any, row: Any = None, **options: Any) -> str:
        return nicknames.clean(super().clean(value, row, **options) or "")


class TextWidget(widgets.CharWidget):  # type: ignore[misc]
    """Text of any number of lines."""

    def clean(self, value: Any, row: Any = None, **options: Any) -> str:
        text: str = super().clean(value, row, **options) or ""
        if "\0" in text:
            raise ValueError(ProhibitNullCharactersValidator.message)
        return text


class IssueResource(resources.ModelResource):  # type: ignore[misc]
    """A row with an `id` is the issue of that number; one without becomes a new one, the last of its group."""

    id = fields.Field("id", "id", NumberWidget())
    group = fields.Field("group", "group", GroupWidget(Group))
    key = fields.Field("key", "key", LineWidget())
    title = fields.Field("title", "title", LineWidget())
    url = fields.Field("url", "url", LineWidget())
    sprint = fields.Field("sprint", "sprint", LineWidget())
    description = fields.Field("description", "description", TextWidget())
    group_name = fields.Field("group__name", "group_name", readonly=True)
    estimated_by = fields.Field("estimated_by__nickname", "estimated_by", readonly=True)
    # What only the estimation itself says.
    estimate = fields.Field("estimate", "estimate", readonly=True)
    estimate_value = fields.Field("estimate_value", "estimate_value", readonly=True)
    estimated_at = fields.Field("estimated_at", "estimated_at", readonly=True)
    rounds = fields.Field("round_count", "rounds", readonly=True)
    created_at = fields.Field("created_at", "created_at", readonly=True)
    archived_at = fields.Field("archived_at", "archived_at", readonly=True)

    class Meta:
        model = Issue
        fields = (
            "id", "group", "group_name", "key", "title", "url", "sprint", "description", "estimate",
            "estimate_value", "estimated_by", "estimated_at", "rounds", "created_at", "archived_at",
        )  # fmt: skip
        export_order = fields
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def get_import_fields(self) -> list[Any]:
        return [field for field in super().get_import_fields() if not field.readonly]

    def get_diff_headers(self) -> list[str]:
        return [field.column_name for field in self.get_import_fields()]

    def get_diff_class(self) -> type[Diff]:
        return Diff

    def filter_export(self, queryset: Any, **_options: Any) -> Any:
        return queryset.select_related("group", "estimated_by").annotate(round_count=Count("rounds"))

    def import_data_inner(self, dataset: Any, *args: Any, **options: Any) -> results.Result:
        """As the library's, with the rooms of all groups in the file locked, always in the same order."""
        numbers = [str(number).strip() for number in _column(dataset, "group")]
        groups = Group.objects.filter(pk__in=[number for number in numbers if _is_number(number)])
        known = {str(group.pk): group for group in groups.order_by("pk")}
        self.fields["group"].widget.groups = known
        with ExitStack() as rooms:
            for group in known.values():
                rooms.enter_context(changing(group))
            return super().import_data_inner(dataset, *args, **options)

    def after_init_instance(self, instance: Issue, new: bool, row: Any, **_options: Any) -> None:  # noqa: FBT001
        if new and str(row.get("id") or "").strip():
            raise ValidationError({"id": _("There is no such issue. Leave the cell empty for a new one.")})
        if new:
            instance.position = 0  # until it is saved

    def validate_instance(
        self, instance: Issue, import_validation_errors: Any = None, **options: Any
    ) -> None:
        errors = dict(import_validation_errors or {})
        if instance.pk and not Issue.objects.filter(pk=instance.pk, group=instance.group_id).exists():
            errors["group"] = ValidationError(_("An issue stays in its group."))
        elif instance.group_id and instance.group.is_archived:
            errors["group"] = ValidationError(_("This group is archived. Restore it first."))
        super().validate_instance(instance, errors, **options)

    def before_save_instance(self, instance: Issue, _row: Any, **_options: Any) -> None:
        if instance._state.adding:
            backlog.put_last(instance)


class IncomingIssueResource(IssueResource):
    """The same, where only the columns that are imported are named."""

    def get_user_visible_fields(self) -> list[Any]:
        return self.get_import_fields()


def _column(dataset: Any, name: str) -> list[Any]:
    return list(dataset[name]) if name in (dataset.headers or []) else []


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
