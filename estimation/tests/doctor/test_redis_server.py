"""What the doctor says of Redis."""

import pytest

from estimation.tests.doctor.examining import OK, PROBLEM, told
from issues.tests.redis import running

pytestmark = pytest.mark.django_db


def test_a_redis_that_does_not_answer_is_a_problem(settings):
    settings.REDIS_URL = "redis://:SECRET-OF-REDIS@127.0.0.1:9/0"
    level, message = told("redis")
    assert level is PROBLEM
    assert "127.0.0.1:9" in message
    assert "SECRET-OF-REDIS" not in message


@pytest.mark.once
def test_a_redis_that_answers_is_well(settings):
    with running() as server:
        settings.REDIS_URL = server.url
        assert told("redis") == (OK, "It answers.")
