"""Small disks, to be filled."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

Disk = Callable[[int], Path]


@contextmanager
def small_disks() -> Iterator[Disk]:
    """Makes disks of so many megabytes. Skips the test where none can be mounted."""
    with ExitStack() as stack:
        # A server's socket has to have a short path.
        short = Path(stack.enter_context(TemporaryDirectory(prefix="disk-", dir="/tmp")))

        def make(megabytes: int) -> Path:
            folder = short / f"{megabytes}m"
            folder.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
            answer = subprocess.run(mount, capture_output=True, text=True, check=False)
            if answer.returncode:
                pytest.skip(f"a small disk can't be mounted here: {answer.stderr.strip()}")
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
            return folder

        yield make
