"""Rows of a file as the issues that they would become, and what is wrong with those that become none."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from groups import decks
from groups.validators import validated_card
from issues import columns
from issues.csv_files import Table
from issues.models import Issue
from issues.pasting import Entry

_is_link = URLValidator(schemes=["http", "https"])
_LIMITS: dict[str, int] = {
    field.name: field.max_length or 0 for field in Issue._meta.fields if field.name in columns.FIELDS
}


@dataclass(frozen=True)
class Problem:
    """What is wrong in a row, and what to do about it."""

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        return _("Row %(row)d, %(column)s: %(text)s") % vars(self)


@dataclass(frozen=True)
class Draft:
    """What a row becomes."""

    row: int
    entry: Entry
    estimate: decks.Card | None = None


@dataclass
class Reading:
    """All that the rows of a file become. `fields` are those that a column was chosen for."""

    fields: Sequence[str]
    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def bad_rows(self) -> int:
        """How many rows have something wrong."""
        return len({problem.row for problem in self.problems})


def read(table: Table, chosen: columns.Columns, deck: decks.Deck) -> Reading:
    """The rows of the table by the columns that were chosen. `deck` says which card an estimate is."""
    reading = Reading([name for name in columns.FIELDS if name in chosen])
    first_rows: dict[str, int] = {}  # by key
    for number, cells in table.rows:
        row = _Row(number, table, cells, chosen)
        draft = row.draft(deck)
        key = key_of(draft.entry.key)
        if key and key in first_rows:
            row.refuse("key", _("“%(key)s” stands in row %(row)d already. Keep one of the two.")
                       % {"key": draft.entry.key, "row": first_rows[key]})  # fmt: skip
        elif key:
            first_rows[key] = number
        if row.problems:
            reading.problems += row.problems
        else:
            reading.drafts.append(draft)
    return reading


def key_of(key: str) -> str:
    """By which two keys are the same."""
    return unicodedata.normalize("NFC", key).casefold()


class _Row:
    """One row, and what was found wrong in it."""

    def __init__(self, number: int, table: Table, cells: Sequence[str], chosen: columns.Columns) -> None:
        self.number = number
        self.chosen = chosen
        self.problems: list[Problem] = []
        self._table, self._cells = table, cells

    def draft(self, deck: decks.Deck) -> Draft:
        entry = Entry(
            title=self._title(),
            key=self._key(),
            url=self._url(),
            description=self._checked("description", self._cell("description")),
            sprint=self._line("sprint"),
        )
        return Draft(self.number, entry, self._estimate(deck))

    def refuse(self, name: str, text: str) -> None:
        self.problems.append(Problem(self.number, self.chosen[name], text))

    def _cell(self, name: str) -> str:
        return self._column(self.chosen[name]) if name in self.chosen else ""

    def _column(self, column: str) -> str:
        """The last cell that is not empty: an issue that moved on has a column for each of its sprints."""
        places = self._table.places(column)
        cells = [self._cells[place] for place in places if place < len(self._cells)]
        return next((cell for cell in reversed(cells) if cell.strip()), "")

    def _line(self, name: str) -> str:
        return self._checked(name, re.sub(r"\s*[\r\n]+\s*", " ", self._cell(name).strip()))

    def _checked(self, name: str, text: str) -> str:
        if "\0" in text:
            self.refuse(name, _("There is a null character in it. Remove it."))
        if len(text) > _LIMITS[name]:
            self.refuse(
                name,
                _("At most %(limit)d characters, please; these are %(count)d. Shorten it.")
                % {"limit": _LIMITS[name], "count": len(text)},
            )
        return text

    def _title(self) -> str:
        title = self._line("title")
        if not title:
            self.refuse("title", _("An issue needs a title. Write one, or delete the row."))
        return title

    def _key(self) -> str:
        key = self._line("key")
        if key.isdecimal() and columns.is_numbered(self.chosen["key"]):
            return self._checked("key", f"#{key}")
        return key

    def _url(self) -> str:
        url = self._line("url")
        if url and not self.problems:
            try:
                _is_link(url)
            except ValidationError:
                self.refuse(
                    "url", _("“%(url)s” is no link. It begins with https:// or http://.") % {"url": url[:80]}
                )
        return url

    def _estimate(self, deck: decks.Deck) -> decks.Card | None:
        text = unicodedata.normalize("NFC", self._cell("estimate")).strip()
        if not text:
            return None
        value = self._column(columns.VALUE).strip() if self.chosen["estimate"] == "estimate" else ""
        try:
            card = validated_card(f"{text}={value}" if value else text)
        except ValidationError as error:
            self.refuse("estimate", " ".join(error.messages))
            return None
        if card.is_special:
            self.refuse("estimate", _("“%(card)s” is no estimate. Leave the cell empty.") % {"card": text})
            return None
        return card if value else _as_played(card, deck)


def _as_played(card: decks.Card, deck: decks.Deck) -> decks.Card:
    """The card of the deck that is meant: trackers write 5.0 and 0.5 where the cards say 5 and ½."""
    same = decks.card_of(deck, card.label)
    if same is None and card.value is not None and str(card) == card.label:
        same = next((other for other in deck if other.value == card.value), None)
    if same is not None:
        return same
    if re.fullmatch(r"\d+[.,]0+", card.label):
        return decks.Card(re.split("[.,]", card.label)[0], card.value)
    return card
