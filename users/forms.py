"""Forms about people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from users import nicknames
from users.models import User
from users.open_sessions import OpenSession
from users.validators import validate_nickname

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What AUTH_PASSWORD_VALIDATORS demand, in one line.
PASSWORD_HELP = _("At least 10 characters. Not a common one, and not like your nickname or e-mail.")


class ShortTextField(forms.CharField):
    """A line of at most `limit` characters, kept without what nobody can see.

    No `maxlength` in the page: browsers count an emoji as two or more and would cut it in half.
    """

    limit = nicknames.MAX_LENGTH
    too_long: "StrOrPromise" = _("At most %(limit)d characters, please. This has %(count)d.")

    def to_python(self, value: Any) -> str:
        return nicknames.clean(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.limit:
            params = {"limit": self.limit, "count": len(value)}
            raise ValidationError(self.too_long, code="max_length", params=params)


class NicknameField(ShortTextField):
    """A nickname as it is kept."""

    default_validators = [validate_nickname]  # noqa: RUF012 (as Django declares it)
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Choose a nickname with at least one visible character.")
    }
    too_long = _("A nickname has at most %(limit)d characters. This one has %(count)d.")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Your nickname"))
        kwargs.setdefault("widget", forms.TextInput({"autocomplete": "nickname"}))
        super().__init__(**kwargs)


class GuestForm(forms.Form):
    """A nickname and nothing else, to begin with."""

    nickname = NicknameField(help_text=_("What the others see. You can change it later."))


class NicknameForm(forms.Form):
    """Another nickname for somebody who has one."""

    nickname = NicknameField(help_text=_("What the others see, in all your groups."))


class EmailForm(forms.Form):
    """An e-mail to which something is sent."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )


class SignUpForm(forms.ModelForm[User]):
    """Makes an account, or turns the guest that is its instance into one.

    With `email` it is the one of the account; without, the form asks for it.
    """

    nickname = NicknameField(help_text=_("What the others see. You can change it later."))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    notes: list[str] = []  # noqa: RUF012 (replaced, never changed)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["nickname", "email"]

    def __init__(self, *args: Any, email: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if email:
            self.instance.email = email
            del self.fields["email"]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if password := self.cleaned_data.get("password"):
            try:
                # Now that nickname and e-mail stand on the instance: a password must not be like them.
                validate_password(password, self.instance)
            except ValidationError as error:
                self.add_error("password", error)

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        self.instance.set_password(self.cleaned_data["password"])
        return super().save(commit)

    def saved(self) -> bool:
        """Save; False, with an error at the e-mail, when somebody else took it a moment ago.

        Afterwards `notes` are sentences for a guest about where the old nickname stays.
        """
        was_guest = self.instance.pk is not None
        try:
            with transaction.atomic():
                self.save()
                if was_guest and "nickname" in self.changed_data:
                    self.notes = self.instance.announce_nickname()
        except IntegrityError:
            self.add_error(
                "email" if "email" in self.fields else None,
                User._meta.get_field("email").error_messages["unique"],
            )
            return False
        return True


class SignInForm(AuthenticationForm):
    """E-mail and password. One answer for whatever is wrong, so that nobody learns who has an account."""

    username = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput({"autocomplete": "username", "autocapitalize": "none"})
    )
    error_messages = {  # noqa: RUF012 (as Django declares it)
        "invalid_login": _("E-mail and password do not belong together. Please check both."),
        "inactive": _("E-mail and password do not belong together. Please check both."),
    }


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # only in the stubs
    """A new password, typed twice, for whoever followed the link in the mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP


class ChangePasswordForm(PasswordChangeForm):
    """A new password, typed twice, for whoever knows the present one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP


class PasswordAgainForm(forms.Form):
    """The present password, before something is changed that whoever found a browser open must not change."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self._user.has_usable_password():
            raise ValidationError(
                _("You have no password here yet. Choose one on your own page."), code="none"
            )
        if not self._user.check_password(password):
            raise ValidationError(_("This is not your password."), code="wrong")
        return password


class EndSessionsForm(PasswordAgainForm):
    """Which of one's other sessions are to end, with the password; or all of them, and then none is chosen."""

    sessions = forms.TypedMultipleChoiceField(
        label=_("Other browsers"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    field_order = ["sessions", "password"]  # noqa: RUF012 (as Django declares it)

    def __init__(
        self, user: User, others: Iterable[OpenSession], *args: Any, all_of_them: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["sessions"].choices = [(other.number, str(other)) for other in others]  # type: ignore[attr-defined]
        self.fields["sessions"].required = not all_of_them


class CodeField(forms.CharField):
    """A code from the app, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(max_length=64, widget=forms.TextInput(attributes), **kwargs)


class CodeForm(forms.Form):
    """The second step of signing in."""

    code = CodeField(
        label=_("Code"), help_text=_("Six digits from the app on your phone, or one of your recovery codes.")
    )


class SetUpForm(PasswordAgainForm):
    """The password, and the first code of the app."""

    code = CodeField(label=_("Code"), help_text=_("Six digits that the app shows now."))


class DeletionForm(PasswordAgainForm):
    """Yes, delete me: with the password, where there is one."""

    sure = forms.BooleanField(label=_("Delete me for good. Nobody can undo it."))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        if user.is_guest:
            del self.fields["password"]
