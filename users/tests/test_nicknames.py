"""What a nickname may be, and when two are the same."""

import pytest

from users import nicknames

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna  ", "Anna"),
        ("Anna\tB", "Anna B"),
        ("Anna   B", "Anna B"),
        ("An\u200bna", "Anna"),
        ("\u202eannA", "annA"),
        ("e\u0301", "é"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\u200d", ""),
        (" \u00a0 ", ""),
    ],
)
def test_a_nickname_is_kept_without_what_nobody_can_see(typed, kept):
    assert nicknames.clean(typed) == kept


@pytest.mark.parametrize(
    ("one", "other"), [("Anna", "ANNA"), ("Straße", "STRASSE"), ("Ａnna", "Anna"), ("é", "e\u0301")]
)
def test_nicknames_that_a_person_would_call_the_same_have_one_key(one, other):
    assert nicknames.key(one) == nicknames.key(other)


@pytest.mark.parametrize(("one", "other"), [("🚀", "🔥"), ("Ann", "Anna"), ("Rene", "René")])
def test_nicknames_that_a_person_tells_apart_have_two_keys(one, other):
    assert nicknames.key(one) != nicknames.key(other)


def test_a_number_is_added_within_the_limit_of_32_characters():
    assert nicknames.numbered("x" * 32, 12) == "x" * 29 + " 12"


@pytest.mark.parametrize("nickname", ["default", "Default", " DEFAULT "])
def test_the_name_of_the_placeholder_is_reserved(nickname):
    assert nicknames.is_reserved(nickname)
