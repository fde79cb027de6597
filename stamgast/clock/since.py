"""From which moment on something is asked of merchants: of all of them, or of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from stamgast.clock.shop_time import parse_time
from stamgast.domain.program import MERCHANT
from stamgast.domain.units import Millis


class Since(NamedTuple):
    """Read from a setting: `2026-12-01T03:00:00Z, bakkerij-noord=2027-02-01T03:00:00Z`."""

    everybody: Millis | None = None
    """None: it is asked only of those that are named."""
    merchants: Mapping[str, Millis] = {}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise ValueError that names the entry and says what may stand there."""
        everybody: Millis | None = None
        merchants: dict[str, Millis] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, equals, moment = (part.strip() for part in entry.rpartition("="))
            try:
                at = parse_time(moment)
            except ValueError as error:
                raise ValueError(f"{entry!r}: {error}; write `2026-12-01T03:00:00Z` or `merchant=…`") from None
            if not equals:
                if everybody is not None:
                    raise ValueError(f"{entry!r} is a second moment for everybody: write `merchant={moment}` for one")
                everybody = at
            elif not MERCHANT.fullmatch(name):
                raise ValueError(f"{entry!r}: {name!r} is not a merchant's name: small letters, digits, - and _")
            elif name in merchants:
                raise ValueError(f"{entry!r} is a second moment for {name}")
            else:
                merchants[name] = at
        return cls(everybody, merchants)

    def __bool__(self) -> bool:
        """Whether it is asked of anybody."""
        return self.everybody is not None or bool(self.merchants)

    def of(self, merchant: str) -> Millis | None:
        """From when on it is asked of this merchant; None: not at all."""
        return self.merchants.get(merchant, self.everybody)


NEVER: Final = Since()
