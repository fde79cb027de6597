"""How far a partition has taken up what waited for merchants' bundles, as its meta says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from stamgast.domain.units import Millis

NOT_BEGUN: Final = -1


class Backlog(msgspec.Struct, array_like=True, frozen=True):
    """Events of a merchant that wait although it had a bundle once, and are taken up as soon as it has one."""

    barrier: int
    """Offset of the barrier that began the taking up; before one, -1."""
    at: Millis
    """That barrier's recorded time: what waited before it happens then."""
    reached: int
    """Offset of the newest record that was taken up."""

    @property
    def begun(self) -> bool:
        """Whether it is being taken up."""
        return self.barrier != NOT_BEGUN


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Backlog]).decode


def encode_backlogs(backlogs: Mapping[str, Backlog]) -> str:
    """Return what to write into meta."""
    return _encode(backlogs).decode() if backlogs else ""


def decode_backlogs(text: str | bytes | None) -> dict[str, Backlog]:
    """Read what stands in meta. Raises `msgspec.DecodeError`."""
    return _decode(text) if text else {}
