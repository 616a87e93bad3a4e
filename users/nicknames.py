"""What a nickname may be, and when two of them are the same. Pure functions."""

import hashlib
import re
import unicodedata

MAX_LENGTH = 32

# The user who owns the groups of a Flask database until staff hand them over.
DEFAULT_OWNER = "default"

# Who was deleted, with a number behind it.
FORMER_MEMBER = "Former member"

_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
# Emoji are joined by a zero-width joiner; Persian and several Indian scripts need these two as well.
_JOINERS = {"\u200c", "\u200d"}


def clean(text: str) -> str:
    """The nickname as it is kept: composed (NFC), no invisible characters, single spaces."""
    composed = unicodedata.normalize("NFC", re.sub(r"\s", " ", text))
    visible = (c for c in composed if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE_CATEGORIES)
    return re.sub(r" {2,}", " ", "".join(visible)).strip(" \u200c\u200d")


def key(nickname: str) -> str:
    """64 hexadecimal digits, equal for nicknames that a person would call the same.

    Case, width and compatibility forms do not count. A digest, since the databases do not agree on which
    texts are equal (utf8mb4_unicode_ci takes every emoji for the same one, SQLite takes É and é for two).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean(nickname)).casefold())
    return hashlib.sha256(folded.encode()).hexdigest()


def is_reserved(nickname: str) -> bool:
    """Whether the name is that of the placeholder who owns ownerless groups."""
    return key(nickname) == key(DEFAULT_OWNER)


def numbered(nickname: str, number: int) -> str:
    """`Anna`, 2 → `Anna 2`, shortened to fit."""
    suffix = f" {number}"
    return nickname[: MAX_LENGTH - len(suffix)].rstrip() + suffix
