"""The German texts are complete, and the compiled catalogue is that of the texts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
# evolution has its own, as any project could take it.
CATALOGUES = [Path(f"{folder}/locale/de/LC_MESSAGES/django.po") for folder in ("estimation", "evolution")]


def texts(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str, str], object]:
    """What each message (by its context and id) is in German; a list where it depends on a number."""
    return {
        (entry.msgctxt or "", entry.msgid): sorted(entry.msgstr_plural.items()) or entry.msgstr
        for entry in catalogue
        if not entry.obsolete
    }


@pytest.fixture(scope="module", params=CATALOGUES, ids=lambda path: path.parts[0])
def catalogue(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def german(catalogue: Path) -> polib.POFile:
    return polib.pofile(str(ROOT / catalogue))


def test_every_text_has_a_german_one(german):
    assert [entry.msgid for entry in german.untranslated_entries()] == []


def test_no_german_text_is_a_guess_or_left_over(german):
    assert [entry.msgid for entry in german.fuzzy_entries()] == []
    assert [entry.msgid for entry in german.obsolete_entries()] == []


def test_the_compiled_catalogue_is_that_of_the_texts(german, catalogue):
    compiled = polib.mofile(str((ROOT / catalogue).with_suffix(".mo")))
    assert texts(compiled) == texts(german)


def test_german_texts_have_the_placeholders_of_the_english_ones(german):
    def placeholders(text):
        return set(re.findall(r"%\(\w+\)[sd]", text))

    for entry in german:
        wanted = placeholders(entry.msgid + entry.msgid_plural)
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            assert placeholders(text) == wanted, entry.msgid


def test_german_texts_say_du(german):
    polite = re.compile(r"\b(Sie können|Ihnen|Ihre[mnrs]?|[Kk]licken Sie|Bitte \w+ Sie)\b")
    assert [entry.msgstr for entry in german if polite.search(entry.msgstr)] == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext is not installed (apt: gettext)")
def test_the_catalogue_has_every_text_of_the_source_and_no_other(german, catalogue, tmp_path):
    for folder in ("estimation", "evolution", "issues", "groups", "users"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.[mp]o")
        )
    shutil.copy(ROOT / "manage.py", tmp_path)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale=de", "--verbosity=0"],
        cwd=tmp_path,
        check=True,
    )
    extracted = polib.pofile(str(tmp_path / catalogue))
    assert texts(german).keys() == texts(extracted).keys()
