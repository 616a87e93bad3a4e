"""The estimation itself: issues, rooms, rounds and votes."""

from issues.models.issue import Issue
from issues.models.room import Presence, Room
from issues.models.round import Round, Transition
from issues.models.vote import Vote
from issues.models.webhook import Delivery, Webhook

__all__ = ["Delivery", "Issue", "Presence", "Room", "Round", "Transition", "Vote", "Webhook"]
