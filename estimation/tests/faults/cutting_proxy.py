"""A proxy that passes connections on to a site, and for a while cuts them off wherever it likes."""

import asyncio
import random
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

OFTEN = 0.15  # of what is passed on, while it cuts


class CuttingProxy:
    """Leads to the site at `port` of this machine; both may be changed while it runs.

    While `cuts` is set, it passes on a random part of what somebody sends or is answered, and hangs up on both: in the
    middle of a form, after the form and before its answer, in the middle of the answer or of a stream.
    """

    def __init__(self, port: int, seed: int = 1) -> None:
        self.port = port
        self.cuts = False
        self.cut_off = 0  # how many were
        self.url = ""
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._passing: set[asyncio.Task[None]] = set()

    @contextmanager
    def running(self) -> Iterator["CuttingProxy"]:
        """Take connections at `url` while the block runs."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        server = self._run(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self._run(self._end(server))
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def hang_up(self) -> None:
        """Cut off all at once, as when a proxy is restarted."""
        self._run(self._cut_all())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        await self._cut_all()

    async def _cut_all(self) -> None:
        passing = list(self._passing)
        for task in passing:
            task.cancel()
        self.cut_off += len(passing)
        await asyncio.gather(*passing, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._pass(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        with suppress(asyncio.CancelledError):
            await task

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.port)
            ends.append(there_writer)
            ways = [self._copy(reader, there_writer), self._copy(there_reader, writer)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # nobody is there
        finally:
            for end in ends:
                end.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            is_cut = self.cuts and self._random.random() < OFTEN
            sink.write(data[: self._random.randrange(len(data))] if is_cut else data)
            await sink.drain()
            if is_cut:
                self.cut_off += 1
                return
