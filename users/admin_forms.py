"""The admin's forms for users."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.utils.translation import gettext_lazy as _

from users import nicknames
from users.models import User


class AccountCreationForm(BaseUserCreationForm[User]):
    """A new account: e-mail, nickname, password. Guests make themselves."""

    class Meta:
        model = User
        fields = ("email", "nickname")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True
        self.fields["email"].help_text = _("The name to sign in with.")

    def clean_nickname(self) -> str:
        return nicknames.clean(self.cleaned_data["nickname"])


class PersonChangeForm(UserChangeForm[User]):
    """An account, or a guest whom an e-mail address makes an account."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            self.fields["groups"].label = _("Permission groups")
        if "email" in self.fields and not self.instance.is_guest:
            self.fields["email"].required = True
            self.fields["email"].help_text = _(
                "The name to sign in with. An account always has one; to close the account, make it inactive."
            )

    def clean_nickname(self) -> str:
        return nicknames.clean(self.cleaned_data["nickname"])
