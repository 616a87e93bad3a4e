"""What the doctor says of the settings."""

import pytest

from estimation.tests.doctor.examining import OK, OTHERS_REACH_IT, PROBLEM, WARNING, told

pytestmark = pytest.mark.django_db


def test_a_secret_key_is_told_by_its_length_alone(settings):
    settings.SECRET_KEY = "0123456789" * 7
    assert told("secret key") == (OK, "70 characters.")


def test_a_secret_key_that_can_be_guessed_is_noticed_while_developing(settings):
    settings.DEBUG, settings.SECRET_KEY = True, "only-for-development-because-DEBUG-is-on"
    level, message = told("secret key")
    assert level is WARNING
    assert "can be guessed" in message


def test_an_earlier_key_that_can_be_guessed_is_noticed(settings):
    settings.SECRET_KEY_FALLBACKS = ["hunter2"]
    level, message = told("secret key")
    assert level is WARNING
    assert "SECRET_KEY_FALLBACKS" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(("hosts", "level"), [(["localhost"], WARNING), (OTHERS_REACH_IT, PROBLEM)])
def test_debug_is_a_problem_where_others_reach_the_site(settings, hosts, level):
    settings.DEBUG, settings.ALLOWED_HOSTS, settings.HTTPS = True, hosts, True
    assert told("debug")[0] is level
    settings.DEBUG = False
    assert told("debug") == (OK, "Off.")


@pytest.mark.parametrize("hosts", [[], ["*"], ["."], ["estimation.example.org", "*"]])
def test_a_site_without_a_name_of_its_own_is_a_problem(settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    assert told("hosts")[0] is PROBLEM
    settings.ALLOWED_HOSTS = ["estimation.example.org"]
    assert told("hosts") == (OK, "Reached as estimation.example.org.")


def test_https_that_is_off_is_a_problem_where_others_reach_the_site(settings):
    settings.HTTPS, settings.ALLOWED_HOSTS = False, OTHERS_REACH_IT
    assert told("https")[0] is PROBLEM
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert told("https")[0] is OK
    settings.HTTPS, settings.ALLOWED_HOSTS = True, OTHERS_REACH_IT
    assert told("https")[0] is OK


@pytest.mark.parametrize(
    ("https", "proxies", "level"),
    [
        (True, ["127.0.0.1"], OK),
        (True, [], WARNING),
        (False, [], OK),
        (True, ["0.0.0.0/0"], PROBLEM),
        (True, ["127.0.0.1", "::/0"], PROBLEM),
    ],
)
def test_the_proxies_have_to_fit(settings, https, proxies, level):
    settings.HTTPS, settings.TRUSTED_PROXIES = https, proxies
    assert told("proxies")[0] is level


def test_what_django_s_own_checks_find_is_told_too(settings):
    assert told("checks")[0] is OK
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    level, message = told("checks")
    assert level is WARNING
    assert "security.W019" in message
