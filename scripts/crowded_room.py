"""A room full of people who listen to its stream, played by one process: for `bench_room.py`, and for faults.

Of each no more is kept than the newest version that the stream has told. An answer other than 200 is an AssertionError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

CSRF = "c" * 32
AT_ONCE = 32  # people who come in at the same time
FRAME = b"\nid: "  # and the version that the frame tells


@dataclass
class Person:
    """A member with a session: the headers of a request, and what the stream said last."""

    cookie: str
    port: int = 0  # of the process that serves them
    version: int = 0
    feed: str = ""  # the request of the stream
    stream: asyncio.Transport | None = None


class Stream(asyncio.Protocol):
    """Notes the version of every frame that comes, and nothing else, to cost little."""

    def __init__(self, person: Person, expected: Expected) -> None:
        self.person, self.expected, self.rest = person, expected, b""
        self.is_new = True

    def data_received(self, data: bytes) -> None:
        if self.is_new:
            assert data.startswith(b"HTTP/1.1 200"), data[:200]
            self.is_new = False
        text = self.rest + data
        place = text.rfind(FRAME)
        if place >= 0:
            start = place + len(FRAME)
            end = text.find(b"\n", start)
            if end < 0:
                self.rest = text[place:]
                return
            self.person.version = int(text[start:end])
            self.expected.told(self.person.version)
        self.rest = text[-len(FRAME) :]


class Expected:
    """Waits until all streams know a version."""

    def __init__(self) -> None:
        self.version, self.missing = 0, 0
        self.all = asyncio.Event()

    def of(self, people: list[Person], version: int) -> None:
        self.version = version
        self.missing = sum(person.version < version for person in people)
        self.all.clear()

    def told(self, version: int) -> None:
        if version == self.version:
            self.missing -= 1
            if self.missing == 0:
                self.all.set()


def room(people: int) -> tuple[int, int, list[Person]]:
    """A group with so many voters who are signed in, and an open round."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.db import transaction

    from groups.models import Group, Membership, Role
    from issues import rounds
    from users import nicknames
    from users.models import User
    from users.session_store import SessionStore

    owner = User.objects.create_guest("Owner")
    group = Group.objects.start(owner, f"Room of {people}")
    members = []
    with transaction.atomic():
        for number in range(people):
            user = User.objects.create_guest(f"Voter {number}")
            name = user.nickname
            members.append(
                Membership(
                    group=group, user=user, nickname=name, nickname_key=nicknames.key(name), role=Role.VOTER
                )
            )
        Membership.objects.bulk_create(members, batch_size=500)
        cookies = []
        for member in members:
            session = SessionStore()
            session[SESSION_KEY] = str(member.user_id)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
            session.save()
            cookies.append(f"sessionid={session.session_key}; csrftoken={CSRF}")
    round_ = rounds.begin(group, owner)
    return group.pk, round_.pk, [Person(cookie) for cookie in cookies]


async def each(people: list[Person], work: Callable[[Person], Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> None:
        async with gate:
            await work(person)

    await asyncio.gather(*(one(person) for person in people))


async def come_in(group_id: int, person: Person, expected: Expected) -> None:
    """Get the page of the room, and open its stream with the keys that the page names."""
    head, page = await request("GET", f"/groups/{group_id}/", person)
    ticket = head.split(b"feed=")[1].split(b";")[0].decode()
    person.feed = _feed(group_id, page, f"feed={ticket}; {person.cookie}")
    await _listen(person, expected)


def _feed(group_id: int, page: bytes, cookies: str) -> str:
    """The request for the stream of somebody who shows this page, and these cookies."""
    have = page.split(b'data-have="')[1].split(b'"')[0].decode()
    address = f"/groups/{group_id}/feed/?have={have}"
    return f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n"


async def _listen(person: Person, expected: Expected) -> None:
    """Open the stream, until it has told the present state."""
    person.version = 0
    person.stream, _protocol = await asyncio.get_running_loop().create_connection(
        lambda: Stream(person, expected), "127.0.0.1", person.port
    )
    person.stream.write(person.feed.encode())
    while not person.version:
        await asyncio.sleep(0.005)


async def know_what_they_show(group_id: int, people: list[Person]) -> None:
    """By now all show the same: the keys that a screen sends when it comes back are not those that it came with."""
    _head, page = await request("GET", f"/groups/{group_id}/", people[0])
    for person in people:
        person.feed = _feed(group_id, page, person.feed.split("Cookie: ")[1].split("\r\n")[0])


async def cut(people: list[Person], expected: Expected) -> None:
    """All streams break off in one moment, and each is opened again at once, as if a proxy had gone and come back."""
    present = max(person.version for person in people)
    hang_up(people)
    await asyncio.gather(*(_listen(person, expected) for person in people))
    assert all(person.version >= present for person in people)


def hang_up(people: list[Person]) -> None:
    for person in people:
        if person.stream is not None:
            person.stream.abort()


async def request(method: str, path: str, person: Person, body: str = "") -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", person.port, limit=2**22)
    try:
        return await exchange(reader, writer, method, path, person, body)
    finally:
        writer.close()


async def exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    method: str,
    path: str,
    person: Person,
    body: str,
) -> tuple[bytes, bytes]:
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {person.cookie}\r\nAccept: application/json\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
    content = await reader.readexactly(int(length))
    assert head.startswith(b"HTTP/1.1 200"), head[:200] + content[:300]
    return head, content
