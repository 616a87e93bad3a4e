"""What the database gave up is done again, from its beginning: here, for every page, form, and call of the API.

Two transactions that stand in each other's way, or a node of a cluster that dies, end a request's work with an error
that says nothing about the request. Its view is called again as long as nothing of it is saved, so that it is done
once. Where nobody can know whether a commit was the last thing that the server did, nothing is done again: the page
says so, and that is all that it says.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Any, cast

from django.contrib.messages import get_messages
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch

from estimation.middleware import too_many_requests
from users.rate_limits import TooManyRequests

# Of MySQL and MariaDB. https://mariadb.com/kb/en/mariadb-error-code-reference/
DEADLOCK = 1213  # also a change that another node of a cluster has overtaken, which the commit may tell
LOCK_WAIT = 1205
NODE_NOT_READY = 1047  # it has lost the others of its cluster
GONE = (2006, 2013)  # the connection

DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # seconds before each further try, half as much again more or less
PATIENCE = 15  # seconds from the request's beginning, after which nothing is tried again

# What changes no row; everything else that is sent may.
_READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "SHOW", "PRAGMA", "EXPLAIN", "WITH")

logger = logging.getLogger(__name__)


class Work:
    """What a request has done in the database so far. Sees each statement, as Django's execute wrappers do."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.is_saved = False  # something of it is committed
        self.is_open = False  # something is written in a transaction that has not ended
        self.failed: Exception | None = None  # the error of the last statement that failed
        self.is_in_doubt = False  # whether that statement may have been done all the same

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        is_reading = sql.lstrip(" (").upper().startswith(_READING)
        try:
            result = execute(sql, *rest)
        except OperationalError as error:
            self.failed = error
            # By itself, outside of a transaction, it may have been done before the connection was lost.
            is_by_itself = not (is_reading or connection.in_atomic_block)
            self.is_in_doubt = is_by_itself and error.args[0] in GONE
            raise
        if not is_reading:
            self.is_open = True
            transaction.on_commit(self._saved)
        return result

    def _saved(self) -> None:
        self.is_saved = True

    def may_be_done_again(self, error: Exception) -> bool:
        """Whether the error is none of the request's, and nothing is saved, for certain."""
        code = error.args[0] if isinstance(error, OperationalError) and error.args else None
        # An error of no statement is the commit's, or, where nothing was begun, that of a new connection.
        is_in_doubt = self.is_in_doubt if error is self.failed else self.is_open and code != DEADLOCK
        return (
            code in (DEADLOCK, LOCK_WAIT, NODE_NOT_READY, *GONE)
            and not is_in_doubt
            and not self.is_saved
            and not connection.in_atomic_block
            and time.monotonic() - self.began < PATIENCE
        )

    def begin_again(self, error: Exception) -> None:
        """On a new connection where this one is of no use: behind a proxy it leads to a node that lives."""
        self.is_open = False
        if error.args[0] in (NODE_NOT_READY, *GONE):
            connection.close()


class RetryTransactions:
    """Calls a view again whose transaction the database gave up. Must be the last middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        work = Work()
        request.work = work  # type: ignore[attr-defined]
        with connection.execute_wrapper(work):
            return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        work: Work = request.work  # type: ignore[attr-defined]
        for delay in DELAYS:
            if not work.may_be_done_again(error) or _has_changed(request):
                return None
            logger.warning("Done again, since the database gave it up: %s", error.args[0])
            time.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 (a pause, no secret) # nosec B311
            work.begin_again(error)
            try:
                return _called_again(request)
            except OperationalError as again:
                error = again
            except TooManyRequests as refused:
                return too_many_requests(request, refused.wait)
        return None


def _has_changed(request: HttpRequest) -> bool:
    """Whether the first call has left something in the request that the second would find."""
    told: Any = get_messages(request)
    return bool(request.session.modified or told.added_new)


def _called_again(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        request.user.refresh_from_db()
    for upload in request.FILES.values():
        cast("Any", upload).seek(0)
    match = cast("ResolverMatch", request.resolver_match)
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer
