"""The live feed: every screen of a room is told of its changes, by one stream each and no thread or connection.

`Feed` is an ASGI application that stands in front of the pages. The database is the truth: a room's snapshot is read
once for each change, in one of two threads, and its frames go to all who listen. A change made in this process rings
at once (`issues.announcements`); those of other processes are found by their room's version, in one query for all
rooms with listeners, or told by Redis.
"""

from issues.feed.application import Feed

__all__ = ["Feed"]
