"""A room with listeners in this process: its newest snapshot, read once for all of them."""

import asyncio
import logging
import time
from concurrent.futures import Executor

from django.utils import timezone

from groups.models import Group
from issues import rounds, snapshots, table
from issues.feed.connections import Serving, connected
from issues.feed.streams import Stream
from issues.frames import Frames
from issues.room_parts import Audience
from issues.snapshots import RoomSnapshot

logger = logging.getLogger(__name__)

# After a snapshot that took t seconds to read and to tell, the next is read t × REST later: many changes at once share
# one, and the feed never takes more than a part of the process.
REST = 3
LONGEST_REST = 2  # seconds; a database that answered after half a minute may answer at once again
LOOK_AGAIN = 5  # seconds after which presence is looked at though nothing was announced
SEEN = 20  # seconds after which those who listen are noted as present again
RETRY = 1  # seconds after the database failed


class Channel:
    """The streams of one room."""

    def __init__(self, group_id: int, threads: Executor, serving: Serving) -> None:
        self.group_id = group_id
        self.streams: set[Stream] = set()
        self._threads = threads
        self._serving = serving
        self._frames: Frames | None = None
        self._rung = asyncio.Event()
        self._rung_at: float | None = None  # of the first ring that is not answered yet, in monotonic time
        self._seen_at = 0.0
        self._task = asyncio.create_task(self._run())

    @property
    def version(self) -> int:
        """The version that its listeners know."""
        return -1 if self._frames is None else self._frames.snapshot.version

    def add(self, stream: Stream) -> None:
        """Tell the stream what is known, and what comes."""
        self.streams.add(stream)
        if self._frames is not None:
            stream.offer(self._frames)

    def ring(self, since: float | None = None) -> None:
        """Something in the room has changed, or may have: now, or at an earlier moment of the monotonic clock."""
        if self._rung_at is None:
            self._rung_at = time.monotonic() if since is None else since
        self._rung.set()

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        since = None
        while True:
            self._rung.clear()
            await self._serving()
            began = loop.time()
            since, self._rung_at = self._rung_at if since is None else since, None
            try:
                await self._tell(since)
            except Exception:
                # The database may be away for a while; the listeners are not told less for that, only later.
                logger.exception("The room of group %s could not be read.", self.group_id)
                await asyncio.sleep(RETRY)
                continue
            since = None
            await asyncio.sleep(0)  # lets the streams write
            await asyncio.sleep(min((loop.time() - began) * REST, LONGEST_REST))
            try:
                async with asyncio.timeout(self._until_next_look()):
                    await self._rung.wait()
            except TimeoutError:
                continue

    async def _tell(self, since: float | None) -> None:
        """Read the room and offer it to all streams; `since` is when somebody rang for that."""
        loop = asyncio.get_running_loop()
        present = None
        if loop.time() - self._seen_at > SEEN:
            self._seen_at = loop.time()
            present = frozenset(stream.ticket.user_id for stream in self.streams)
        before = self._frames
        frames = await loop.run_in_executor(self._threads, self._read, before, present)
        if frames is None:
            for stream in self.streams:
                stream.close()
            return
        if frames is before:
            return
        self._frames = frames
        for stream in tuple(self.streams):
            stream.offer(frames, since)

    def _read(self, before: Frames | None, present: frozenset[int] | None) -> Frames | None:
        """In a thread: the frames of the present state, rendered for those who listen."""
        return connected(lambda: self._frames_of(before, present))

    def _frames_of(self, before: Frames | None, present: frozenset[int] | None) -> Frames | None:
        if present is not None:
            table.see_all(self.group_id, present)
        snapshot = snapshots.take(self.group_id)
        if snapshot is None:
            return None
        if snapshot.wants_a_reveal:
            rounds.touch(Group.objects.get(pk=self.group_id))
            snapshot = snapshots.take(self.group_id) or snapshot
        if before is not None and before.snapshot == snapshot:
            return before
        frames = Frames(snapshot, before)
        # Renders what is new, away from the event loop.
        for audience in self._audiences(snapshot) if before is None else before.audiences:
            frames.keys(audience)
        return frames

    def _audiences(self, snapshot: RoomSnapshot) -> set[Audience]:
        """Those who listen."""
        listeners = {(stream.ticket.user_id, stream.ticket.language) for stream in tuple(self.streams)}
        return {Audience.of(snapshot, user, language) for user, language in listeners}

    def _until_next_look(self) -> float:
        """Seconds until presence is looked at again, or until a timer ends."""
        round_ = self._frames.snapshot.round if self._frames else None
        if round_ is None or not round_.is_open or round_.timer_ends_at is None:
            return LOOK_AGAIN
        left = (round_.timer_ends_at - timezone.now()).total_seconds()
        return min(LOOK_AGAIN, left + 0.05) if left > 0 else LOOK_AGAIN
