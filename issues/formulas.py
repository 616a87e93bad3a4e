"""Cells that a spreadsheet would run, and how they are made harmless and read again. Pure functions.

A spreadsheet takes a cell for a formula that begins with = + - or @; some skip spaces and control characters before
it, and take the wide forms of East Asian keyboards for the same. Such a cell gets an apostrophe in front. So does one
that has apostrophes in front of it already, and that is why `original` knows which apostrophe is its own: whatever
the cell, `original(harmless(cell)) == cell`.

After OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import unicodedata

MARK = "'"
_STARTS = "=+-@\N{MINUS SIGN}"
_SKIPPED = ("Zs", "Zl", "Zp", "Cc", "Cf")  # categories: spaces, control and format characters


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
    return MARK + cell if is_risky(cell) else cell


def original(cell: str) -> str:
    """What `harmless` made the cell of; a cell that never went through it stays as it is."""
    return cell[1:] if cell.startswith(MARK) and is_risky(cell[1:]) else cell
