"""The end of `makemigrations` where nothing is written."""

from django.core.management.base import CommandError

NOT_ANSWERED = 3  # Django's own exit code where a question is left open


class Stopped(CommandError):
    """A question is open that only the author of the models can answer; the message says how."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=NOT_ANSWERED)
