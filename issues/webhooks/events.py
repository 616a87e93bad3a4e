"""What is told of a round, written down for each webhook of its group while it happens."""

import json
from typing import Any

from django.utils import timezone

from groups.models import Group
from issues import ballots
from issues.models import Round
from issues.models.round import State
from issues.models.webhook import Event, Webhook
from issues.statistics import summarise

_EVENTS = {State.REVEALED: Event.REVEALED, State.SETTLED: Event.SETTLED}


def note(round_: Round) -> None:
    """Let the webhooks of the group know that the round has come into this state. In the transaction that does it."""
    event = _EVENTS.get(State(round_.state))
    if event is None:
        return
    webhooks = list(Webhook.objects.filter(group=round_.group_id, is_active=True))
    if webhooks:
        body = _body(event, round_.group, _round(round_))
        for webhook in webhooks:
            webhook.send(event, body)


def ping(webhook: Webhook) -> None:
    """Something to try the webhook with."""
    webhook.send(Event.PING, _body(Event.PING, webhook.group, {}))


def _body(event: str, group: Group, data: dict[str, Any]) -> str:
    told = {
        "type": event,
        "timestamp": timezone.now().isoformat(),
        "data": {"group": {"id": group.pk, "name": str(group)}} | data,
    }
    return json.dumps(told, ensure_ascii=False)


def _round(round_: Round) -> dict[str, Any]:
    cast = ballots.revealed(round_)
    figures = summarise(round_.cards, [(vote.name, vote.card) for vote in cast])
    issue = round_.issue
    return {
        "round": round_.pk,
        "issue": None
        if issue is None
        else {"id": issue.pk, "key": issue.key, "title": issue.title, "url": issue.url},
        "estimate": round_.estimate or None,
        "votes": [{"name": vote.name, "card": vote.card, "reason": vote.reason} for vote in cast],
        "agreement": figures.agreement,
        "suggested": figures.suggested.label if figures.suggested else None,
    }
