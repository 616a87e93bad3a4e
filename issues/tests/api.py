"""A program that uses the API."""

import json
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from users import api_tokens
from users.models import User


class Program:
    """Sends requests with a user's token; paths are those behind /api/v1."""

    def __init__(self, user: User) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {api_tokens.make(user)}"})

    def get(self, path: str, **parameters: Any) -> HttpResponse:
        return cast("HttpResponse", self._client.get(f"/api/v1{path}", parameters))

    def post(self, path: str, body: Any = None) -> HttpResponse:
        return self.send("POST", path, json.dumps(body))

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.send("PATCH", path, json.dumps(body))

    def send(self, method: str, path: str, text: str) -> HttpResponse:
        """Send this text as it is."""
        answer = self._client.generic(method, f"/api/v1{path}", text, content_type="application/json")
        return cast("HttpResponse", answer)


def said(answer: HttpResponse, status: int = 200) -> Any:
    """What an answer of this status says."""
    assert answer.status_code == status, answer.content
    return json.loads(answer.content)
