"""manage.py turnofftwofactor: for whoever has lost the phone and the recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from users import mails, two_factor
from users.models import User, normalized_email


class Command(BaseCommand):
    help = (
        "Turn two-factor sign-in off for an account whose owner has lost the phone and the recovery codes. They are "
        "told by mail. Make sure that it is them who ask. Exit code 0: it is off. 1: there is no such account, or it "
        "was off. 2: wrong arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="With which they sign in.")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = User.objects.filter(email=normalized_email(options["email"]) or "").first()
        if user is None:
            raise CommandError(f"There is no account {options['email']}.")
        if two_factor.device_of(user) is None:
            raise CommandError(f"{user.email} has no two-factor sign-in.")
        two_factor.turn_off(user)
        mails.tell(user, "two_factor_off")
        mails.wait()
        self.stdout.write(f"{user.email} signs in with the password alone now.")
