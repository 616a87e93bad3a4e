"""Cells that a spreadsheet would run, and how they are made harmless and read again. Pure functions.

A spreadsheet takes a cell for a formula that begins with = + - or @; some skip spaces and control characters before
it, and take the wide forms of East Asian keyboards for the same. Such a cell gets an apostrophe in front.

Where a spreadsheet expects another separator, as Excel does by country, a quoted cell is no longer one to it: what
stands behind a separator, a quotation mark or the end of a line inside it becomes the beginning of a cell. So each of
these places gets an apostrophe too, where a formula would begin.

So does what has apostrophes in front of it already, and that is why `original` knows which apostrophe is its own:
whatever the cell, `original(harmless(cell)) == cell`.

After OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import re
import unicodedata
from collections.abc import Callable

MARK = "'"
_STARTS = "=+-@\N{MINUS SIGN}"
_SKIPPED = ("Zs", "Zl", "Zp", "Cc", "Cf")  # categories: spaces, control and format characters
# Behind which a cell may begin for somebody.
_BOUNDARY = re.compile(r"""([,;|"\t\r\n])""")


def is_risky(cell: str) -> bool:
    """Whether a spreadsheet might run the cell, or whether it looks like one that was made harmless."""
    for character in cell:
        if character in "\t\r\n":
            return True
        if character != MARK and unicodedata.category(character) not in _SKIPPED:
            return unicodedata.normalize("NFKC", character)[0] in _STARTS
    return False


def harmless(cell: str) -> str:
    """The cell as it may stand in a CSV file."""
    return _marked(_changed_inside(cell, _marked))


def original(cell: str) -> str:
    """What `harmless` made the cell of; a cell that never went through it stays as it is."""
    return _changed_inside(_unmarked(cell), _unmarked)


def _marked(text: str) -> str:
    return MARK + text if is_risky(text) else text


def _unmarked(text: str) -> str:
    return text[1:] if text.startswith(MARK) and is_risky(text[1:]) else text


def _changed_inside(cell: str, change: Callable[[str], str]) -> str:
    """The cell with each piece behind a boundary changed; neither change adds a boundary or takes one away."""
    first, *others = _BOUNDARY.split(cell)
    return first + "".join(piece if place % 2 == 0 else change(piece) for place, piece in enumerate(others))
