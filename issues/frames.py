"""What a screen is told of a room: the parts of the page that it does not show yet, as JSON.

A frame is the whole present state, not a step: whoever gets one needs none of those before it. `have` are the keys
of what the screen shows already; what has the same key is left out. All with the same audience and the same keys get
the same bytes, which are made once.
"""

import json
import time
from functools import cached_property
from typing import NamedTuple, TypeVar

from issues import room_parts
from issues.room_parts import Audience, Part
from issues.snapshots import RoomSnapshot, Seat

PARTS = ("stage", "progress", "deck", "backlog")
FRAMES_KEPT = 64  # of one snapshot; what a screen says that it shows is not to be trusted
_STATE_LETTERS = {"none": "n", "missing": "m", "voted": "v", "card": "c"}

Text = TypeVar("Text", str, bytes)


class Have(NamedTuple):
    """The keys of what a screen shows: of the seats, and of each part in the order of PARTS."""

    seats: str = ""
    parts: tuple[str, ...] = ("",) * len(PARTS)

    @classmethod
    def read(cls, text: str) -> "Have":
        """The keys as a screen tells them, separated by commas; what can't be read it shall have again."""
        keys = tuple(text.split(","))
        return cls(keys[0], keys[1:]) if len(keys) == 1 + len(PARTS) else cls()

    @property
    def written(self) -> str:
        """As `read` reads it."""
        return ",".join((self.seats, *self.parts))


class Frames:
    """The frames of one snapshot. `before` is what the room's listeners were told last."""

    def __init__(self, snapshot: RoomSnapshot, before: "Frames | None" = None) -> None:
        # Of `before` no more is kept than what differs: or each would hold all those before it.
        self.snapshot = snapshot
        self._frames: dict[tuple[Audience, Have], str] = {}
        self._events: dict[tuple[Audience, Have], bytes] = {}
        self._parts: dict[Audience, tuple[Part, ...]] = {}
        self._keys: dict[Audience, Have] = {}
        self._chairs: dict[str, list[str]] = {}
        self._seats_html: dict[str, bytes] = {}
        self.seats_key = room_parts.seats_key(snapshot.seats)
        self._left = () if before is None else _left(before.snapshot.seats, snapshot.seats)
        self._put = () if before is None else _put(before.snapshot.seats, snapshot.seats)
        self._known_seats = None if before is None else before.seats_key

    def frame(self, audience: Audience, have: Have) -> str:
        """The frame for a screen that shows `have`, as JSON."""
        return self._clock() + self._rest(audience, have)

    def event(self, audience: Audience, have: Have) -> bytes:
        """The frame as an event of a stream."""
        known = (audience, have)
        rest = self._events.get(known)
        if rest is None:
            rest = f"{self._rest(audience, have)}\n\n".encode()
            self._keep(self._events, known, rest)
        return f"id: {self.snapshot.version}\ndata: {self._clock()}".encode() + rest

    @property
    def audiences(self) -> tuple[Audience, ...]:
        """Those for whom it was rendered."""
        return tuple(self._keys)

    def keys(self, audience: Audience) -> Have:
        """What a screen shows after its frame."""
        if audience not in self._keys:
            keys = tuple(part.key for part in self.parts(audience))
            self._keys[audience] = Have(self.seats_key, keys)
        return self._keys[audience]

    def parts(self, audience: Audience) -> tuple[Part, ...]:
        """The parts of the page, in the order of PARTS."""
        if audience not in self._parts:
            parts = tuple(getattr(room_parts, name)(self.snapshot, audience) for name in PARTS)
            self._parts[audience] = parts
        return self._parts[audience]

    def chairs(self, language: str) -> bytes:
        """Everyone at the table, as the page begins with them, in UTF-8."""
        if language not in self._seats_html:
            if language not in self._chairs:
                seats = self.snapshot.seats
                self._chairs[language] = [room_parts.chair(self.snapshot, seat, language) for seat in seats]
            self._seats_html[language] = room_parts.seats(self._chairs[language], language).encode()
        return self._seats_html[language]

    def with_seen(self, user_id: int) -> "Frames":
        """The same when it has just been noted that this user is there: another chair, and what follows from it."""
        frames = Frames(self.snapshot.with_seen(user_id))
        for place, seat in enumerate(frames.snapshot.seats):
            if seat.user_id == user_id:
                for language, chairs in self._chairs.items():
                    chair = room_parts.chair(frames.snapshot, seat, language)
                    frames._chairs[language] = [*chairs[:place], chair, *chairs[place + 1 :]]
        return frames

    def digest(self, audience: Audience) -> str:
        """Stands for all that the audience's screens show; two of the same digest show the same."""
        return room_parts.key_of(f"{self.snapshot.version} {self.keys(audience).written} {self._changing}")

    def says_more(self, audience: Audience, last: "Frames") -> bool:
        """Whether a screen that was told `last` would learn anything."""
        return (
            self.snapshot.version != last.snapshot.version
            or self._changing != last._changing
            or self.keys(audience) != last.keys(audience)
        )

    @staticmethod
    def _clock() -> str:
        """How a frame begins: with the server's time, for timers, in milliseconds."""
        return f'{{"now":{round(time.time() * 1000)},'

    def _rest(self, audience: Audience, have: Have) -> str:
        """The frame without the time, which is another for everyone who is told."""
        known = (audience, have)
        rest = self._frames.get(known)
        if rest is None:
            rest = self._made(audience, have)
            self._keep(self._frames, known, rest)
        return rest

    @staticmethod
    def _keep(kept: dict[tuple[Audience, Have], Text], known: tuple[Audience, Have], made: Text) -> None:
        if len(kept) < FRAMES_KEPT:
            kept[known] = made

    def _made(self, audience: Audience, have: Have) -> str:
        told: dict[str, object] = {"version": self.snapshot.version, **self._changing}
        if have.seats != self.seats_key:
            told["seats"] = self._seats(audience.language, have.seats)
        for name, part, key in zip(PARTS, self.parts(audience), have.parts, strict=True):
            if part.key != key:
                told[name] = [part.key, part.html]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).removeprefix("{")

    def _seats(self, language: str, have: str) -> dict[str, object]:
        """All seats, or what has changed for those who know the ones before."""

        def told(seats: tuple[Seat, ...]) -> list[list[object]]:
            return [[seat.pk, seat.role, room_parts.seat_html(seat, language)] for seat in seats]

        if have and have == self._known_seats:
            return {"key": self.seats_key, "put": told(self._put), "left": list(self._left)}
        return {"key": self.seats_key, "all": told(self.snapshot.seats)}

    @cached_property
    def _changing(self) -> dict[str, object]:
        """What the members did, in the order of the seats: a letter each, a capital for who is away."""
        letters = []
        for seat in self.snapshot.seats:
            letter = _STATE_LETTERS[room_parts.state_of(self.snapshot, seat)]
            letters.append(letter.upper() if seat.user_id in self.snapshot.away else letter)
        told: dict[str, object] = {"states": "".join(letters)}
        if self.snapshot.cards:
            told["cards"] = [self.snapshot.cards.get(seat.user_id) for seat in self.snapshot.seats]
        return told


def _left(before: tuple[Seat, ...], now: tuple[Seat, ...]) -> tuple[int, ...]:
    if before == now:
        return ()
    present = {seat.pk for seat in now}
    return tuple(seat.pk for seat in before if seat.pk not in present)


def _put(before: tuple[Seat, ...], now: tuple[Seat, ...]) -> tuple[Seat, ...]:
    if before == now:
        return ()
    known = set(before)
    return tuple(seat for seat in now if seat not in known)
