"""Who somebody is at the OpenID provider, and which account that opens.

Known by issuer and subject alone: an e-mail address may be given to somebody else tomorrow, or be claimed by anybody
at a provider that looks at none.
"""

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from users.models import Identity, User
from users.refusals import EMAIL_TAKEN, LINKED_ELSEWHERE, NO_EMAIL, Refused


@dataclass(frozen=True)
class Person:
    """Who somebody is at the provider. `email` is one that the provider has confirmed, None without."""

    issuer: str
    subject: str
    email: str | None
    nickname: str  # empty, where the provider tells none that others may see


def account_of(person: Person) -> User | None:
    """The account that the person opens, also a closed one; None for who comes for the first time."""
    identity = Identity.objects.select_related("user").filter(digest=_digest(person)).first()
    return identity.user if identity else None


def open_account(person: Person, guest: User | None) -> User:
    """A new account for the person, or the guest's own made one. It has no password. Raises Refused.

    The e-mail is one that the provider has confirmed, and that no account has: who has an account shows that by its
    password, and links the person to it.
    """
    if person.email is None:
        raise Refused(NO_EMAIL)
    if User.objects.filter(email=person.email).exists():
        raise Refused(EMAIL_TAKEN)
    account = User.objects.get(pk=guest.pk) if guest else User(nickname=person.nickname or _("New member"))
    account.email = person.email
    if guest is None:
        account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save()
            _link(account, person)
    except IntegrityError as error:  # somebody else took the one or the other a moment ago
        raise Refused(EMAIL_TAKEN) from error
    return account


def link(account: User, person: Person) -> bool:
    """Let the person open the account, too; whether that is new. Raises Refused."""
    owner = account_of(person)
    if owner is not None and owner != account:
        raise Refused(LINKED_ELSEWHERE)
    if owner is not None:
        return False
    try:
        with transaction.atomic():
            _link(account, person)
    except IntegrityError as error:
        raise Refused(LINKED_ELSEWHERE) from error
    return True


def of(account: User, issuer: str) -> list[Identity]:
    """By whom the account is opened at this provider; mostly one or nobody."""
    return list(Identity.objects.filter(user=account, issuer=issuer))


def unlink(account: User, issuer: str) -> int:
    """Let nobody of this provider open the account any more; how many could."""
    found = of(account, issuer)
    for identity in found:
        identity.delete()
    return len(found)


def _link(account: User, person: Person) -> None:
    Identity.objects.create(
        user=account, issuer=person.issuer, subject=person.subject, digest=_digest(person)
    )


def _digest(person: Person) -> str:
    """The same for the same person alone: to the databases, `ada` and `Ada` would be one, and are two."""
    return hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()
