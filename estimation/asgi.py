"""The pages behind an ASGI server: Django's WSGI application in a fixed pool of threads.

A fixed pool bounds the number of database connections, which Django's own ASGI handler does not.
"""

from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp

from estimation.wsgi import application as pages

THREADS = 8

application = WSGIMiddleware(cast("WSGIApp", pages), workers=THREADS)
