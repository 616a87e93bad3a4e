#!/usr/bin/env python3
"""Throw-away MariaDB and MySQL servers for tests and trials; see docs/databases.md."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from database_servers import ENGINES, Engine, ServerFailed, running
from debian_packages import NotAvailable

NOT_AVAILABLE = 3

EPILOG = """\
examples:
  python3 scripts/databases.py run mariadb -- python manage.py migrate
  python3 scripts/databases.py run mysql -- sh
  $(python3 scripts/databases.py path mariadb mariadb-dump) --version

exit codes: the command's own for run; 3 when the programs can't be had on this machine; 1 when the server
does not start."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="databases.py", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawTextHelpFormatter
    )
    tasks = top.add_subparsers(dest="task", required=True, metavar="TASK")
    run = tasks.add_parser("run", help="start a server, run a command with DATABASE_URL set, stop the server")
    fetch = tasks.add_parser("fetch", help="only download the programs, if they are not there")
    path = tasks.add_parser("path", help="print how to run a program of the server's, such as mariadb-dump")
    for task in (run, fetch, path):
        task.add_argument("engine", choices=sorted(ENGINES))
    run.add_argument("command", nargs="+", metavar="CMD", help="after --, the command and its arguments")
    path.add_argument("program")
    return top


def say(text: str) -> None:
    """One line for the person who looks on; standard output belongs to the command."""
    print(f"databases: {text}", file=sys.stderr, flush=True)


def run(engine: Engine, command: Sequence[str]) -> int:
    """Run `command` with a server of its own. Returns the command's exit code, 128 + n if signal n ended it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    say(f"starting {engine.title}")
    with running(engine) as server:
        say(f"{engine.title} {server.version} answers")
        if not server.version.startswith(engine.series + "."):
            say(
                f"warning: this project is tried on {engine.title} {engine.series}, Debian has another series now"
            )
        environment = {
            **os.environ,
            "DATABASE_URL": server.url,
            "DATABASE_URL_FILE": "",  # it would win, and empty it also keeps out the one of an .env
            "DATABASE_VERSION": server.version,
            # The server's own programs, for backups.
            "EVOLUTION_DUMP_PROGRAM": shlex.join(engine.programs().command(engine.dumper)),
            "EVOLUTION_CLIENT_PROGRAM": shlex.join(engine.programs().command(engine.client)),
        }
        return _run_to_end(command, environment)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _run_to_end(command: Sequence[str], environment: dict[str, str]) -> int:
    """The command's exit code. A request to end goes on to the command, and the server outlives it."""
    requests: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on() -> None:
        # The first Ctrl-C came to the command from the terminal, and it may be tidying up.
        if child is not None and requests not in ([], [signal.SIGINT]):
            child.terminate()

    # It raises nothing: an exception in the midst of wait() would lose the exit code.
    def note(number: int, _frame: FrameType | None) -> None:
        requests.append(number)
        pass_on()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        say(f"{command[0]} can't be run: {error.strerror}")
        return 127
    pass_on()
    code = child.wait()
    return code if code >= 0 else 128 - code


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; returns the exit code."""
    options = parser().parse_args(arguments)
    engine = ENGINES[options.engine]
    try:
        if options.task == "run":
            return run(engine, options.command)
        programs = engine.programs()
        if options.task == "path":
            print(shlex.join(programs.command(options.program)))
    except NotAvailable as error:
        say(f"{engine.title} can't be had here: {error}.")
        return NOT_AVAILABLE
    except ServerFailed as error:
        say(str(error))
        return 1
    except FileNotFoundError as error:
        say(f"{engine.title}'s packages have no program {error}.")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
