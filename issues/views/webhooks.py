"""The webhooks of a group: for those who administer it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from groups.access import Access, Permission, group_view
from issues.backlog import GroupArchived
from issues.models.webhook import Delivery, Webhook
from issues.webhook_forms import WebhookForm
from issues.webhooks import addresses, events, signatures

SHOWN = 20  # deliveries, the latest


@group_view(Permission.ADMINISTER)
def webhook_list(request: HttpRequest, access: Access) -> HttpResponse:
    """All of them, and a form for one more."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            webhook = addresses.add(access.group, form.cleaned_data["url"], access.user)
        except GroupArchived:
            form.add_error(None, _("This group is archived. Nothing was changed."))
        except addresses.TooMany:
            limit = addresses.MAX_WEBHOOKS
            said = ngettext(
                "A group has at most %(limit)d webhook. Remove one first.",
                "A group has at most %(limit)d webhooks. Remove one first.",
                limit,
            )
            form.add_error(None, said % {"limit": limit})
        else:
            return redirect("issues:webhook-detail", access.group.pk, webhook.pk)
    context = _context(access) | {"form": form, "webhooks": access.group.webhooks.order_by("pk")}
    return render(request, "issues/webhook_list.html", context)


@require_safe
@group_view(Permission.ADMINISTER)
def webhook_detail(request: HttpRequest, access: Access, webhook_id: int) -> HttpResponse:
    webhook = get_object_or_404(access.group.webhooks, pk=webhook_id)
    context = _context(access) | {
        "webhook": webhook,
        "secret": signatures.shown(webhook.secret),
        "deliveries": webhook.deliveries.defer("body").order_by("-pk")[:SHOWN],
    }
    return render(request, "issues/webhook_detail.html", context)


Answer = Callable[[Webhook], str]


def webhook_button(work: Answer) -> Callable[..., Any]:
    """A button on the page of a webhook: `work` does it and returns what is said of it."""

    @require_POST
    @group_view(Permission.ADMINISTER)
    @wraps(work)
    def answered(request: HttpRequest, access: Access, webhook_id: int) -> HttpResponse:
        webhook = get_object_or_404(access.group.webhooks, pk=webhook_id)
        if access.group.is_archived:
            messages.error(request, _("This group is archived. Nothing was changed."))
        else:
            messages.success(request, work(webhook))
        return redirect("issues:webhook-detail", access.group.pk, webhook.pk)

    return answered


@webhook_button
def webhook_test(webhook: Webhook) -> str:
    events.ping(webhook)
    return _("A test is on its way. Load this page again to see what came of it.")


@webhook_button
def webhook_switch(webhook: Webhook) -> str:
    addresses.switch(webhook, on=not webhook.is_active)
    return (
        _("It is told no more.") if webhook.is_active else _("It is told again, of what happens from now on.")
    )


@webhook_button
def webhook_renew(webhook: Webhook) -> str:
    webhook.renew_secret()
    return _("There is a new secret. Give it to your program: deliveries are signed with it from now on.")


@require_POST
@group_view(Permission.ADMINISTER)
def webhook_remove(request: HttpRequest, access: Access, webhook_id: int) -> HttpResponse:
    """With all that was sent there, or was not yet."""
    get_object_or_404(access.group.webhooks, pk=webhook_id).delete()
    messages.success(request, _("The webhook is removed."))
    return redirect("issues:webhook-list", access.group.pk)


@require_POST
@group_view(Permission.ADMINISTER)
def delivery_again(request: HttpRequest, access: Access, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Send it once more, with all attempts before it."""
    webhook = get_object_or_404(access.group.webhooks, pk=webhook_id)
    again = {"next_attempt_at": timezone.now(), "attempts": 0, "delivered_at": None}
    if not Delivery.objects.filter(webhook=webhook, pk=delivery_id).update(**again):
        messages.error(request, _("That delivery is too old, and not kept any more."))
    else:
        messages.success(request, _("It is sent once more."))
    return redirect("issues:webhook-detail", access.group.pk, webhook.pk)


def _context(access: Access) -> dict[str, Any]:
    return {"access": access, "group": access.group}
