"""Why signing in by OpenID Connect came to nothing: a word for the log, a status and a sentence for the person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Reason:
    """The sentence may name the provider: `%(name)s`."""

    word: str
    status: int
    sentence: "StrOrPromise"


class Refused(Exception):
    """Nobody is signed in, and nothing is changed. `detail` is for the log: a name, never what was sent."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.word)
        self.reason = reason
        self.detail = detail


STATE = Reason(
    "state", 400, _("This was not begun in this browser, or it is more than ten minutes ago. Begin again.")
)
DENIED = Reason("denied", 403, _("%(name)s did not let you in, or you said no there. Nothing is changed."))
UNREACHABLE = Reason(
    "unreachable", 502, _("%(name)s does not answer at the moment. Try it again in a minute.")
)
INVALID = Reason(
    "invalid",
    502,
    _(
        "What %(name)s said about you does not hold, so nobody is signed in. Begin again, "
        "and tell those who run this site if it stays so."
    ),
)
CLOSED = Reason("closed", 403, _("Your account here is closed. Ask those who run this site."))
NO_EMAIL = Reason(
    "no-email",
    403,
    _(
        "%(name)s has not confirmed an e-mail address of yours, and an account needs one. Sign up with e-mail "
        "and password, then link %(name)s on your own page."
    ),
)
EMAIL_TAKEN = Reason(
    "email-taken",
    409,
    _(
        "There is an account with your e-mail already. Sign in to it with its password, "
        "then link %(name)s on your own page."
    ),
)
LINKED_ELSEWHERE = Reason(
    "linked-elsewhere", 409, _("Whoever you are at %(name)s belongs to another account here.")
)
