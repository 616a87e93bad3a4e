"""What the model, every form and the admin refuse as a nickname."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from users import nicknames

# What somebody tries first at a site like this.
CONTEXT_WORDS = ("estimation", "planningpoker", "scrumpoker", "storypoints")


def validate_nickname(nickname: str) -> None:
    """Refuse a nickname that nobody could see, or that is the placeholder's. Raises ValidationError."""
    if not nicknames.clean(nickname):
        raise ValidationError(_("Choose a nickname with at least one visible character."), code="invisible")
    if nicknames.is_reserved(nickname):
        raise ValidationError(
            _("“%(nickname)s” stands for groups without an owner. Choose another nickname."),
            code="reserved",
            params={"nickname": nickname},
        )


class ContextWordsValidator:
    """For AUTH_PASSWORD_VALIDATORS: refuses the name of this site or its matter, with little more."""

    LETTERS = 6  # that have to be left without such a word

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        plain = re.sub(r"[\W_]", "", password.lower())
        for word in CONTEXT_WORDS:
            if word in plain and len(plain.replace(word, "")) < self.LETTERS:
                raise ValidationError(
                    _("This password is too near to what this site is about."), code="context_word"
                )

    def get_help_text(self) -> str:
        return gettext("Your password can’t be near to what this site is about.")
