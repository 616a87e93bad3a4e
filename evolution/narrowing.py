"""Whether a field holds less than another one. Pure: it looks at the fields, not at what a database makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.backends.base.operations import BaseDatabaseOperations

if TYPE_CHECKING:
    from evolution.rules.changes import AnyField

TEXTS = {"CharField", "SlugField", "FileField", "FilePathField", "TextField"}
INTEGERS = BaseDatabaseOperations.integer_field_ranges
# What holds every value of another type.
WIDER = {
    "BooleanField": set(INTEGERS) | {"FloatField", "DecimalField"} | TEXTS,
    "DateField": {"DateTimeField"},
    "UUIDField": {"TextField"},
    "JSONField": {"TextField"},
    "IPAddressField": {"GenericIPAddressField"},
}


@dataclass(frozen=True)
class Narrowing:
    """Why a column holds less, and in SQL: a condition for values that do not fit, and what of them comes nearest.

    Each is empty where there is none. They have the places {column} and {length} (the function that counts characters).
    """

    reason: str
    misfits: str = ""
    nearest: str = ""

    def misfits_in(self, vendor: str, column: str) -> str:
        """The condition for a column, a name as it stands in a statement of the engine."""
        return _in_sql(self.misfits, vendor, column)

    def nearest_in(self, vendor: str, column: str) -> str:
        """The nearest value for a column."""
        return _in_sql(self.nearest, vendor, column)


def _in_sql(template: str, vendor: str, column: str) -> str:
    return template.format(column=column, length="CHAR_LENGTH" if vendor == "mysql" else "LENGTH")


def narrowing(old: AnyField, new: AnyField) -> Narrowing | None:
    """What `new` no longer holds of what `old` does, or None where it holds everything.

    Foreign keys are left out: their type is that of what they point to.
    """
    if old.is_relation or new.is_relation:
        return None
    before, after = old.get_internal_type(), new.get_internal_type()
    for kinds, compare in _COMPARISONS:
        if before in kinds[0] and after in kinds[1]:
            return compare(old, new)
    if before == after or after in WIDER.get(before, ()):
        return None
    misfits = "{column} NOT IN (0, 1)" if after == "BooleanField" and before in INTEGERS else ""
    return Narrowing(f"its type changes from {before} to {after}", misfits)


def _text(old: AnyField, new: AnyField) -> Narrowing | None:
    room, needed = _length(new), _length(old)
    if room is None or (needed is not None and needed <= room):
        return None
    return Narrowing(
        f"{room} characters instead of {needed or 'any number'}",
        f"{{length}}({{column}}) > {room}",
        f"SUBSTR({{column}}, 1, {room})",
    )


def _length(field: AnyField) -> int | None:
    # The length of a TextField is for forms only. Some write it as text: max_length="30".
    if field.get_internal_type() == "TextField" or field.max_length is None:
        return None
    return int(field.max_length)


def _integer(old: AnyField, new: AnyField) -> Narrowing | None:
    before, after = old.get_internal_type(), new.get_internal_type()
    (low, high), (lowest, highest) = INTEGERS[after], INTEGERS[before]
    if low <= lowest and high >= highest:
        return None
    return Narrowing(
        f"{after} instead of {before}",
        f"({{column}} < {low} OR {{column}} > {high})",
        _within(low, high, "{column}"),
    )


def _within(low: Any, high: Any, value: str) -> str:
    return f"CASE WHEN {{column}} < {low} THEN {low} WHEN {{column}} > {high} THEN {high} ELSE {value} END"


def _decimal(old: Any, new: Any) -> Narrowing | None:
    whole, places = new.max_digits - new.decimal_places, new.decimal_places
    if whole >= old.max_digits - old.decimal_places and places >= old.decimal_places:
        return None
    return Narrowing(
        f"{new.max_digits} digits with {places} decimals instead of {old.max_digits} with {old.decimal_places}",
        f"(ABS({{column}}) >= 1{'0' * whole} OR ROUND({{column}}, {places}) <> {{column}})",
        _within(f"-{_most(whole, places)}", _most(whole, places), f"ROUND({{column}}, {places})"),
    )


def _most(whole: int, places: int) -> str:
    """The greatest number with so many digits before and after the point."""
    return f"{'9' * whole or '0'}.{'9' * places or '0'}"


def _decimal_to_integer(old: AnyField, new: AnyField) -> Narrowing | None:
    low, high = INTEGERS[new.get_internal_type()]
    return Narrowing(
        "whole numbers only",
        f"({{column}} < {low} OR {{column}} > {high} OR ROUND({{column}}, 0) <> {{column}})",
        _within(low, high, "ROUND({column}, 0)"),
    )


def _integer_to_decimal(old: AnyField, new: Any) -> Narrowing | None:
    whole = new.max_digits - new.decimal_places
    low, high = INTEGERS[old.get_internal_type()]
    if 10**whole > max(-low, high):
        return None
    most = "9" * whole
    return Narrowing(
        f"{whole} digits before the point",
        f"ABS({{column}}) >= 1{'0' * whole}",
        _within(f"-{most}", most, "{column}"),
    )


def _integer_to_text(old: AnyField, new: AnyField) -> Narrowing | None:
    room = _length(new)
    longest = max(len(str(limit)) for limit in INTEGERS[old.get_internal_type()])
    if room is None or room >= longest:
        return None
    return Narrowing(f"{room} characters", f"{{length}}({{column}}) > {room}")


_Compare = Callable[[Any, Any], Narrowing | None]
_COMPARISONS: list[tuple[tuple[set[str], set[str]], _Compare]] = [
    ((TEXTS, TEXTS), _text),
    ((set(INTEGERS), set(INTEGERS)), _integer),
    (({"DecimalField"}, {"DecimalField"}), _decimal),
    (({"DecimalField", "FloatField"}, set(INTEGERS)), _decimal_to_integer),
    ((set(INTEGERS), {"DecimalField"}), _integer_to_decimal),
    ((set(INTEGERS), TEXTS), _integer_to_text),
]
