"""Issues as somebody pastes them: a line each. Pure functions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from users import nicknames

MAX_LINES = 500  # at once
MAX_TITLE = 200  # characters
MAX_KEY = 32
MAX_URL = 500

# What lists begin their lines with: "- ", "* ", "1. ", "2) ", "[ ] ".
_BULLET = re.compile(r"^(?:[-*+•–]\s+|\d{1,4}[.)]\s+)?(?:\[[ xX]?\]\s+)?")
# How trackers call issues: PAY-12, #12, !7, team/project#3.
_KEY = re.compile(r"^((?:[A-Z][A-Z0-9_]*-\d+)|(?:[\w./-]*[#!]\d+))(?::\s*|\s+[-–:]\s+|\s+)(?=\S)")
_URL = re.compile(r"https?://[^\s<>\"]+")


class BadLine(ValueError):
    """A line that makes no issue; `code` is `title` or `url` (too long), `empty` (no title) or `many`."""

    def __init__(self, code: str, number: int, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.number = number
        self.text = text


@dataclass(frozen=True)
class Entry:
    """What becomes an issue."""

    title: str
    key: str = ""
    url: str = ""
    description: str = ""
    sprint: str = ""


def read(text: str) -> Sequence[Entry]:
    """The issues of a pasted list, without its bullets and empty lines.

    A key in front and a link anywhere are taken out of the title. Raises BadLine with the number of the line.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MAX_LINES:
        raise BadLine("many", lines[MAX_LINES][0])
    return [_entry(number, line) for number, line in lines]


def _entry(number: int, line: str) -> Entry:
    rest = _BULLET.sub("", line, count=1)
    url = _URL.search(rest)
    if url:
        rest = f"{rest[: url.start()].rstrip(' (<[')} {rest[url.end() :].lstrip(' )>]')}".strip()
    key = _KEY.match(rest)
    if key and len(key[1]) <= MAX_KEY:
        rest = rest[key.end() :]
    else:
        key = None
    title = nicknames.clean(rest).strip(" -–:")
    if not title:
        raise BadLine("empty", number, line)
    if len(title) > MAX_TITLE:
        raise BadLine("title", number, line)
    link = url[0].rstrip(".,;)>]") if url else ""
    if len(link) > MAX_URL:
        raise BadLine("url", number, line)
    return Entry(title, key[1] if key else "", link)
