"""How a merchant looks on the pages that customers see."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """Drawings are SVG, made anew of what a file held (`rules.program.drawings`); empty: ours."""

    colour: str = ""
    """`#rrggbb`, in small letters."""
    logo: str = ""
    stamp: str = ""
    """The mark of a stamp, drawn in the card's own ink where it names no colour."""
    privacy: str = ""
    """Where the shop says what it does with what it knows: https."""


NO_LOOK = Look()
