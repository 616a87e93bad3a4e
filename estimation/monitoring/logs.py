"""The log: one record a line, with the id of its request, as JSON for programs or plain for people.

What a record says beside its message stands in `extra={"fields": {…}}`. Nothing else that was given as `extra` is
written: Django, for one, gives the whole request.
"""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from estimation.monitoring import access_log
from estimation.monitoring.access_log import Console
from estimation.monitoring.redaction import one_line, without_secrets
from estimation.monitoring.request_ids import current

FORMATS = ("json", "plain")
# Loggers whose texts are the project's own, without anything in them that came from outside.
OWN = frozenset({access_log.NAME, "estimation.security"})

# Neither format writes them, and to find them out takes a third of the time of a record.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

_encoded = json.JSONEncoder(default=str).encode


class Said(logging.Filter):
    """Drops what the access log says already, and says it without the address: that may hold a token.

    Django logs each 4xx, and a traceback for each 403; what is left are requests that failed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR and bool(record.exc_info)


class _Lines(logging.Formatter):
    """What both formats have in common."""

    def message_of(self, record: logging.LogRecord) -> str:
        """The message; what was put into it from outside without what must not be told."""
        if record.name in OWN:
            return record.getMessage()
        if isinstance(record.args, tuple) and record.args:
            return without_secrets(str(record.msg) % tuple(map(_told, record.args)), short=False)
        return without_secrets(record.getMessage(), short=False)

    def formatException(self, ei: Any) -> Any:  # noqa: N802 (as logging calls it); a text
        """The traceback, which has no values of variables, and what the exceptions say without secrets."""
        parts = traceback.TracebackException(*ei, compact=True).format()
        return "".join(without_secrets(part, short=not _is_frame(part)) for part in parts).rstrip("\n")


class Json(JsonFormatter, _Lines):
    """A record as one line of JSON, in ASCII: nothing in it can begin a line of its own."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data["time"] = _moment(record)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = self.message_of(record)
        if number := _request_id(record):
            log_data["request_id"] = number
        log_data.update(_fields(record))
        if "exc_info" in message_dict:
            log_data["traceback"] = message_dict["exc_info"]

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        return _encoded(log_data)  # the library's would make an encoder for each line


class Plain(_Lines):
    """A record as one line for people; the lines of a traceback are indented behind a bar."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_moment(record), record.levelname, f"[{_request_id(record) or '-'}]", f"{record.name}:"]
        parts.append(one_line(self.message_of(record)))
        parts += [f"{name}={one_line(str(value))}" for name, value in _fields(record).items()]
        line = " ".join(parts)
        if record.exc_info:
            told = self.formatException(record.exc_info).split("\n")
            line += "".join(f"\n    | {one_line(one)}" for one in told)
        return line


def configuration(form: str, level: str) -> dict[str, Any]:
    """Django's setting LOGGING: everything to standard error, as `form`, one of FORMATS."""
    to_the_root = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": Json if form == "json" else Plain}},
        "filters": {"said": {"()": Said}},
        "handlers": {"console": {"()": Console, "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # At DEBUG it would write down all that templates are given, and statements with their values.
            "django": to_the_root | {"level": "INFO" if level == "DEBUG" else level},
            "django.request": {"filters": ["said"]},
            # As an event of security: with the route instead of the address.
            "django.security.csrf": {"level": "CRITICAL"},
            # Of runserver, with addresses: the access log has them as routes.
            "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # It would write down the e-mail of everyone who mistypes a password; that is an event of security.
            "axes": {"level": "ERROR"},
            # At DEBUG it would write down what proves that a code of the OpenID provider is for us.
            "authlib": {"level": "INFO" if level == "DEBUG" else level},
            # At DEBUG it would write down addresses with what was sent in them.
            "urllib3": {"level": "INFO" if level == "DEBUG" else level},
            # uvicorn brings handlers of its own, and an access log with addresses.
            "uvicorn": to_the_root,
            "uvicorn.access": {"handlers": [], "propagate": False},
        },
    }


def _told(argument: object) -> object:
    """What stands for an argument of a message."""
    return argument if isinstance(argument, int | float) else without_secrets(str(argument))


def _is_frame(part: str) -> bool:
    return part.startswith('  File "')


def _moment(record: logging.LogRecord) -> str:
    """In UTC, to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _request_id(record: logging.LogRecord) -> str:
    """Of the request during which it was logged; empty where there was none."""
    now = current.get()
    number: str = getattr(record, "request_id", now.id if now is not None else "")
    return number


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return fields
