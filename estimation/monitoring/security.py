"""What matters to security, noted in the log as events; docs/security.md lists their names.

An event says who (the number of the user who sent the request, and from where), never what was typed.
"""

import logging
from functools import partial
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from estimation.monitoring.facts import user_of
from estimation.monitoring.request_ids import current
from groups.access import Permission
from groups.models import Group, Membership
from groups.signals import access_refused
from issues import api
from users.models import ApiToken, Identity, User
from users.signals import openid_refused

logger = logging.getLogger("estimation.security")

RESET_ASKED = "/me/password/reset/"
RESET_DONE = "/me/password/reset/<uidb64>/<token>/"
_DONE = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}
# What saving a few fields means; everything else saves other fields, or all of them.
_OF_GROUP = {frozenset({"invite_generation"}): "invite-renewed", frozenset({"user"}): "group-handed-over"}


def note(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event of this name, with who sent the present request, and from where."""
    now = current.get()
    request = now.request if now is not None else None
    who = {"user": user_of(request), "client": request.META.get("REMOTE_ADDR")} if request is not None else {}
    logger.log(level, event, extra={"fields": {"event": event} | who | fields})


def look_at(request: HttpRequest, route: str, status: int) -> None:
    """Note what shows in an answer alone."""
    if status == 401 and route.startswith(api.ADDRESS):
        note("api-token-refused", logging.WARNING)
    elif status == 302 and route == RESET_ASKED and request.method == "POST":
        note("password-reset-asked")  # whether anybody has this e-mail is told to nobody


# --- Coming and going


@receiver(user_logged_in)
def signed_in(sender: object, user: User, **_kwargs: Any) -> None:
    kind = "guest" if user.is_guest else "staff" if user.is_staff else "account"
    note("staff-sign-in" if kind == "staff" else "sign-in", user=user.pk, kind=kind)


@receiver(user_login_failed)
def failed_to_sign_in(sender: object, **_kwargs: Any) -> None:
    note("sign-in-failed", logging.WARNING)


@receiver(openid_refused)
def refused_by_openid(sender: object, *, reason: str, detail: str, **_kwargs: Any) -> None:
    note("openid-refused", logging.WARNING, reason=reason, detail=detail)


@receiver(user_logged_out)
def signed_out(sender: object, user: User | None, **_kwargs: Any) -> None:
    note("sign-out", user=user.pk if user is not None else None)


# --- What proves who one is


@receiver(post_save, sender=User)
def password_set(sender: object, *, instance: User, created: bool, **_kwargs: Any) -> None:
    """A password was set by whichever form: Django holds it on the user until it is saved."""
    if created or getattr(instance, "_password", None) is None:
        return
    now = current.get()
    match = now.request.resolver_match if now is not None and now.request is not None else None
    is_reset = match is not None and f"/{match.route}" == RESET_DONE
    _once_saved("password-reset-done" if is_reset else "password-changed", of=instance.pk)


@receiver(post_save, sender=ApiToken)
def token_made(sender: object, instance: ApiToken, **_kwargs: Any) -> None:
    _once_saved("api-token-made", of=instance.user_id)


@receiver(post_delete, sender=ApiToken)
def token_removed(sender: object, instance: ApiToken, **_kwargs: Any) -> None:
    _once_saved("api-token-removed", of=instance.user_id)


@receiver(post_save, sender=Identity)
def identity_linked(sender: object, instance: Identity, **_kwargs: Any) -> None:
    _once_saved("identity-linked", of=instance.user_id)


@receiver(post_delete, sender=Identity)
def identity_unlinked(sender: object, instance: Identity, **_kwargs: Any) -> None:
    _once_saved("identity-unlinked", of=instance.user_id)


# --- Who may do what


@receiver(access_refused)
def refused(
    sender: object, *, user: User, group_id: int, permission: Permission, is_member: bool, **_kwargs: Any
) -> None:
    note(
        "permission-refused",
        logging.WARNING,
        user=user.pk,
        group=group_id,
        permission=permission.value,
        status=403 if is_member else 404,
    )


@receiver(post_save, sender=Group)
def group_saved(
    sender: object, instance: Group, update_fields: frozenset[str] | None, **_kwargs: Any
) -> None:
    if event := _OF_GROUP.get(frozenset(update_fields or ())):
        _once_saved(event, group=instance.pk)


@receiver(post_save, sender=Membership)
def seat_saved(
    sender: object, instance: Membership, update_fields: frozenset[str] | None, **_kwargs: Any
) -> None:
    if update_fields == frozenset({"role"}):
        _once_saved("role-changed", group=instance.group_id, of=instance.user_id, role=str(instance.role))


@receiver(post_delete, sender=Membership)
def seat_gone(sender: object, instance: Membership, **_kwargs: Any) -> None:
    _once_saved("member-removed", group=instance.group_id, of=instance.user_id)


@receiver(post_save, sender=LogEntry)
def changed_by_staff(sender: object, instance: LogEntry, **_kwargs: Any) -> None:
    """The admin writes down each change of one row; which fields of it, its own history tells."""
    model = instance.content_type.model_class() if instance.content_type else None
    _once_saved(
        "staff-change",
        model=model._meta.label_lower if model else "",
        object=instance.object_id,
        action=_DONE.get(instance.action_flag, ""),
    )


def _once_saved(event: str, **fields: Any) -> None:
    """When the present transaction is committed; never if it is not."""
    transaction.on_commit(partial(note, event, **fields))
