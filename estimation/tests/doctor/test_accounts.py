"""What the doctor says of accounts and sessions."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from estimation.doctor import accounts
from estimation.tests.doctor.examining import OK, WARNING, told

pytestmark = pytest.mark.django_db


def test_staff_without_two_factor_sign_in_are_counted(settings, staff, alice):
    settings.STAFF_TWO_FACTOR = False
    assert told("staff") == (WARNING, "1 of 1 enter the admin by a password alone.")
    settings.STAFF_TWO_FACTOR = True
    assert told("staff")[0] is WARNING
    device = TOTPDevice.objects.create(user=staff, confirmed=False)
    assert told("staff")[0] is WARNING
    device.confirmed = True
    device.save()
    assert told("staff") == (OK, "1, all with two-factor sign-in.")


def test_many_sessions_that_have_ended_are_noticed():
    now = timezone.now()
    over = [
        Session(session_key=f"key-{number}", expire_date=now - timedelta(days=1))
        for number in range(accounts.MANY)
    ]
    Session.objects.bulk_create(over[1:])
    Session.objects.create(session_key="living", expire_date=now + timedelta(days=1))
    assert told("sessions")[0] is OK
    over[0].save(force_insert=True)
    assert told("sessions") == (WARNING, f"{accounts.MANY} have ended and are still kept.")
    call_command("clearsessions")
    assert told("sessions") == (OK, "0 have ended and are still kept.")
