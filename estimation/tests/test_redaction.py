"""What is taken out of texts that others wrote."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from estimation.monitoring.redaction import GONE, brought_by, one_line, without_secrets
from estimation.monitoring.request_ids import Current, current

pytestmark = pytest.mark.once


@pytest.fixture
def asked():
    """Makes a request the present one."""
    tokens = []

    def ask(method: str, path: str, form: dict[str, str] | None = None):
        make = RequestFactory()
        request = make.generic(method, path) if form is None else make.post(path, form)
        request.COOKIES["sessionid"] = "session-of-somebody"
        request.resolver_match = resolve(request.path)
        _ = request.POST
        tokens.append(current.set(Current("id", request)))
        return request

    yield ask
    for token in reversed(tokens):
        current.reset(token)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Authorization: Bearer abcdefgh.ij", f"Authorization: Bearer {GONE}"),
        ("it was est_" + "a" * 43 + " there", f"it was {GONE} there"),
        ("GET /join/7.0.abc/ failed", f"GET /join/{GONE} failed"),
        ("GET /me/password/reset/MQ/abc-def/ failed", f"GET /me/password/reset/{GONE} failed"),
        ("GET /me/password/reset/sent/ failed", "GET /me/password/reset/sent/ failed"),
        ("token 12.3." + "x" * 43, f"token {GONE}"),
        ("Cookie: sessionid=abc; csrftoken=def", f"Cookie: sessionid={GONE}; csrftoken={GONE}"),
        ("mysql://anna:p4ss@db/poker", f"mysql://{GONE}@db/poker"),
        ("POST https://hooks.example/T0/B0/secret failed", f"POST https://hooks.example/{GONE} failed"),
        ("The room of group 7 could not be read.", "The room of group 7 could not be read."),
    ],
)
def test_what_looks_like_a_secret_goes_and_all_else_stays(text, rest):
    assert without_secrets(text) == rest


def test_what_the_request_brought_goes_wherever_it_stands(asked):
    asked("POST", "/join/7.0.token/?x=from-the-query", {"nickname": "Zaphod", "reason": "because\nof it"})
    text = "7.0.token Zaphod from-the-query session-of-somebody 'because\\nof it' stays"
    assert without_secrets(text) == f"{GONE} {GONE} {GONE} {GONE} '{GONE}' stays"


def test_a_card_goes_as_a_word_and_stays_in_other_words(asked):
    asked("POST", "/groups/1/rounds/2/vote/", {"card": "8"})
    assert without_secrets("card '8' of 18 in mp8 (8)") == f"card '{GONE}' of 18 in mp8 ({GONE})"


def test_a_card_does_not_take_the_numbers_of_lines(asked):
    asked("POST", "/groups/1/rounds/2/vote/", {"card": "8"})
    assert without_secrets('File "rounds.py", line 8', short=False) == 'File "rounds.py", line 8'


def test_what_a_program_sends_as_json_goes_too(asked):
    request = asked("GET", "/api/v1/groups")
    request._body = b'{"issues": [{"title": "Secret plan", "points": 13}]}'
    request.content_type = "application/json"
    assert without_secrets("no Secret plan of 13") == f"no {GONE} of {GONE}"


def test_a_body_that_nobody_has_read_is_not_waited_for(asked):
    request = RequestFactory().post("/api/v1/groups", b"{", content_type="application/json")
    assert "_body" not in request.__dict__
    brought_by(request)
    assert "_body" not in request.__dict__


def test_outside_a_request_there_is_nothing_that_came_along():
    assert without_secrets("card 8") == "card 8"


def test_a_line_stays_one_line():
    assert one_line("a\nb\r\x1b[2J\u2028\x85c\u202e") == "a\\nb\\r\\x1b[2J\\u2028\\x85c\\u202e"
