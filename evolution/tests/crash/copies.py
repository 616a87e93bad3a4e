"""Kills a MariaDB in the short time in which it has copied a table, and the copy is not yet in the table's place."""

import mmap
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The log in which MariaDB notes how far a change of a table has come: blocks that begin with these bytes.
BLOCK = 4096
ENTRY, ALTER_TABLE, COPIED = 2, 16, 6


@contextmanager
def killed_when_copied(pid: int, log: Path, table: str, delay: float) -> Iterator[None]:
    """Kill the server `pid` so many seconds after its `log` says that it has copied `table`, if it does in here."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            # Anew each time, since it grows; a mapping of a file that has grown does not.
            with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as blocks:
                size = len(blocks)
                while not over.is_set() and os.fstat(file.fileno()).st_size == size:
                    if any(_is_copied(blocks, at, table) for at in range(0, size, BLOCK)):
                        time.sleep(delay)
                        os.kill(pid, signal.SIGKILL)
                        return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _is_copied(blocks: mmap.mmap, at: int, table: str) -> bool:
    begins = blocks[at] == ENTRY and blocks[at + 1] == ALTER_TABLE and blocks[at + 2] == COPIED
    return begins and blocks.find(table.encode(), at, at + BLOCK) >= 0
