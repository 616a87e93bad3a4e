"""What no log line and no report of an error may hold, taken out of texts that others wrote.

Two nets, since no single one is whole: what the present request brought along (cookies, tokens, what was typed),
and whatever looks like one of our secrets, from wherever it comes.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest

from estimation.monitoring.request_ids import current

GONE = "[removed]"
LONG = (
    4  # characters from which on a value is taken out wherever it stands, and not only as a word of its own
)

# Secrets by their shape, and what is left of them.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), rf"\1 {GONE}"),
    (re.compile(r"\best_[\w-]{20,}"), GONE),
    (re.compile(r"(?i)(/join/|/password/reset/)(?!sent/|done/)[^\s\"'<>)]+"), rf"\1{GONE}"),
    (re.compile(r"\b\d+\.\d+\.[\w-]{20,}"), GONE),  # an invite token by itself
    (
        re.compile(r"(?i)\b(sessionid|csrftoken|csrfmiddlewaretoken|feed|password|secret)=[^\s;,&\"']+"),
        rf"\1={GONE}",
    ),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@\"']+@"), rf"\1{GONE}@"),
    (re.compile(r"(?i)\b(https?://[^\s/?#\"'<>)]+)[/?#][^\s\"'<>)]*"), rf"\1/{GONE}"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def without_secrets(text: str, *, short: bool = True) -> str:
    """The text without what the present request brought, and without what looks like a secret.

    `short` values, such as a card, are taken out where they stand as a word of their own: not wanted in what was
    written by a programmer, such as the lines of a traceback, which have numbers too.
    """
    now = current.get()
    if now is not None and now.request is not None:
        text = _without(text, brought_by(now.request), short=short)
    for shape, rest in _SHAPES:
        text = shape.sub(rest, text)
    return text


def one_line(text: str) -> str:
    """The text with everything escaped that could begin a new line, or steer a terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def brought_by(request: HttpRequest) -> set[str]:
    """All values that a request brought along: of cookies, headers that prove something, the address, and its body.

    Of the body only what was read already: reading it now could wait for the sender.
    """
    values = {value for _name, value in request.COOKIES.items()}
    for name in ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "QUERY_STRING"):
        values.add(str(request.META.get(name, "")))
    values.update(str(request.META.get("HTTP_AUTHORIZATION", "")).split())
    match = request.resolver_match
    if match is not None:
        values.update(value for value in match.kwargs.values() if isinstance(value, str))
    return {value for value in values | set(_typed(request)) if value}


def _typed(request: HttpRequest) -> Iterator[str]:
    for form in (request.GET, request.__dict__.get("_post")):
        for values in form.lists() if form is not None else ():
            yield from values[1]
    body = request.__dict__.get("_body")
    if body and request.content_type == "application/json":
        try:
            yield from _leaves(json.loads(body))
        except (ValueError, RecursionError):
            yield body.decode("utf-8", "replace")


def _leaves(value: Any) -> Iterator[str]:
    """The texts and numbers in a JSON document."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _without(text: str, values: Iterable[str], *, short: bool) -> str:
    found = [value for value in _forms(values) if value in text and (short or len(value) >= LONG)]
    parts = [_pattern(value) for value in sorted(found, key=len, reverse=True)]
    return re.sub("|".join(parts), GONE, text) if parts else text


def _pattern(value: str) -> str:
    return re.escape(value) if len(value) >= LONG else rf"(?<!\w){re.escape(value)}(?!\w)"


def _forms(values: Iterable[str]) -> set[str]:
    """The values as they may stand in a text: as they are, and escaped as Python and Django do."""
    escapes: tuple[Callable[[str], str], ...] = (
        str,
        str.strip,
        lambda value: repr(value)[1:-1],
        lambda value: value.encode("unicode_escape").decode(),
    )
    return {escape(value) for value in values for escape in escapes} - {""}
