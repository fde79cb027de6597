"""Under which kind of clock each part of a log was applied, as it stands in its partition's meta.

Whether a stamp lies in the time to come is judged by the broker's clock only where shop time is that time. A log that
was begun in a trial's invented time and goes on in real time must be read again as it was read.
"""

from __future__ import annotations

FIELD = "clock"
"""In the partition's meta: `0:shop,1200:real`, from which offset on which kind."""


def marked(known: str | None, offset: int, *, real: bool) -> str:
    """Return the field's value once everything from this offset on is applied under that kind of clock."""
    kind = "real" if real else "shop"
    if not known:
        return f"0:{kind}"  # what stood there before marks were set was not told apart
    return known if known.endswith(f":{kind}") else f"{known},{offset}:{kind}"


def is_real_at(known: str | None, offset: int, *, otherwise: bool) -> bool:
    """Say whether the record at this offset is applied under real time; `otherwise` where nothing is known."""
    answer = otherwise
    for mark in (known or "").split(","):
        start, _, kind = mark.partition(":")
        if kind and int(start) <= offset:
            answer = kind == "real"
    return answer


def was_other(known: str | None, *, real: bool) -> bool:
    """Say whether any part of the log was applied under the other kind of clock."""
    return any(mark.endswith(":shop" if real else ":real") for mark in (known or "").split(","))
