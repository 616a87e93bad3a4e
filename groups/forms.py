"""Forms about groups and seats."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from groups import decks, invitations
from groups.models import NicknameTaken, Role
from groups.validators import validate_deck
from users.forms import NicknameField, ShortTextField

# What a member may choose alone; a facilitator is made by the owner.
OWN_ROLES = [
    (Role.VOTER.value, _("Vote: I estimate with the others")),
    (Role.OBSERVER.value, _("Observe: I only watch")),
]

OWN_DECK = "own"
PRESET_NAMES = {
    "fibonacci": _("Fibonacci"),
    "modified": _("Modified Fibonacci"),
    "t-shirt": _("T-shirt sizes"),
    "powers": _("Powers of two"),
    "hours": _("Hours"),
}


class GroupNameField(ShortTextField):
    """The name of a group as it is kept."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Give the group a name with at least one visible character.")
    }
    too_long = _("The name of a group has at most %(limit)d characters. This one has %(count)d.")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name of the group"))
        kwargs.setdefault("widget", forms.TextInput({"autocomplete": "off"}))
        super().__init__(**kwargs)


class GroupForm(forms.Form):
    """The name of a group, new or to be renamed."""

    name = GroupNameField()


class DeckForm(forms.Form):
    """The cards that a group estimates with: a deck that comes along, or its own."""

    deck = forms.ChoiceField(
        label=_("Deck"),
        choices=[*PRESET_NAMES.items(), (OWN_DECK, _("Own cards"))],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one of the decks."),
            "invalid_choice": _("Choose one of the decks."),
        },
    )
    cards = forms.CharField(
        label=_("Own cards"),
        required=False,
        max_length=decks.MAX_TEXT,
        help_text=_(
            "With spaces in between, such as 1 2 3 5 8 ? ☕. A card that is no number can stand for one: S=1 M=3 L=8."
        ),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("deck") == OWN_DECK and "cards" in cleaned:
            try:
                validate_deck(cleaned["cards"])
            except ValidationError as error:
                self.add_error("cards", error)
        return cleaned

    @property
    def chosen(self) -> decks.Deck:
        """The deck that a valid form says."""
        key = self.cleaned_data["deck"]
        return decks.parse(self.cleaned_data["cards"] if key == OWN_DECK else decks.PRESETS[key])

    @classmethod
    def showing(cls, text: str) -> "DeckForm":
        """The form as it stands before somebody changes the deck."""
        preset = next((key for key, cards in decks.PRESETS.items() if cards == text), OWN_DECK)
        return cls(initial={"deck": preset, "cards": text if preset == OWN_DECK else ""})

    def offers(self) -> list[tuple[Any, decks.Deck]]:
        """The choices as the page shows them, each with its cards; none for the group's own."""
        return [
            (choice, decks.parse(decks.PRESETS[key]) if key in decks.PRESETS else ())
            for choice in self["deck"]
            for key in [choice.data["value"]]
        ]


class StartForm(forms.Form):
    """All that a visitor needs for a group of one's own."""

    nickname = NicknameField(help_text=_("What the others see. No account needed."))
    name = GroupNameField(help_text=_("Your team, for example."))


class SeatForm(forms.Form):
    """A nickname in a group. When it is taken there, the form offers a free one."""

    nickname = NicknameField(label=_("Your nickname in this group"))
    offered = ""  # a free nickname, once the one that was typed turned out to be taken

    def offer(self, taken: NicknameTaken) -> None:
        """Say that the nickname is taken, and put a free one like it into the field."""
        self.offered = taken.free
        self.add_error(
            "nickname",
            ValidationError(
                _("Somebody here is called “%(nickname)s” already. “%(free)s” is free."),
                code="taken",
                params={"nickname": taken.nickname, "free": taken.free},
            ),
        )
        self.data = dict(self.data.items()) | {self.add_prefix("nickname"): taken.free}


class JoinForm(SeatForm):
    """How to sit down in a group."""

    role = forms.ChoiceField(
        label=_("What do you want to do?"),
        choices=OWN_ROLES,
        initial=Role.VOTER.value,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose whether you vote or observe."),
            "invalid_choice": _("Choose whether you vote or observe."),
        },
    )


class OwnRoleForm(forms.Form):
    """The role that a member takes."""

    role = forms.ChoiceField(choices=OWN_ROLES)


class MemberRoleForm(forms.Form):
    """The role that the owner gives to a member."""

    role = forms.ChoiceField(choices=Role.choices)


class MemberForm(forms.Form):
    """One of the members of a group, by the number of the seat."""

    member = forms.IntegerField()


class InviteLinkForm(forms.Form):
    """An invite link as somebody pasted it: the whole address, or its last part."""

    link = forms.CharField(
        label=_("Invite link"),
        help_text=_("Paste the link that you were sent."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url"}),
        error_messages={"required": _("Paste the invite link first.")},
    )

    def clean_link(self) -> str:
        """The token in the link."""
        token = invitations.token_in(self.cleaned_data["link"])
        if token is None:
            raise ValidationError(
                _("This is not an invite link. It looks like …/join/… and must be copied whole."),
                code="invalid",
            )
        return token
