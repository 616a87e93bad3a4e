"""What the model, every form and the admin refuse as a nickname."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from users import nicknames


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
