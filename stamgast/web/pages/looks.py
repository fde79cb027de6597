"""A merchant's colour on a page: what is written on it, and what it is written as, can be read (WCAG 2.2, 1.4.3).

The colour is part of a stylesheet's address, so that pages need no style of their own and browsers keep the sheet.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from stamgast.domain.contrast import channels_of, contrast

COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
OURS: Final = "#a4471c"
"""Of pages that are no merchant's, and of merchants that have said none."""
READABLE: Final = 4.5
"""The least contrast of text (WCAG AA)."""
_SEEN: Final = 3.0
"""The least contrast of what is no text (WCAG 1.4.11)."""
_LIGHT: Final = ("#faf5ec", "#fffdf9", "#f5ebdb")
_DARK: Final = ("#17120e", "#211a15", "#2c231c")
"""Grounds of tokens.css: paper, card and hover. `test_looks` holds them to it."""
_WHITE: Final = "#ffffff"
_BLACK: Final = "#000000"
_STEPS: Final = 50


class Shades(NamedTuple):
    """What a colour becomes on light or on dark grounds."""

    fill: str
    """Of buttons and stamps."""
    on_fill: str
    """Of what is written on it."""
    text: str
    """Of links and marks on the grounds."""


def shades(colour: str, *, dark: bool) -> Shades:
    """The colour itself where it can be read, else the nearest to it that can."""
    grounds, towards = (_DARK, _WHITE) if dark else (_LIGHT, _BLACK)
    fill = _until(colour, towards, grounds, _SEEN)
    on_fill = max((_WHITE, _BLACK), key=lambda ink: contrast(ink, fill))
    return Shades(fill, on_fill, _until(colour, towards, grounds, READABLE))


@lru_cache(maxsize=1_000)
def stylesheet(colour: str) -> str:
    """The variables of a colour, in light and in dark."""
    light, dark = (_variables(shades(colour, dark=dark)) for dark in (False, True))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def sheet_of(colour: str) -> str:
    """Where the stylesheet of a colour is."""
    return f"/look/{colour.removeprefix('#')}.css"


def _variables(found: Shades) -> str:
    return f"--brand:{found.fill};--on-brand:{found.on_fill};--brand-text:{found.text}"


def _until(colour: str, towards: str, grounds: tuple[str, ...], least: float) -> str:
    for step in range(_STEPS + 1):
        mixed = _mix(colour, towards, step / _STEPS)
        if min(contrast(mixed, ground) for ground in grounds) >= least:
            return mixed
    return towards


def _mix(one: str, other: str, share: float) -> str:
    parts = (round(a + (b - a) * share) for a, b in zip(channels_of(one), channels_of(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)
