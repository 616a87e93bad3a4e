"""Methods that nothing here answers reach no page."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "CONNECT", "NONSENSE"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/estimation/estimation.css"])
def test_another_method_is_refused_in_a_sentence(client, method, path):
    answer = client.generic(method, path)
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST, PATCH"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content == b"This site takes GET, HEAD, OPTIONS, POST, PATCH alone.\n"


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "NONSENSE"])
def test_programs_are_told_of_another_method_as_of_everything_else(client, method):
    answer = client.generic(method, "/api/v1/groups")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST, PATCH"
    assert answer.json() == {"detail": "This site takes GET, HEAD, OPTIONS, POST, PATCH alone."}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/robots.txt"])
def test_plain_text_says_in_which_letters_it_is(client, path):
    assert client.get(path)["Content-Type"] == "text/plain; charset=utf-8"
