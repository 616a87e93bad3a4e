"""The live feed and, behind it, the pages, for an ASGI server.

The pages are Django's WSGI application in a fixed pool of threads: that bounds the number of database connections,
which Django's own ASGI handler does not. In front of both, the proxies that are trusted tell who it is that comes.
"""

import ctypes
import gc
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from a2wsgi.wsgi_typing import WSGIApp
from django.conf import settings
from django.urls import get_resolver
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import estimation.wsgi  # first: sets Django up
from estimation.monitoring import metrics
from estimation.monitoring.streams import WatchedStream
from estimation.pages import Pages
from estimation.readiness import readiness
from estimation.request_bodies import RequestBodies
from issues.feed import Feed
from issues.feed.application import Application

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

THREADS = 8

# Of glibc, which would give nearly each thread a heap of its own, most of which lies idle: a tenth of all memory. Other
# C libraries know nothing of it. https://man7.org/linux/man-pages/man3/mallopt.3.html
M_ARENA_MAX, ARENAS = -8, 2
with suppress(AttributeError):
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)

get_resolver().url_patterns  # noqa: B018 (loads the views: the first who come would wait for that)
pages = Pages(cast("WSGIApp", estimation.wsgi.application), THREADS)
feed = Feed(
    RequestBodies(cast("Application", pages)),
    may_serve=lambda: not readiness.refusal,
    watched=WatchedStream,
    told=metrics.told,
)
application = ProxyHeadersMiddleware(cast("ASGI3Application", feed), settings.TRUSTED_PROXIES)

# What is there now stays for ever. Were it looked through in each full collection, one vote in a hundred would be told
# 80 ms later; and what requests leave behind is collected more rarely, in larger lots.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 50)
