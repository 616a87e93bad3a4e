"""Commands in processes that are forked from one which has loaded the libraries already.

The start of Python and the loading of Django take four times as long as a small command. What belongs to the project
is loaded anew by each: no settings, no models and nothing of what is tried here is shared.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

# Only these are of use to a command, and none of them minds being forked.
LIBRARIES = ("django", "simple_history", "csp", "environ", "whitenoise", "MySQLdb", "rich", "encodings")
PRELOAD = "EVOLUTION_TESTS_PRELOAD"  # environment: the names of the modules


def manage(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """The folder's `manage.py` with these arguments, in an environment: exit code, output and errors."""
    return python(
        "import runpy; runpy.run_path('manage.py', run_name='__main__')", folder, environment, arguments
    )


def django(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """The same for `python -m django`."""
    work = "import runpy; runpy.run_module('django', run_name='__main__', alter_sys=True)"
    return python(work, folder, environment, arguments)


def python(
    work: str, folder: Path, environment: Mapping[str, str], arguments: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """The same for a line of Python."""
    with TemporaryDirectory() as said:
        files = [f"{said}/output", f"{said}/errors"]
        process = _server().Process(
            target=_run, args=(work, list(arguments), str(folder), dict(environment), *files)
        )
        process.start()
        process.join()
        output, errors = (Path(file).read_text() if Path(file).exists() else "" for file in files)
        assert process.exitcode is not None
        return subprocess.CompletedProcess(work, process.exitcode, output, errors)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.preload"])
    names = [name for name in sys.modules if name.partition(".")[0] in {*LIBRARIES, *sys.stdlib_module_names}]
    os.environ[PRELOAD] = " ".join(names)
    forkserver.ensure_running()
    del os.environ[PRELOAD]
    return context


def _run(
    work: str, arguments: list[str], folder: str, environment: dict[str, str], output: str, errors: str
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in ((1, output), (2, errors)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.argv[1:] = arguments
    sys.path[:0] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    exec(work, {"__name__": "__main__"})
