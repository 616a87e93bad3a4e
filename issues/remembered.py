"""What this process last read of each room, so that a hundred who look at the same thing make it be read once.

The database is the truth: what is remembered holds for the version of the room that the database has now, and never
for longer than LOOKS_AGAIN, since presence changes without a version.
"""

import time
from dataclasses import dataclass
from threading import Lock

from issues import snapshots
from issues.frames import Frames

LOOKS_AGAIN = 2.0  # seconds
ROOMS = 256  # those looked at last, in one process


@dataclass(frozen=True)
class _Known:
    frames: Frames
    read_at: float


_rooms: dict[int, _Known] = {}  # the one looked at last stands last
_lock = Lock()


def frames(group_id: int, version: int) -> Frames | None:
    """The room with what was rendered of it; None where there is no such group.

    `version` is the one that the database has now; 0 where nothing has happened in the room yet.
    """
    known = _rooms.get(group_id)
    if known is not None and known.frames.snapshot.version == version and _is_fresh(known):
        return known.frames
    return read(group_id)


def read(group_id: int) -> Frames | None:
    """The same, read from the database whatever is remembered."""
    read_at = time.monotonic()
    snapshot = snapshots.take(group_id)
    if snapshot is None:
        return None
    return _keep(group_id, _Known(Frames(snapshot), read_at))


def seen(before: Frames, user_id: int) -> Frames:
    """The room after it was noted that somebody is there; `before` is what they looked at.

    Many look at once, and each adds one person to what the one before them left, not to what they looked at.
    """
    group_id = before.snapshot.group_id
    with _lock:
        known = _rooms.get(group_id)
        if known is None or known.frames.snapshot.version < before.snapshot.version:
            known = _Known(before, time.monotonic() - LOOKS_AGAIN)
        return _put(group_id, _Known(known.frames.with_seen(user_id), known.read_at))


def forget() -> None:
    """Read every room anew."""
    with _lock:
        _rooms.clear()


def _is_fresh(known: _Known) -> bool:
    return time.monotonic() - known.read_at < LOOKS_AGAIN


def _keep(group_id: int, known: _Known) -> Frames:
    with _lock:
        return _put(group_id, known)


def _put(group_id: int, known: _Known) -> Frames:
    """For whoever holds the lock."""
    _rooms.pop(group_id, None)
    _rooms[group_id] = known
    if len(_rooms) > ROOMS:
        del _rooms[next(iter(_rooms))]
    return known.frames
