"""Very many members of one room, each with a stream of its own, who all come back in one moment."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import crowded_room

from estimation.tests.legacy import PROJECT
from evolution.tests.forked import python

SEATED = """
import json, sys
sys.path.append("scripts")
import django
django.setup()
import crowded_room
group, _round, people = crowded_room.room({people})
print(json.dumps([group, [person.cookie for person in people]]))
"""


class Crowd:
    """So many people who watch a room of the site at this port, which has the database at this address."""

    def __init__(self, people: int, port: int, database: str) -> None:
        settings = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "estimation.settings"}
        seated = python(SEATED.format(people=people), PROJECT, os.environ | settings)
        assert seated.returncode == 0, seated.stderr
        self._group, cookies = json.loads(seated.stdout)
        self._people = [crowded_room.Person(cookie, port) for cookie in cookies]
        self._expected = crowded_room.Expected()
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """All get the page and listen while the block runs. Fails where one gets anything but 200."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            self._run(
                crowded_room.each(
                    self._people, lambda person: crowded_room.come_in(self._group, person, self._expected)
                )
            )
            yield
        finally:
            self._run(self._leave())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def come_back(self) -> float:
        """All streams break off at once and are opened again; seconds until the last one knows the present state."""
        began = time.monotonic()
        self._run(crowded_room.cut(self._people, self._expected))
        return time.monotonic() - began

    async def _leave(self) -> None:
        crowded_room.hang_up(self._people)
        await asyncio.sleep(0)  # in which the connections end

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()
