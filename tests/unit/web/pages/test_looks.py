"""A merchant's colour can be read in light and in dark, whatever it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.contrast import contrast
from stamgast.web.pages import looks
from stamgast.web.pages.looks import OURS, READABLE, shades, stylesheet
from stamgast.web.pages.static_files import FOLDER

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def tokens(*, dark: bool) -> dict[str, str]:
    light, _, other = (FOLDER / "tokens.css").read_text().partition("@media")
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", other if dark else light))


@given(COLOURS, st.booleans())
def test_every_colour_can_be_read(colour: str, dark: bool):
    found, grounds = shades(colour, dark=dark), tokens(dark=dark)

    assert contrast(found.on_fill, found.fill) >= READABLE
    assert all(contrast(found.text, grounds[each]) >= READABLE for each in ("paper", "card", "hover"))


@pytest.mark.parametrize(("colour", "dark"), [("#0b6e4f", False), ("#f2c94c", True), (OURS, False)])
def test_a_colour_that_can_be_read_stays_as_the_shop_has_it(colour: str, dark: bool):
    assert shades(colour, dark=dark)[0] == shades(colour, dark=dark)[2] == colour


@pytest.mark.parametrize("dark", [False, True])
def test_what_a_colour_is_checked_against_are_the_grounds_of_pages(dark: bool):
    found = tokens(dark=dark)

    assert (found["paper"], found["card"], found["hover"]) == (looks._DARK if dark else looks._LIGHT)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("ink", ("paper", "card", "hover")),
        ("soft", ("paper", "card", "hover")),
        ("good", ("good-ground", "card")),
        ("warn", ("warn-ground", "card")),
        ("bad", ("bad-ground", "card")),
    ],
)
def test_our_own_inks_can_be_read(ink: str, grounds: tuple[str, ...], dark: bool):
    found = tokens(dark=dark)

    assert [each for each in grounds if contrast(found[ink], found[each]) < READABLE] == []


def test_a_sheet_says_three_variables_in_light_and_in_dark():
    assert stylesheet("#f2c94c").count("--brand") == 4
    assert stylesheet("#f2c94c").count("--on-brand") == 2
