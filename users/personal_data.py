"""What is kept about a person: they may have it, and may have it deleted. Rounds stay, the name goes."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _

from users import open_sessions, sign_in_attempts, signals, two_factor
from users.models import ApiToken, Identity, User
from users.nicknames import FORMER_MEMBER


def export(user: User) -> dict[str, Any]:
    """Everything about the user, for a JSON file. Secrets (password, tokens, keys) are not in it."""
    person: dict[str, Any] = {
        "nickname": user.nickname,
        "email": user.email,
        "joined": user.date_joined,
        "last_signed_in": user.last_login,
        "two_factor": two_factor.device_of(user) is not None,
        "api_token_made": ApiToken.objects.filter(user=user).values_list("made_at", flat=True).first(),
        "identities": list(user.identities.values("issuer", "subject", "linked_at")),
    }
    browsers = [{"browser": one.browser, "since": one.began} for one in open_sessions.of(user)]
    told: dict[str, Any] = {"person": person, "signed_in": browsers}
    answers: list[tuple[Any, Any]] = signals.data_asked.send(User, user=user)
    for _receiver, rows in answers:
        told |= rows
    return told


def obstacles(user: User) -> list[str]:
    """Sentences about what the user has to do before they can be deleted; none when they can be."""
    answers: list[tuple[Any, Any]] = signals.deletion_asked.send(User, user=user)
    sentences = [sentence for _receiver, told in answers for sentence in told]
    if (
        user.is_superuser
        and not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists()
    ):
        sentences.append(_("Make somebody else a superuser: you are the only one."))
    return sentences


def erase(user: User) -> None:
    """Let the user be nobody: a number, to which votes and groups of the past belong.

    The row stays, since histories lean on it. It names nobody, signs in nowhere, and all its sessions are over.
    """
    name = f"{FORMER_MEMBER} {user.pk}"
    with transaction.atomic():
        signals.user_renamed_for_good.send(User, user=user, name=name)
        signals.user_gone.send(User, user=user, name=name)
        if user.email:
            sign_in_attempts.forget(user)
        two_factor.turn_off(user)
        ApiToken.objects.filter(user=user).delete()
        Identity.objects.filter(user=user).delete()
        open_sessions.end_all(user)
        _rename_in_the_admin(user, name)
        user.groups.clear()
        user.user_permissions.clear()
        user.nickname, user.email, user.last_login, user.date_joined = name, None, None, None
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()


def _rename_in_the_admin(user: User, name: str) -> None:
    """In the admin's log users stand by their nickname."""
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).update(object_repr=name)
