"""Processes that take the lock of `migrate` and do as they are told."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from evolution.tests.processes import run, start

PREPARE = "crash.migrate('0001_books'); crash.fill()"
MIGRATE = "crash.migrate('0005_models')"
SETTINGS = "from django.conf import settings; settings.EVOLUTION = {}; "
LOCK = "import sys; from evolution.lock import migration_lock, LockError\n"
HOLD = """
with migration_lock(connection, print) as lock:
    print('held', flush=True)
    sys.stdin.readline()
    try:
        {work}
        print('well', flush=True)
    except LockError as error:
        print(type(error).__name__, error, flush=True)
    sys.stdin.readline()
"""


def take(database: str, **settings: int) -> tuple[int, str, str]:
    """Take the lock and give it back, in a process of its own: exit code, output and errors."""
    work = LOCK + "with migration_lock(connection, print): print('taken')"
    return run(database, SETTINGS.format(settings) + work)


def migrate(database: str, **settings: int) -> tuple[int, str, str]:
    """Migrate the library as far as it goes, in a process of its own: exit code, output and errors."""
    return run(database, SETTINGS.format(settings) + MIGRATE)


def migrate_until(statement: str) -> str:
    """Work that migrates the library, says `there` before the statement that begins so, and waits to go on."""
    return f"""
def halt(execute, sql, *rest):
    if sql.startswith({statement!r}):
        print('there', flush=True)
        sys.stdin.readline()
    return execute(sql, *rest)
import sys
with connection.execute_wrapper(halt): {MIGRATE}
"""


@contextmanager
def started(database: str, work: str) -> Iterator[subprocess.Popen[str]]:
    """A process that works, until the block ends at the latest."""
    with start(database, f"exec({work!r})") as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def held(database: str, work: str = "lock.check()") -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock, and waits to be told to do `work` with it."""
    with started(database, LOCK + HOLD.format(work=work)) as process:
        line = said(process)
        assert line == "held\n", line + process.communicate()[1]
        yield process


def said(process: subprocess.Popen[str]) -> str:
    """The next line that the process says."""
    assert process.stdout is not None
    return process.stdout.readline()


def tell(process: subprocess.Popen[str]) -> None:
    """Let the process go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def told(process: subprocess.Popen[str]) -> str:
    """Let the holder do its work; how that ended: `well`, or which error."""
    tell(process)
    return said(process)
