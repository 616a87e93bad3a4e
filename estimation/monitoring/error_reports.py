"""Errors, told to Sentry where SENTRY_DSN names one (or a server that speaks like it): what the log has of them.

What is not needed is not collected: no request, no cookie, no user, no value of a variable, nothing that happened
before. What is left, the message and the traceback, goes through the redaction that the log's lines go through.
"""

import logging
import re
from typing import Any, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from estimation.monitoring.facts import method_of, route_of
from estimation.monitoring.logs import Plain
from estimation.monitoring.redaction import GONE, without_secrets
from estimation.monitoring.request_ids import current

# Of an event nothing else leaves the machine, whatever a later release of the SDK may put into it.
KEPT = (
    "event_id",
    "timestamp",
    "level",
    "logger",
    "platform",
    "release",
    "environment",
    "server_name",
    "sdk",
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_lines = Plain()


def start(dsn: str) -> None:
    """Report from now on whatever is logged as an error, to the address `dsn`."""
    sentry_sdk.init(
        dsn=dsn,
        before_send=redacted,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        # Not Django's: it reads the whole request. An error of a page is logged, with the request's id.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            AtexitIntegration(callback=lambda _pending, _timeout: None),
        ],
        auto_session_tracking=False,
        send_client_reports=False,
        propagate_traces=False,
    )


def redacted(event: Event, hint: Hint) -> Event:
    """What of the event may be told: what was logged, where in the code, and in which request."""
    given = cast("dict[str, Any]", event)
    report = {name: given[name] for name in KEPT if name in given}
    report["tags"] = _request()
    record: logging.LogRecord | None = hint.get("log_record")
    if record is not None:
        # The first is the same for all errors of a kind, which Sentry puts together by it.
        report["logentry"] = {
            "message": _told(str(record.msg)),
            "formatted": _told(_lines.message_of(record)),
        }
    if "exception" in given:
        values = given["exception"].get("values") or ()
        report["exception"] = {"values": [_exception(value) for value in values]}
    return cast("Event", report)


def _request() -> dict[str, str]:
    """By which the log is found, and what kind of request it was."""
    now = current.get()
    if now is None:
        return {}
    tags = {"request_id": now.id}
    if now.request is not None:
        tags |= {"method": method_of(now.request.method), "route": route_of(now.request)}
    return tags


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    stack = value.get("stacktrace") or {}
    frames = [_frame(frame) for frame in stack.get("frames") or ()]
    told = {name: value[name] for name in ("type", "module") if value.get(name)}
    return told | {
        "value": _told(str(value.get("value") or ""), short=True),
        "stacktrace": {"frames": frames},
    }


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    """Where in the code, with its lines as they are written there."""
    kept = (
        "filename",
        "abs_path",
        "function",
        "module",
        "lineno",
        "pre_context",
        "context_line",
        "post_context",
    )
    return {name: _everywhere(frame[name]) for name in (*kept, "in_app") if name in frame}


def _everywhere(value: Any) -> Any:
    if isinstance(value, list):
        return [_everywhere(one) for one in value]
    return _told(value) if isinstance(value, str) else value


def _told(text: str, *, short: bool = False) -> str:
    """The text without secrets and e-mail addresses; `short` as in the redaction."""
    return _EMAIL.sub(GONE, without_secrets(text, short=short))
