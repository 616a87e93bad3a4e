"""Kills `migrate` at every moment of a run, runs it again or takes it back, and looks whether anything differs.

    python -m evolution.tests.crash up down
    python -m evolution.tests.crash --abort up down

with DATABASE_URL naming an empty database. A moment lies before and after every statement that writes, those of the
journal too, and every commit; the process ends itself there with SIGKILL. What the next run makes of it is compared,
definition by definition and row by row, with a run of Django's own that nothing disturbs.

That the kill happened where it should is told by two things: the process that dies says, as its last act, at which
statement it is; and tables, rows and journal right after its death are those that an onlooker saw at that moment of a
run in peace.
"""

from evolution.tests.crash.contents import fill
from evolution.tests.crash.runs import begin_at, migrate

__all__ = ["begin_at", "fill", "migrate"]
