"""How telephone numbers without a country code are read."""

from typing import Final, NamedTuple

USUAL: Final = "usual"
"""Among the numbers that are no customer's: all that cashiers usually make up, such as 0612345678."""


class Region(NamedTuple):
    """The country in which they are written, and who else buys there."""

    country: str
    """ISO 3166, two letters."""
    neighbours: tuple[str, ...] | None = None
    """Countries of which a number without a country code may be as well, since the shop is at the border; None: nobody
    said, so only what is no number at home at all."""
    nobodys: tuple[str, ...] = ()
    """Numbers that are no customer's, as program.yaml writes them, and perhaps `USUAL`."""
