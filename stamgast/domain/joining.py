"""`JOIN <code>`: how somebody becomes a customer by writing to a shop (docs/adr/0183)."""

from dataclasses import dataclass
from typing import Final

from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import Purpose

LONGEST_CODE: Final = 20
CONFIRMED_WITHIN: Final[Millis] = DAY
"""Who is asked to confirm it does so by then, or joins once more."""


@dataclass(frozen=True, slots=True)
class JoinCode:
    """What stands beside a code on a poster, and what whoever sends it agrees to."""

    code: str
    wording: str
    """Version of the words that stand beside it: what they agree to by sending it."""
    source: str
    """Source of acquisition of whoever is new."""
    purposes: tuple[str, ...] = (Purpose.MARKETING.value,)
    store: str = ""
    """Where it hangs; it stands in the proof."""
    language: str = ""
    topics: tuple[str, ...] = ()
    """The topics that it is about: whoever is new has left the others. Empty: all."""
    welcome: str = ""
    """Template whose text they are answered with; empty: the house's own words."""
    confirm: bool = False
    """They are asked, and join by YES."""
