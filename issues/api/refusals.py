"""What the forms find wrong, as the API tells it."""

from collections.abc import Sequence
from typing import Any

from django.forms import Form


class Refused(Exception):
    """Nothing was saved: one sentence, and where the mistakes are."""

    def __init__(self, sentence: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.errors = errors


def check(forms: Sequence[Form]) -> None:
    """Raises Refused where a form is not valid."""
    errors = [
        {"index": index, "field": "" if name == "__all__" else name, "message": str(message)}
        for index, form in enumerate(forms)
        for name, messages in form.errors.items()
        for message in messages
    ]
    if errors:
        raise Refused(str(errors[0]["message"]), errors)
