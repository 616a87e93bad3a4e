"""Tells whoever listens in this process that a room has changed; the database is the truth, this only the bell."""

from collections.abc import Callable

from django.db import transaction

Listener = Callable[[int], None]

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Call `listener` with the group's number after each change, in the thread that made it. It must not block."""
    _listeners.append(listener)


def unlisten(listener: Listener) -> None:
    """Call it no more."""
    _listeners.remove(listener)


def announce(group_id: int) -> None:
    """Ring once the present transaction is committed."""
    transaction.on_commit(lambda: _ring(group_id))


def _ring(group_id: int) -> None:
    for listener in tuple(_listeners):
        listener(group_id)
