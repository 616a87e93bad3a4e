"""What the doctor says of Redis."""

import pytest

from estimation.doctor import redis_server
from estimation.tests.doctor.examining import OK, PROBLEM, seen, told
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


@pytest.mark.parametrize("host", ["redis.invalid", "203.0.113.5"])
def test_a_redis_on_another_machine_without_tls_is_a_problem(settings, monkeypatch, host):
    monkeypatch.setattr(redis_server, "WITHIN", 0.1)
    settings.REDIS_URL = f"redis://:SECRET-OF-REDIS@{host}:9/0"
    without, _no_answer = seen("redis")
    assert without.level is PROBLEM
    assert f"{host} is another machine" in without.message
    assert "SECRET-OF-REDIS" not in without.message
    settings.REDIS_URL = f"rediss://:SECRET-OF-REDIS@{host}:9/0"
    assert [finding.message.partition(":")[0] for finding in seen("redis")] == ["It does not answer"]
