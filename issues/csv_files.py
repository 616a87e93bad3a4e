"""CSV as trackers and spreadsheets write it: bytes, text, table. Pure functions.

Between two pages of an import the text of the file waits in the browser, not on the server: nothing has to be kept,
found again by another process, or cleared away when somebody walks off. `packed` makes it small enough to be sent
again, and keeps every line break, which a form would change. What comes back is held to the same limits, since
anybody can send anything.
"""

import base64
import codecs
import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from issues import formulas

MAX_BYTES = 2 * 1024 * 1024  # of a file, and of its text in UTF-8
MAX_ROWS = 2_000  # besides the first, which names the columns
MAX_COLUMNS = 500
SEPARATORS = ",;\t"

Row = tuple[int, Sequence[str]]  # its number in a spreadsheet, where the first is 1, and its cells


class BadFile(ValueError):
    """No table can be read from it; `code` says why, `row` where.

    `size`, `encoding`, `empty`, `header` (no names of columns), `columns` (too many), `rows` (none beside the first),
    `many` (rows), `quotes` (that do not close), `damaged` (what came back is not what was sent).
    """

    def __init__(self, code: str, row: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.row = row


@dataclass(frozen=True)
class Table:
    """The names of the columns, as they stand in the first row, and all rows that are not empty."""

    header: Sequence[str]
    rows: Sequence[Row]

    @property
    def columns(self) -> Sequence[str]:
        """Every name once, in order; columns without a name are left out."""
        return list(dict.fromkeys(name for name in self.header if name))

    def places(self, column: str) -> Sequence[int]:
        """Where the columns of this name stand."""
        return [place for place, name in enumerate(self.header) if name == column]


def decoded(content: bytes) -> str:
    """The text: UTF-8 or UTF-16 by their marks, otherwise UTF-8, otherwise Windows-1252. Raises BadFile."""
    if len(content) > MAX_BYTES:
        raise BadFile("size")
    encodings = ["utf-8-sig", "cp1252"]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("encoding")


def packed(text: str) -> str:
    """The text, smaller, in letters, digits, hyphens and underscores."""
    return base64.urlsafe_b64encode(zlib.compress(text.encode())).decode()


def unpacked(text: str) -> str:
    """What `packed` was given. Raises BadFile."""
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(base64.b64decode(text, b"-_", validate=True), MAX_BYTES + 1)
        # One byte more than may be there can cut a letter in two, and is refused below.
        found = content[:MAX_BYTES].decode(errors="ignore" if len(content) > MAX_BYTES else "strict")
    except (zlib.error, ValueError):  # ValueError: no base64, or no UTF-8
        raise BadFile("damaged") from None
    if len(content) > MAX_BYTES:
        raise BadFile("size")
    if not unzip.eof:
        raise BadFile("damaged")
    return found


def read(text: str) -> Table:
    """The table in the text. Separators are , ; or tab, whichever gives the most columns. Raises BadFile."""
    if len(text.encode()) > MAX_BYTES:
        raise BadFile("size")
    text = re.sub(r"\A\ufeff?(sep=.\r?\n)?", "", text)
    if not text.strip():
        raise BadFile("empty")
    records = _records(text, _separator(text))
    header = _header(next(records)[1])
    rows: list[Row] = []
    for number, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) == MAX_ROWS:
            raise BadFile("many", number)
        rows.append((number, [formulas.original(cell) for cell in cells]))
    if not rows:
        raise BadFile("rows")
    return Table(header, rows)


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table as CSV that `read` reads, without a cell that a spreadsheet would run."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([formulas.harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _header(cells: Sequence[str]) -> Sequence[str]:
    header = [formulas.original(name).strip() for name in cells]
    if not any(header):
        raise BadFile("header")
    if len(header) > MAX_COLUMNS:
        raise BadFile("columns")
    return header


def _records(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error:
        raise BadFile("quotes", number + 1) from None


def _separator(text: str) -> str:
    def columns(separator: str) -> int:
        try:
            return len(next(_records(text, separator))[1])
        except BadFile:
            return 0

    return max(SEPARATORS, key=columns)
