"""Under which kind of clock each part of a log was applied, as it stands in its partition's meta.

It reads `0:shop,1200:bounded`: from which offset on which kind.

Whether a stamp lies in the time to come is judged by the broker's clock only where shop time is that time. A log that
was begun in a trial's invented time and goes on in real time must be read again as it was read. So must what was
applied before stamps of our own were bounded as well (`bounded`), until somebody asks for it to be rebuilt.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_REAL: Final = frozenset({"real", "bounded"})
"""`real`: stamps of others were judged. `bounded`: our own were as well (`stamgast.domain.recorded`)."""


def marked(known: str | None, offset: int, *, real: bool) -> str:
    """Return the field's value once everything from this offset on is applied under that kind of clock."""
    kind = "bounded" if real else "shop"
    if known:
        return known if known.endswith(f":{kind}") else f"{known},{offset}:{kind}"
    # What stood there before marks were set was not told apart, and nothing of it was bounded.
    return f"0:real,{offset}:bounded" if real and offset > 0 else f"0:{kind}"


def is_real_at(known: str | None, offset: int, *, otherwise: bool) -> bool:
    """Say whether the record at this offset is applied under real time; `otherwise` where nothing is known."""
    kind = _kind_at(known, offset)
    return kind in _REAL if kind else otherwise


def is_bounded_at(known: str | None, offset: int) -> bool:
    """Say whether the record at this offset is applied with its stamp held to the broker's time of it."""
    return _kind_at(known, offset) == "bounded"


def was_other(known: str | None, *, real: bool) -> bool:
    """Say whether any part of the log was applied under the other kind of clock."""
    kinds = {mark.partition(":")[2] for mark in (known or "").split(",")}
    return bool(kinds & ({"shop"} if real else _REAL))


def _kind_at(known: str | None, offset: int) -> str:
    for start, kind in _newest_first(known or ""):
        if start <= offset:
            return kind
    return ""


@lru_cache
def _newest_first(known: str) -> list[tuple[int, str]]:
    marks = (mark.partition(":") for mark in reversed(known.split(",")))
    return [(int(start), kind) for start, _, kind in marks if kind]
