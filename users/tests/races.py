"""Several things at the same moment, each in a thread and on a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

PATIENCE = 60  # seconds until everybody must have come to the start


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of the works returns, or the exception that it raises, in their order."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            results[number] = works[number]()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
