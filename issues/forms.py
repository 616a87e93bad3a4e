"""Forms about issues."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from issues import pasting
from issues.models import Issue
from issues.models.issue import MAX_DESCRIPTION
from issues.pasting import BadLine, Entry
from users.forms import ShortTextField

MAX_SEARCH = 100  # characters

_BAD_LINES = {
    "title": _("The title in line %(number)d has more than %(title)d characters. Please shorten it."),
    "url": _(
        "The link in line %(number)d has more than %(url)d characters. Please shorten it, or take it out."
    ),
    "empty": _("Line %(number)d has no title. Write one, or take the line out."),
    "many": _(
        "At most %(lines)d issues at a time: paste what stands from line %(number)d on as a second list."
    ),
}


class TitleField(ShortTextField):
    """The title of an issue."""

    limit = pasting.MAX_TITLE
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Give the issue a title with at least one visible character.")
    }
    too_long = _("A title has at most %(limit)d characters. This one has %(count)d; please shorten it.")


class KeyField(ShortTextField):
    """What the issue is called in a tracker."""

    too_long = _("A key has at most %(limit)d characters. This one has %(count)d; please shorten it.")


class SprintField(ShortTextField):
    """What the issue is planned for."""

    too_long = _("A sprint has at most %(limit)d characters. This one has %(count)d; please shorten it.")


class LinkField(ShortTextField):
    """An address of the web. One without dots is fine: a tracker may stand in the house, as http://jira/."""

    limit = pasting.MAX_URL
    too_long = _("A link has at most %(limit)d characters. This one has %(count)d; please shorten it.")

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not _is_link(value):
            raise ValidationError(
                _("A link begins with http:// or https://, as https://jira.example.org/browse/PAY-12 does."),
                code="invalid",
            )


class DescriptionField(forms.CharField):
    """Text of any number of lines. Browsers send two characters for the end of one; it counts as one."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > MAX_DESCRIPTION:
            raise ValidationError(
                _(
                    "A description has at most %(limit)d characters. This one has %(count)d; please shorten it."
                ),
                code="max_length",
                params={"limit": MAX_DESCRIPTION, "count": len(value)},
            )


class IssueForm(forms.Form):
    """What an issue says."""

    title = TitleField(label=_("Title"), widget=forms.TextInput({"autocomplete": "off"}))
    key = KeyField(
        label=_("Key"),
        required=False,
        help_text=_("Its name elsewhere, such as PAY-12."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )
    url = LinkField(
        label=_("Link"),
        required=False,
        help_text=_("Where it stands elsewhere, beginning with https://."),
        # Not type=url: the browser's own sentence would come before ours, and there is none without scripts.
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "autocapitalize": "none"}),
    )
    description = DescriptionField(
        label=_("Description"),
        required=False,
        strip=False,
        help_text=_("Markdown: **bold**, lists with -, links as [text](https://…)."),
        widget=forms.Textarea({"rows": 8}),
    )
    sprint = SprintField(label=_("Sprint"), required=False, widget=forms.TextInput({"autocomplete": "off"}))

    @property
    def entry(self) -> Entry:
        """What a valid form says."""
        return Entry(**{name: self.cleaned_data[name] for name in IssueForm.base_fields})


class EditForm(IssueForm):
    """What an issue says, with the edition that stood in the form when it was opened."""

    edition = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    @classmethod
    def showing(cls, issue: Issue) -> "EditForm":
        """The form as it stands before somebody changes the issue."""
        return cls(initial={name: getattr(issue, name) for name in cls.base_fields})

    def show_conflict(self, issue: Issue) -> None:
        """Say that somebody else has edited the issue. To send the form once more is to mean it."""
        self.add_error(
            None,
            _(
                "Somebody else has edited this issue meanwhile. Yours is still here: save again to replace theirs."
            ),
        )
        self.data = dict(self.data.items()) | {"edition": issue.edition}


class PasteForm(forms.Form):
    """A list of issues, a line each."""

    issues = forms.CharField(
        label=_("Issues, a line each"),
        strip=False,
        help_text=_(
            "A key in front and a link are found: PAY-12 Pay by card https://jira.example.org/browse/PAY-12"
        ),
        widget=forms.Textarea({"rows": 12, "autocomplete": "off"}),
        error_messages={"required": _("Write or paste at least one line.")},
    )
    entries: tuple[Entry, ...] = ()  # what the lines say

    def clean_issues(self) -> str:
        text: str = self.cleaned_data["issues"]
        try:
            self.entries = tuple(pasting.read(text))
        except BadLine as bad:
            limits = {"title": pasting.MAX_TITLE, "url": pasting.MAX_URL, "lines": pasting.MAX_LINES}
            raise ValidationError(
                _BAD_LINES[bad.code], code=bad.code, params={"number": bad.number, **limits}
            ) from None
        if not self.entries:
            raise ValidationError(self.fields["issues"].error_messages["required"], code="required")
        return text


class SearchField(ShortTextField):
    """Words to look for."""

    limit = MAX_SEARCH
    too_long = _("A search has at most %(limit)d characters. This one has %(count)d; please shorten it.")


class SearchForm(forms.Form):
    """What is looked for in the list."""

    q = SearchField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "enterkeyhint": "search"}),
    )

    @property
    def text(self) -> str:
        """What to look for; nothing where the form is wrong."""
        return str(self.cleaned_data.get("q", "")) if self.is_valid() else ""


class MoveForm(forms.Form):
    """Where an issue goes: a step up or down, or behind the issue whose number is `after` (0 is the front)."""

    direction = forms.ChoiceField(choices=[("up", ""), ("down", "")], required=False)
    after = forms.IntegerField(min_value=0, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(cleaned["direction"]) == (cleaned["after"] is not None):
            raise ValidationError("one of the two", code="invalid")
        return cleaned


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and not any(character.isspace() or character in '<>"\\' for character in text)
    )
