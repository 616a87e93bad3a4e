"""Work done in a process that may be killed at it."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections

Say = Callable[[Any], None]


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, negative for the signal, and what it said before."""

    code: int
    said: list[Any]


def in_a_child(work: Callable[[Say], object], *, errors: bool = True) -> Ended:
    """Do `work` in a process of its own, which gets a function to say something by; `errors` shows its traceback.

    What it has said arrives, whatever happens to it next.
    """
    connections.close_all()  # a child that shared its parent's session would end it
    ours, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        try:
            work(lambda what: _write(its, what))
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            if errors:
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    os.close(its)
    with os.fdopen(ours, encoding="utf-8") as lines:
        said = [json.loads(line) for line in lines]
    return Ended(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said)


def _write(pipe: int, what: Any) -> None:
    line = f"{json.dumps(what)}\n".encode()
    while line:
        line = line[os.write(pipe, line) :]
