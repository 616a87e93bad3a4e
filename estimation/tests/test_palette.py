"""The colours of the style sheet can be told apart, in both schemes (WCAG 2.2, level AA)."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

CSS = Path(__file__).parents[1] / "static/estimation/estimation.css"

# Text and what it stands on: 4.5:1.
TEXTS = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "input"),
    ("ink", "accent-soft"),
    ("ink", "gold-soft"),
    ("ink", "danger-soft"),
    ("muted", "paper"),
    ("muted", "surface"),
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("accent-strong", "surface"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("danger", "surface"),
    ("danger", "danger-soft"),
    ("on-danger", "danger"),
    ("on-danger", "danger-strong"),
    ("gold", "surface"),
    ("on-felt", "felt"),
    ("on-felt", "felt-deep"),
    ("on-felt-muted", "felt"),
    ("on-felt-muted", "felt-deep"),
    ("felt-focus", "felt"),
    ("felt-focus", "felt-deep"),
    ("on-card", "card"),
    ("on-card", "card-shade"),
]
# Borders of fields and the mark of the focus, against what is around them: 3:1.
SHAPES = [
    ("control-line", "paper"),
    ("control-line", "surface"),
    ("control-line", "input"),
    ("focus", "paper"),
    ("focus", "surface"),
    ("felt-focus", "felt"),
    ("accent", "paper"),
]


def schemes() -> dict[str, dict[str, str]]:
    """Name and value of every colour, in the light and in the dark scheme."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)
    colours = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in (light, dark)]
    return {"light": colours[0], "dark": colours[0] | colours[1]}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, from 0 to 1, as WCAG defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_reckoning_is_right_at_both_ends():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(scheme, text, ground):
    colours = schemes()[scheme]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_seen(scheme, shape, ground):
    colours = schemes()[scheme]
    assert contrast(colours[shape], colours[ground]) >= 3


def test_the_style_sheet_asks_for_nothing_from_outside():
    assert "url(" not in CSS.read_text()
    assert "@import" not in CSS.read_text()
