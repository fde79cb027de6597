"""What is missing or wrong before cards can go into a wallet: for the shop's developer; customers hear none of it."""

from enum import StrEnum
from typing import Final, NamedTuple

from stamgast.domain.units import DAY, Millis


class Wallet(StrEnum):
    """Which wallet."""

    APPLE = "apple"
    GOOGLE = "google"


class Standing(StrEnum):
    """How a wallet stands."""

    OFF = "off"
    """Nothing of it is set."""
    BROKEN = "broken"
    """Something is, and it does not work yet."""
    ON = "on"


ENDS_SOON: Final[Millis] = 30 * DAY
"""So long before a certificate ends it is told."""
EXTRA: Final = "pip install 'stamgast[wallet]'"


class Finding(NamedTuple):
    """One thing to mend."""

    setting: str
    """`STAMGAST_…`"""
    why: str
    """What is wrong, and what to do."""

    def __str__(self) -> str:
        """On one line."""
        return f"{self.setting} {self.why}"


def setting(field: str) -> str:
    """The name of a setting as it stands in `.env`."""
    return f"STAMGAST_{field.upper()}"
