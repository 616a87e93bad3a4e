"""Whether this process can serve: the pages ask here, and the server starts the watch."""

from evolution.readiness import Readiness

readiness = Readiness()
