"""The link in the mail by which somebody signs up: it proves that the mailbox is theirs.

Nothing is stored: the link is signed with SECRET_KEY, and worthless once there is an account with its e-mail.
"""

from dataclasses import dataclass

from django.core import signing

VALID = 24 * 60 * 60  # seconds
_signer = signing.TimestampSigner(salt="users.sign-up", sep=".")


@dataclass(frozen=True)
class SignUpLink:
    """Whose mailbox it went to, which guest asked for it (None for a visitor), and where they wanted to go."""

    email: str
    guest_id: int | None
    next_url: str


def token(link: SignUpLink) -> str:
    """The link as it stands in a URL."""
    return _signer.sign_object([link.email, link.guest_id, link.next_url], compress=True)


def read(text: str) -> SignUpLink | None:
    """The link that a token was made for; None for one that is not ours, or older than VALID."""
    try:
        return SignUpLink(*_signer.unsign_object(text, max_age=VALID))
    except signing.BadSignature:
        return None
