"""The middleware that sees each request first and last: gives it an id, counts it, and tells the log of it."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from estimation.monitoring import security
from estimation.monitoring.access_log import Line, access_log
from estimation.monitoring.facts import method_of, route_of, user_of
from estimation.monitoring.request_ids import HEADER, Current, current, id_for

View = Callable[[HttpRequest], HttpResponseBase]


def watch_requests(get_response: View) -> View:
    """Gives each request an id, which also its answer has, counts it, and tells the log of it.

    Must be the first one, so that also what other middleware answers is seen.
    """
    # Here, for those who serve: commands import this module too, to check the settings.
    from estimation.monitoring import metrics

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        now = Current(id_for(request.META.get("HTTP_X_REQUEST_ID", "")), request)
        before = current.set(now)
        try:
            response = get_response(request)
            response.headers[HEADER] = now.id
            took = time.perf_counter() - began
            method, route = method_of(request.method), route_of(request)
            metrics.answered(method, route, response.status_code, took)
            access_log.add(Line(now.id, method, route, response.status_code, took, user_of(request)))
            security.look_at(request, route, response.status_code)
        finally:
            current.reset(before)
        return response

    return middleware
