"""Work in processes that are forked from one where Django is set up already.

The start of Python takes longer than a small migration: without it `migrate` can be killed at each of ten thousand
calls in an afternoon. All else is as an operator has it: a process of its own, with output and an exit code of its own.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from django.conf import settings

# prctl(2): a process may be traced by those who are not its parents. Some kernels want to be asked for it.
PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616D61, ctypes.c_ulong(-1)


# Runs a command to its end, held by another one: strace, with options.
Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


class ForkServer:
    """A process with Django set up in an environment, which forks itself for each piece of work.

    `folder` is for what they say. Leaving the context ends it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.output, self.errors = folder / "output.txt", folder / "errors.txt"
        # Whoever counts what is written wants no compiled modules and no coverage among it.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self.output), str(self.errors)],
            cwd=settings.BASE_DIR,
            env=inherited | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def manage(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """`manage.py` with these arguments; `before` is strace with its options, which takes hold before it begins."""
        return self.run(
            "from django.core.management import execute_from_command_line as execute; "
            f"execute({['manage.py', *arguments]!r})",
            before=before,
        )

    def behind(self, *arguments: str) -> Run:
        """`manage.py` with these arguments, behind the command that is given."""
        return lambda before: self.manage(*arguments, before=before)

    def run(self, work: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """A line of Python in a process of its own."""
        pid = int(self._ask({"work": work, "held": bool(before)}))
        if not before:
            code = int(self._answer())
        else:
            with _attached(before, pid):
                os.kill(pid, signal.SIGCONT)
                code = int(self._answer())
        return subprocess.CompletedProcess(work, code, self.output.read_text(), self.errors.read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._process.communicate()

    def _ask(self, request: dict[str, Any]) -> str:
        assert self._process.stdin
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        assert answer, "the process that forks is gone"
        return answer


@contextmanager
def _attached(command: Sequence[str], pid: int) -> Iterator[None]:
    """Strace, with options, holding a process from now to its end. Raises PermissionError where it may not."""
    with subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        said = tracer.stderr.readline()
        if "attached" not in said:
            os.kill(pid, signal.SIGKILL)
            raise PermissionError(said)
        yield


def serve(requests: Iterable[str], answer: Callable[[int], None], output: str, errors: str) -> str | None:
    """Fork for each request. What is to be done comes out in the child, at the end nothing in the parent."""
    for line in requests:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _begin(output, errors, held=request["held"])
            return str(request["work"])
        if request["held"]:
            os.waitpid(pid, os.WUNTRACED)
        answer(pid)
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return None


def _begin(output: str, errors: str, *, held: bool) -> None:
    for number, file in ((0, os.devnull), (1, output), (2, errors)):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    if held:
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    import django

    django.setup()
    from evolution.management.commands import backup, migrate, restore  # noqa: F401 - loaded once for all

    work = serve(sys.stdin, partial(print, flush=True), *sys.argv[1:])
    if work:
        exec(work)
