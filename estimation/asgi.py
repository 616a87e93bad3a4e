"""The live feed and, behind it, the pages, for an ASGI server.

The pages are Django's WSGI application in a fixed pool of threads: that bounds the number of database connections,
which Django's own ASGI handler does not.
"""

from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp

from estimation.wsgi import application as pages
from issues.feed import Feed
from issues.feed.application import Application

THREADS = 8

application = Feed(cast("Application", WSGIMiddleware(cast("WSGIApp", pages), workers=THREADS)))
