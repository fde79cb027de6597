"""Shop time at the edges: real, scaled or driven. The core gets times as arguments and never sees a clock.

Machine waits (timeouts, repeats, leases) use `time.monotonic()`, not these clocks.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from calendar import monthrange
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from stamgast.domain.units import Millis

_MONTHS: Final = 12
_HOURS: Final = 24
_SIXTY: Final = 60

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", flags=re.ASCII)
_JUMP_SEEN_S = 0.04
_FAR_APART_S = 5.0
_SCALED = re.compile(r"(?P<start>[^,]+),\s*(?P<factor>\d+(?:\.\d+)?)x")


class Clock(Protocol):
    """Says what time it is in the shop."""

    def now(self) -> Millis:
        """Return the shop's time in milliseconds UTC."""
        ...


class Heard(NamedTuple):
    """What another clock said, and the monotonic time of this machine at which it said so."""

    moment: Millis
    at: float

    @classmethod
    def between(cls, asked: float, answered: float, moment: Millis) -> Heard | None:
        """What was said somewhere between question and answer; None if those lie too far apart to mean anything."""
        return cls(moment, (asked + answered) / 2) if answered - asked < _FAR_APART_S else None


class RealClock:
    """The machine's time."""

    def now(self) -> Millis:
        """Return the machine's time in milliseconds UTC."""
        return time.time_ns() // 1_000_000


class ScaledClock:
    """Shop time that was `start` at the machine's time `origin` and runs `factor` times as fast since then."""

    def __init__(self, start: Millis, factor: float, origin: Millis, *, real: Clock | None = None) -> None:
        self._start = start
        self._factor = factor
        self._origin = origin
        self._real = real or RealClock()
        self._newest = start

    def now(self) -> Millis:
        """Return the scaled time in milliseconds UTC; it never goes back, whatever the machine's does."""
        self._newest = max(self._newest, self._start + int((self._real.now() - self._origin) * self._factor))
        return self._newest


def origin_of(text: str, file: Path, now: Millis) -> Millis:
    """When the scaled clock `text` was first asked for: all processes share that, and those that start again, too.

    It stands in a file named after the clock, beside `file`; delete it to begin anew.
    """
    name = re.sub(r"[^0-9A-Za-z.]+", "-", text.strip())
    place = file.with_name(f"{file.name}-{name}")
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, mine = tempfile.mkstemp(prefix=place.name, dir=place.parent)
    with os.fdopen(handle, "w") as fresh:
        fresh.write(format_time(now))
    with contextlib.suppress(FileExistsError):  # somebody was first
        os.link(mine, place)
    Path(mine).unlink()
    return parse_time(place.read_text().strip())


class DrivenClock:
    """Shop time that stands in a file shared by all processes until somebody moves it forward."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._now: Millis = 0

    def now(self) -> Millis:
        """Return the time that the file says; 0 (1970) while there is no file."""
        with contextlib.suppress(FileNotFoundError):
            stat = self._file.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._now = max(self._now, parse_time(self._file.read_text().strip()))
                self._seen = seen
        return self._now

    def move_to(self, moment: Millis) -> Millis:
        """Move shop time forward for every process and return it; an earlier moment changes nothing."""
        current = self.now()
        if moment <= current:
            return current
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=self._file.name, dir=self._file.parent)
        with os.fdopen(handle, "w") as file:
            file.write(format_time(moment))
        Path(name).replace(self._file)  # atomic: a reader sees the old time or the new, never half of one
        return self.now()


def pause_of(clock: Clock, seconds: float) -> float:
    """Say how long whoever watches this clock may sleep: driven time jumps, and stands still until all have seen it."""
    return min(seconds, _JUMP_SEEN_S) if isinstance(clock, DrivenClock) else seconds


def parse_clock(text: str, file: Path) -> Clock:
    """Make the clock that the setting CLOCK describes.

    `real`, or `2026-10-01T08:00:00Z,60x` (scaled, shared by all processes beside `file`), or `driven` (from `file`).

    Raises:
        ValueError: it describes no clock, or the file cannot be kept.
    """
    scaled = check_clock(text)
    if scaled is not None:
        try:
            return ScaledClock(*scaled, origin_of(text, file, RealClock().now()))
        except OSError as error:
            raise ValueError(f"clock {text!r} needs {file.parent} to keep since when it runs: {error}") from None
    return RealClock() if is_real(text) else DrivenClock(file)


def check_clock(text: str) -> tuple[Millis, float] | None:
    """Return where a scaled clock starts and how fast it runs; None for the others. Raises ValueError for no clock."""
    if text.strip() in {"real", "driven"}:
        return None
    scaled = _SCALED.fullmatch(text.strip())
    if scaled is None:
        raise ValueError(f"clock {text!r} is not `real`, `driven` or like `2026-10-01T08:00:00Z,60x`")
    return parse_time(scaled["start"].strip()), float(scaled["factor"])


def is_real(text: str) -> bool:
    """Say whether the setting CLOCK means the machine's own time."""
    return text.strip() == "real"


def parse_time(text: str) -> Millis:
    """Read an RFC 3339 time with its offset from UTC; what is finer than a millisecond is cut off.

    A time without an offset is refused: it would mean something else on every machine.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"time {text!r} is not RFC 3339, such as 2026-10-01T08:00:00Z")
    day, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    except ValueError:
        raise ValueError(f"time {text!r} is not on the calendar: {why_no_moment(text)}") from None
    return int(moment.timestamp()) * 1_000 + int(((fraction or ".0")[1:] + "000")[:3])


def why_no_moment(text: str) -> str:
    """Say what is wrong with a time that looks like one: `2026-02-30T25:00:00Z`."""
    year, month, day, hour, minute, second = (int(part) for part in re.split(r"[-Tt :.]", text[:19])[:6])
    days = monthrange(year, month)[1] if year and 1 <= month <= _MONTHS else 31
    for is_so, said in (
        (year == 0, "there is no year 0"),
        (not 1 <= month <= _MONTHS, f"there is no month {month}"),
        (not 1 <= day <= days, f"that month has {days} days" if day else "there is no day 0"),
        (hour >= _HOURS, "a day's hours go from 00 to 23"),
        (minute >= _SIXTY, "an hour's minutes go from 00 to 59"),
        (second >= _SIXTY, "a minute's seconds go from 00 to 59"),
    ):
        if is_so:
            return said
    return "its offset is none that a place has"


def on_the_wall(text: str, zone: str) -> str:
    """What a clock in the zone shows at an RFC 3339 time, for people: `2026-10-01 10:30`."""
    at = datetime.fromtimestamp(parse_time(text) / 1000, UTC).astimezone(ZoneInfo(zone))
    return at.strftime("%Y-%m-%d %H:%M")


def format_time(moment: Millis) -> str:
    """Write a time as RFC 3339 in UTC, with milliseconds only where there are some."""
    seconds, millis = divmod(moment, 1_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"
