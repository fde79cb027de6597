"""Links that show the report of one month to whoever has them: sealed, for so many days, and of nothing else."""

from __future__ import annotations

import base64
import binascii
from typing import Final, NamedTuple

from stamgast.domain.units import DAY, Millis
from stamgast.identity.sealing import SealError, WrappingKeys

LASTS: Final[Millis] = 60 * DAY
_PURPOSE: Final = "reports"
_OWNER: Final = "link"
_LONGEST: Final = 1_000


class Shared(NamedTuple):
    """Which report a link shows, and until when."""

    merchant: str
    month: str
    until: Millis


class ReportLinks:
    """Makes them and reads them, under a key of their own."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys.derived(_PURPOSE)

    def make(self, merchant: str, month: str, now: Millis) -> str:
        """What stands in the link's address."""
        plain = f"{merchant}|{month}|{now + LASTS}".encode()
        return base64.urlsafe_b64encode(self._keys.seal(plain, _OWNER).encode()).decode().rstrip("=")

    def read(self, token: str, now: Millis) -> Shared | None:
        """Which report it shows; None for a link that is none of ours, or is over."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if len(token) <= _LONGEST else b""
            merchant, month, until = self._keys.open(sealed.decode(), _OWNER).decode().split("|")
        except (SealError, ValueError, binascii.Error):
            return None
        shared = Shared(merchant, month, int(until))
        return shared if now < shared.until else None
