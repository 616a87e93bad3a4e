"""The admin's forms for groups and their seats."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from groups.models import Group, Membership
from users import nicknames
from users.admin import choice_label
from users.models import User

# How many members a group's page shows; the others are a click away.
SEATS_SHOWN = 50


class UserField(forms.ModelChoiceField[User]):
    """A choice of a user that tells two of the same nickname apart."""

    def label_from_instance(self, obj: User) -> str:
        return choice_label(obj)


class Choice(AutocompleteSelect):
    """Django's, but a choice that is no number is an error in the form, not in the server."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [choice for choice in value if str(choice).isdecimal()], attr)


class HandOverForm(forms.Form):
    """To whom the selected groups shall belong: somebody active, which `default` is not."""

    def __init__(self, site: AdminSite, data: Any = None) -> None:
        super().__init__(data)
        self.fields["user"] = UserField(
            User.objects.filter(is_active=True),
            label=_("New owner"),
            widget=Choice(Group._meta.get_field("user"), site),
            error_messages={"invalid_choice": _("Choose somebody who is active.")},
        )


class GroupForm(forms.ModelForm[Group]):
    """A group has a name that can be read, and an owner who can look after it."""

    class Meta:
        model = Group
        fields = ("name", "user")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            # What stands there is changed by nobody but the one who types, not even a space at its end.
            name = self.fields["name"]
            if isinstance(name, forms.CharField):
                name.strip = False
                # Browsers count an emoji as two characters and would cut it in half.
                name.widget.attrs.pop("maxlength", None)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not nicknames.clean(name):
            raise ValidationError(_("Choose a name with at least one visible character."))
        return name if "name" not in self.changed_data else nicknames.clean(name)

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if "user" in self.changed_data and not user.is_active:
            raise ValidationError(_("Choose somebody who is active."))
        return user


class SeatForm(forms.ModelForm[Membership]):
    """A seat under a nickname as it is kept everywhere else. Whose seat it is stays."""

    class Meta:
        model = Membership
        fields = ("group", "user", "nickname", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields.get("user")
        if user is not None and self.instance.pk:
            user.disabled = True
            # The one choice there is, without a query per row.
            user.widget = forms.Select(choices=[(self.instance.user_id, choice_label(self.instance.user))])

    def clean_nickname(self) -> str:
        return nicknames.clean(self.cleaned_data["nickname"])


class SeatFormSet(BaseInlineFormSet[Membership, Group, SeatForm]):
    """The first seats of a group. The owner's stays, and a nickname stands once."""

    def get_queryset(self) -> models.QuerySet[Membership]:
        if self.is_bound:
            return super().get_queryset()
        if not hasattr(self, "_shown"):
            self._shown = super().get_queryset()[:SEATS_SHOWN]
        return self._shown

    def clean(self) -> None:
        super().clean()
        self._refuse_to_delete_the_owners_seat()
        self._refuse_equal_nicknames()

    def _refuse_to_delete_the_owners_seat(self) -> None:
        deleted = [form.instance for form in self.forms if self._should_delete_form(form)]  # type: ignore[attr-defined]
        if any(seat.user_id == self.instance.user_id for seat in deleted):
            raise ValidationError(
                _("The owner keeps a seat. Hand the group over to somebody else before you delete this one.")
            )

    def _refuse_equal_nicknames(self) -> None:
        """Each form has compared its nickname with the database, not yet with the other forms."""
        seen: set[str] = set()
        for form in self.forms:
            nickname = getattr(form, "cleaned_data", {}).get("nickname")
            if not nickname or self._should_delete_form(form):  # type: ignore[attr-defined]
                continue
            if nicknames.key(nickname) in seen:
                form.add_error("nickname", _("Somebody else in this list has that nickname."))
            seen.add(nicknames.key(nickname))
