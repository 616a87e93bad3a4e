"""Methods that nothing here answers reach no page."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "CONNECT", "NONSENSE"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/groups", "/static/estimation/estimation.css"])
def test_another_method_is_refused(client, method, path):
    answer = client.generic(method, path)
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST, PATCH"
    assert answer.content == b""


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/robots.txt"])
def test_plain_text_says_in_which_letters_it_is(client, path):
    assert client.get(path)["Content-Type"] == "text/plain; charset=utf-8"
