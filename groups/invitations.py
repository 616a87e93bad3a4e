"""Invite links: a signed group number and the group's invite generation.

Nothing secret is stored: the token is signed with SECRET_KEY (HMAC-SHA256, 256 bits), and counting the
generation up makes every earlier link worthless.
"""

import re

from django.core import signing

# As `token` makes them, at the start of a text or behind a slash.
_TOKEN = re.compile(r"(?:^|/)(\d+\.\d+\.[\w-]{20,})", re.ASCII)
_signer = signing.Signer(salt="groups.invitations", sep=".")


def token(group_id: int, generation: int) -> str:
    """The token of a group's present invite link, to be put into a URL as it is."""
    return _signer.sign(f"{group_id}.{generation}")


def read(text: str) -> tuple[int, int] | None:
    """The group's number and generation that a token was made for, or None when it is not one of ours."""
    try:
        group_id, generation = _signer.unsign(text).split(".")
        return int(group_id), int(generation)
    except (signing.BadSignature, ValueError):
        return None


def token_in(text: str) -> str | None:
    """What looks like a token in a link that somebody pasted, whole or its last part; None without one."""
    found = _TOKEN.search(text)
    return found.group(1) if found else None
