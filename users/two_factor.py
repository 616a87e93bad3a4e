"""The second factor: a code from an app on the phone (TOTP, by django-otp), or a recovery code from paper.

Of a recovery code only a hash is kept. The key that the app shares with the site is kept as it is: the site has to
reckon with it.
"""

import hashlib
import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from users.models import RecoveryCode, User
from users.rate_limits import RateLimit

RECOVERY_CODES = 8
_BYTES = 15  # of chance in a recovery code: 24 letters and digits
_GROUP = 4  # letters between two hyphens

# By account, on top of the pauses that django-otp makes after each wrong code.
CODES = RateLimit("second-factor", "10/minute;50/hour")


def device_of(user: User) -> TOTPDevice | None:
    """The app that the user has set up; None for whoever signs in with the password alone."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def new_key() -> str:
    """A key for an app that is to be set up, in hexadecimal digits."""
    key: str = default_key()
    return key


def link(key: str, user: User) -> str:
    """What an app reads from the QR code (the Key URI Format of the Google Authenticator's wiki)."""
    label = quote(f"Estimation:{user.email}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret(key), 'issuer': 'Estimation'})}"


def secret(key: str) -> str:
    """The key as apps take it when it is typed."""
    return b32encode(bytes.fromhex(key)).decode()


def confirm(user: User, key: str, code: str) -> list[str]:
    """Use the app with this key from now on, if the code is its present one.

    Returns the recovery codes, told this once; none for a wrong code.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        TOTPDevice.objects.filter(user=user).delete()
        device = TOTPDevice.objects.create(user=user, name="app", key=key, confirmed=True)
        if device.verify_token(_digits(code)):
            return new_recovery_codes(user)
        transaction.set_rollback(True)
    return []


def new_recovery_codes(user: User) -> list[str]:
    """Codes that are good once each; those before are good no more."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return codes


def accepted(user: User, code: str) -> TOTPDevice | None:
    """The user's app, if the code is its present one or a recovery code; either is good once.

    Raises TooManyRequests for who tries too often.
    """
    CODES.take(user.pk)
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None:
            return None
        digits = _digits(code)
        is_good = device.verify_token(digits) if digits else _is_spent(user, code)
        return device if is_good else None


def turn_off(user: User) -> None:
    """Let the password alone be enough."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()


def _digits(code: str) -> str:
    """The six digits of an app, however they are grouped; empty for what is no such code."""
    digits = "".join(code.split())
    return digits if digits.isascii() and digits.isdigit() and len(digits) == 6 else ""


def _recovery_code() -> str:
    letters = b32encode(secrets.token_bytes(_BYTES)).decode().lower()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _is_spent(user: User, code: str) -> bool:
    """Whether it was one of the user's recovery codes: now it is none any more."""
    spent, _by_model = RecoveryCode.objects.filter(user=user, digest=_digest(code)).delete()
    return spent == 1


def _digest(code: str) -> str:
    """Without salt and in one step: what has 120 bits of chance can't be guessed from its hash."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
