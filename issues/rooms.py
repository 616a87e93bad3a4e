"""The room of a group, and how something in it is changed: alone, and counted in its version.

Whoever changes a room locks its row first, by counting up the version. Two who press the same button at once come
one after the other, and the second one finds what the first one left.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import models, transaction

from groups.models import Group
from issues.announcements import announce
from issues.models import Room
from users.compiled_queries import CompiledQuery

_room = CompiledQuery(lambda group: Room.objects.select_related("round__issue").filter(pk=group), 1)


def room_of(group: Group) -> Room:
    """The room of a group, with its round and the round's issue."""
    return _room.find(group.pk) or Room.objects.get_or_create(group=group)[0]


@contextmanager
def changing(group: Group) -> Iterator[Room]:
    """The room, locked until the block ends, and one version further; everyone is told once it is committed.

    Raises Group.DoesNotExist.
    """
    with transaction.atomic():
        if not _count_up(group):
            Group.objects.get(pk=group.pk)  # a room of a group that is gone would stay for ever
            Room.objects.get_or_create(group=group)
            _count_up(group)
        yield _room.get(group.pk)
        announce(group.pk)


def _count_up(group: Group) -> int:
    return Room.objects.filter(pk=group.pk).update(version=models.F("version") + 1)
