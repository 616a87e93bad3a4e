"""Names of cookies, once the site is reached by TLS."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# As releases before 0.2 called it, and as it is called without TLS.
EARLIER = "sessionid"


def take_over_earlier_sessions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """A session that stands under the name without `__Host-` goes on under the one with it.

    A guest is known by the session alone: under another name alone everything they have would be out of their reach.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = settings.SESSION_COOKIE_NAME
        earlier = request.COOKIES.get(EARLIER)
        if name == EARLIER or earlier is None:
            return get_response(request)
        taken_over = name not in request.COOKIES
        if taken_over:
            request.COOKIES[name] = earlier
        response = get_response(request)
        if taken_over and name not in response.cookies:
            response.set_cookie(
                name,
                earlier,
                max_age=settings.SESSION_COOKIE_AGE,
                secure=True,
                httponly=True,
                samesite=settings.SESSION_COOKIE_SAMESITE,
            )
        response.delete_cookie(EARLIER, samesite=settings.SESSION_COOKIE_SAMESITE)
        return response

    return middleware
