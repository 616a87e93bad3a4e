"""Whether those who listen are still signed in. The database is asked for many of them at once.

A session ends when somebody signs out or in, when it expires, and, for all other devices, when the password changes.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from issues.feed.channels import Channel
from issues.feed.connections import Serving, connected
from issues.tickets import Ticket
from users.models import User

logger = logging.getLogger(__name__)

EVERY = 5  # seconds between two looks at those who listen
AT_ONCE = 500  # tickets in one question
# What of a user the hash of their sessions is made of.
USER = ("password", "session_generation")


class Sessions:
    """Lets in who is signed in, and sends away who is no more."""

    def __init__(self, channels: Mapping[int, Channel], threads: Executor, serving: Serving) -> None:
        self._channels = channels
        self._threads = threads
        self._serving = serving
        self._waiting: list[tuple[Ticket, asyncio.Future[bool]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        self._task.cancel()

    async def admits(self, ticket: Ticket) -> bool:
        """Whether the ticket's session lives. Raises what the database raises.

        Those who come while the database is asked are asked for together, once it has answered.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((ticket, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answer())
        return await answer

    async def _answer(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                good = await self._good([ticket for ticket, _answer in batch])
            except Exception as error:  # noqa: BLE001 (it goes to everyone who waits)
                for _ticket, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for ticket, answer in batch:
                if not answer.done():  # whoever has gone waits no more
                    answer.set_result(ticket in good)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self._serving()
            try:
                await self._look()
            except Exception:
                # Nothing can be told either while the database is away.
                logger.exception("Whether those who listen are signed in could not be read.")

    async def _look(self) -> None:
        streams = [stream for channel in self._channels.values() for stream in channel.streams]
        for start in range(0, len(streams), AT_ONCE):
            some = streams[start : start + AT_ONCE]
            good = await self._good([stream.ticket for stream in some])
            for stream in some:
                if stream.ticket not in good:
                    stream.dismiss()

    async def _good(self, tickets: Collection[Ticket]) -> frozenset[Ticket]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, connected, lambda: signed_in(tickets))


def signed_in(tickets: Collection[Ticket]) -> frozenset[Ticket]:
    """Those of the tickets whose session lives and whose user may still sign in, with the same password."""
    living = _living({ticket.session for ticket in tickets})
    numbers = {ticket.user_id for ticket in tickets if ticket.session in living}
    users = {user.pk: user for user in User.objects.filter(pk__in=numbers, is_active=True).only(*USER)}
    return frozenset(
        ticket
        for ticket in tickets
        if ticket.session in living and ticket.user_id in users and ticket.is_of(users[ticket.user_id])
    )


def _living(keys: Collection[str]) -> Collection[str]:
    """The keys of sessions that have not ended."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not issubclass(store, SessionStore):
        return {key for key in keys if store(key).exists(key)}
    sessions = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(sessions.values_list("session_key", flat=True))
