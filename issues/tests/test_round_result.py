"""What a revealed round shows of its votes."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from groups import decks
from issues.ballots import Ballot
from issues.models import Round
from issues.models.round import State
from issues.statistics import summarise
from issues.templatetags.figures import duration, number

pytestmark = pytest.mark.once

FIBONACCI = decks.PRESETS["fibonacci"]


def page(
    *cast: tuple[str, ...], missing: tuple[str, ...] = (), deck: str = FIBONACCI, estimate: str = ""
) -> str:
    """The result of these votes: names, cards and perhaps reasons."""
    ballots = [Ballot(name, card, "".join(reason)) for name, card, *reason in cast]
    round_ = Round(deck=deck, state=State.SETTLED if estimate else State.REVEALED, estimate=estimate)
    statistics = summarise(round_.cards, [(one.name, one.card) for one in ballots], missing)
    context = {"round": round_, "statistics": statistics, "ballots": ballots}
    return " ".join(render_to_string("issues/round_result.html", context).split())


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_all_of_one_mind_are_celebrated():
    assert "2 votes, one mind: 5" in text(page(("Anna", "5"), ("Ben", "5")))


def test_far_apart_is_to_be_discussed():
    assert "Discuss Agreement: 67&nbsp;%" in text(page(("Anna", "1"), ("Ben", "8")))


def test_not_far_apart_is_close_together():
    assert "Close together Agreement: 92&nbsp;%" in text(page(("Anna", "5"), ("Ben", "8")))


@pytest.mark.parametrize(("card", "words"), [("5", "One estimate"), ("?", "Nobody gave an estimate")])
def test_a_single_vote_agrees_with_nobody(card, words):
    html = page(("Anna", card))
    assert words in html
    assert "Agreement" not in html


def test_the_numbers_are_told_with_the_names_of_lowest_and_highest():
    told = text(page(("Anna", "5"), ("Ben", "8"), ("Cleo", "5")))
    assert "Suggested 5 Average 6 Median 5 Lowest 5 Anna Cleo Highest 8 Ben" in told


def test_who_is_far_from_all_others_is_named():
    cast = [(name, "5") for name in ("Anna", "Ben", "Cleo", "Dora")]
    assert "Far from all others Emil" in text(page(*cast, ("Emil", "34")))


def test_a_question_mark_a_break_and_no_vote_are_three_things():
    told = text(page(("Anna", "?"), ("Ben", "☕"), ("Cleo", "5"), missing=("Dora",)))
    assert "? don’t know (1) Anna ☕ need a break (1) Ben – no vote (1) Dora" in told


def test_reasons_stand_with_their_names_and_cards():
    assert "Reasons 8 Anna Old data" in text(page(("Anna", "8", "Old data"), ("Ben", "5")))


def test_a_settled_round_shows_what_was_settled():
    assert "Settled 6 Suggested 8" in text(page(("Anna", "5"), ("Ben", "8"), estimate="6"))


def test_cards_without_numbers_have_no_average():
    assert "Average" not in page(("Anna", "S"), ("Ben", "M"), deck=decks.PRESETS["t-shirt"])


def test_a_thousand_votes_stay_compact():
    cast = [(f"Voter {place:04}", ("3", "5", "8", "?")[place % 4], "Because") for place in range(1000)]
    html = page(*cast, missing=tuple(f"Absent {place}" for place in range(500)))
    shown, folded = html.split("<details", 1)
    assert text(shown).count("and 238 more") == 4
    assert "and 488 more" in text(shown)
    assert len(text(shown)) < 2000
    assert "988 more reasons" in text(folded)


def test_there_is_nothing_to_press_and_headings_stand_under_an_h2():
    html = page(("Anna", "5", "Because"), ("Ben", "?"), missing=("Cleo",))
    assert not re.search(r"<(a|form|button|input)\b", html)
    assert set(re.findall(r"<h\d", html)) == {"<h3"}
    assert "style=" not in html


def test_bars_have_their_numbers_as_text():
    assert "1 vote" in page(("Anna", "5"), ("Ben", "8"), ("Cleo", "8"))
    assert "2 votes" in page(("Anna", "5"), ("Ben", "8"), ("Cleo", "8"))


def test_what_people_wrote_is_never_read_as_html():
    html = page(("<b>Anna", "<i>", "<u>old"), ("<b>Ben", "1"), missing=("<b>Cleo",), deck="1 <i>")
    assert not re.search("<[biu]>", html)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        ("6.50", "6.5", "6,5"),
        ("10000", "10000", "10000"),
        ("0.00", "0", "0"),
        ("1.005", "1", "1"),
        ("0.333", "0.33", "0,33"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(value, english, german):
    assert number(Decimal(value)) == english
    with translation.override("de"):
        assert number(Decimal(value)) == german


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59, "59 s"),
        (60, "1 min"),
        (89 * 60, "89 min"),
        (90 * 60, "2 h"),
        (35 * 3600, "35 h"),
        (36 * 3600, "2 days"),
    ],
)
def test_a_duration_is_told_in_its_largest_unit(seconds, told):
    assert duration(timedelta(seconds=seconds)).replace("\N{NO-BREAK SPACE}", " ") == told
