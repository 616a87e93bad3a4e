"""The live feed and, behind it, the pages, for an ASGI server.

The pages are Django's WSGI application in a fixed pool of threads: that bounds the number of database connections,
which Django's own ASGI handler does not.
"""

import gc
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp

import estimation.wsgi  # first: sets Django up
from estimation.readiness import readiness
from issues.feed import Feed
from issues.feed.application import Application

THREADS = 8

application = Feed(
    cast("Application", WSGIMiddleware(cast("WSGIApp", estimation.wsgi.application), workers=THREADS)),
    may_serve=lambda: not readiness.refusal,
)

# What is there now stays for ever. Were it looked through in each full collection, one vote in a hundred would be told
# 80 ms later; and what requests leave behind is collected more rarely, in larger lots.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 50)
