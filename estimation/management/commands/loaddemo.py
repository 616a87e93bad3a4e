"""manage.py loaddemo: a team to look around with, in an empty database."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError
from django.urls import reverse

from estimation import demo
from groups.models import Group
from users.models import User


class Command(BaseCommand):
    help = (
        "Load the demo team of fixtures/demo.json, and say how to sign in to it. Only into a database without a "
        "single user or group: otherwise nothing is changed, which is no error. Everybody knows the password of "
        "the demo, so nothing is loaded while HTTPS is on, that is, where other people reach the site."
    )

    def handle(self, *_args: Any, verbosity: int, **_options: Any) -> None:
        self.verbosity = verbosity
        try:
            empty = not User.objects.exists() and not Group.objects.exists()
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The database cannot be read ({error}). Run manage.py migrate first, then loaddemo again."
            ) from error
        if empty:
            self.load()
        accounts = demo.accounts()
        if not accounts:
            self.say("There are users or groups in the database; the demo team was not loaded.")
        elif settings.HTTPS:
            self.warn(accounts)
        else:
            self.say(*self.sign_in(accounts))

    def load(self) -> None:
        if settings.HTTPS:
            raise CommandError(
                "The demo team was not loaded: everybody knows its password, and HTTPS is on, as it is where other "
                "people reach the site. On a machine of your own, set HTTPS=off and run loaddemo again."
            )
        demo.load()
        self.say(f"A demo team was loaded: {User.objects.count()} people in {Group.objects.count()} groups.")

    def sign_in(self, accounts: list[User]) -> list[str]:
        """The lines that say where to look and how to get there."""
        emails = [user.email for user in accounts]
        member = demo.MEMBER if demo.MEMBER in emails else emails[0]
        lines = [f"Demo sign-in: {member}   password: {demo.PASSWORD}"]
        if group := demo.group():
            lines.append(f"Demo group:   {group.get_absolute_url()} ({group})")
        if demo.STAFF in emails:
            lines.append(f"Demo admin:   {demo.STAFF} with the same password at {reverse('admin:index')}")
        return lines

    def warn(self, accounts: list[User]) -> None:
        names = ", ".join(str(user.email) for user in accounts)
        self.stderr.write(
            self.style.WARNING(
                f"Everybody knows the password of {names}, and HTTPS is on. Make these users inactive in the admin, "
                "or give them other passwords, before anybody else reaches the site."
            )
        )

    def say(self, *lines: str) -> None:
        if self.verbosity:
            for line in lines:
                self.stdout.write(line)
