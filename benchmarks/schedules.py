"""A schedule walks a million customers of one merchant: what CPU does that take, and what do other merchants notice?

It comes twice. The first time nothing else happens: all that the worker takes from the occasion until the last event
that was appended is applied counts, its idling as well. The second time another merchant sells meanwhile. Nothing is
taken off for the purchases: a worker that is busy takes more of them at once, so what they take alone is no measure.
One in twenty matches.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from benchmarks.crowd import MATCHING, RATE, Crowd, Took, Waits, open_crowd
from benchmarks.figures import Figure, table, tell
from benchmarks.scene import PARTITIONS, Scene
from stamgast.domain.units import MINUTE, Millis
from stamgast.state.partition_meta import SCHEDULES
from stamgast.state.schedule_marks import ScheduleMark

_CALM_S = 15
"""So long before the walk it is seen what purchases wait without it."""
_CPU_S, _SLOWER = 60.0, 2.0
"""At most so many seconds of CPU for a million; purchases' time to the commit at most so many times as without."""
_RULE: Final = """\
rule: {name}
status: live
earned: true
when: {{on: "2026-10-01 {at}"}}
if: [{{visits: {{at_least: 20}}}}]
then: [{{tag: {name}}}]
"""


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    alone: Took
    beside: Took
    waits: Waits


def run(scene: Scene) -> None:
    """Measure two walks."""
    count = scene.sized(1_000_000, 2_000)
    seen = asyncio.run(_measure(scene, count))
    heads = ("customers", "CPU s", "seconds", "peak MB", "p50 ms before", "p50 ms", "p99 ms before", "p99 ms")
    alone = (count, seen.alone.cpu_s, seen.alone.seconds, seen.alone.peak_mb, "", "", "", "")
    times = (seen.waits.p50_before, seen.waits.p50, seen.waits.p99_before, seen.waits.p99)
    beside = (count, seen.beside.cpu_s, seen.beside.seconds, seen.beside.peak_mb, *times)
    table(f"A schedule: alone, and with {RATE} purchases a second of another merchant in it", heads, [alone, beside])
    slower = seen.waits.p50 / seen.waits.p50_before
    tell([
        Figure("schedule_cpu", seen.alone.cpu_s * 1_000_000 / count, "CPU s a million", "target, at most", _CPU_S),
        Figure("schedule_cpu_with_purchases", seen.beside.cpu_s * 1_000_000 / count, "CPU s a million"),
        Figure("schedule_others_p50", slower, "times as before", "target, at most", _SLOWER),
        Figure("schedule_others_p99", seen.waits.p99 / seen.waits.p99_before, "times as before"),
    ])  # fmt: skip


async def _measure(scene: Scene, count: int) -> Seen:
    async with open_crowd(scene, count) as crowd:
        first = _soon(crowd, scene.sized(6, 1))  # a new bundle's review of everybody is over then
        second = first + scene.sized(6, 1) * MINUTE
        await crowd.publish({
            name: _RULE.format(name=name, at=_on_the_clock(at)) for name, at in (("call", first), ("again", second))
        })  # fmt: skip
        if crowd.now >= first:
            raise RuntimeError("everybody was still looked at when the occasion came")
        alone = await _walk(crowd, "call", count)
        rest = (second - crowd.now) // 1_000
        if rest < _CALM_S + 3:
            raise RuntimeError(f"the first walk left {rest} s until the second")
        await asyncio.sleep(max(0, rest - _CALM_S - 40))
        beside, waits = await crowd.beside_purchases(_CALM_S - 5, lambda: _walk(crowd, "again", count))
    return Seen(alone, beside, waits)


async def _walk(crowd: Crowd, rule: str, count: int) -> Took:
    """Wait for a rule's occasion, and see from the partitions' meta when all of them have walked."""

    def begun() -> bool:
        return any(mark.due or mark.how == "walked" for mark in _marks(crowd, rule))

    def ended() -> bool:
        marks = _marks(crowd, rule)
        return len(marks) == PARTITIONS and all(mark.how == "walked" for mark in marks)

    took = await crowd.watch(begun, ended)
    marks = _marks(crowd, rule)
    looked, matched = sum(mark.looked for mark in marks), sum(mark.matched for mark in marks)
    if (looked, matched) != (count, count // MATCHING):
        raise RuntimeError(f"{looked} were looked at and {matched} matched")
    return took


def _marks(crowd: Crowd, rule: str) -> list[ScheduleMark]:
    return [mark for meta in crowd.metas() for (_, name), mark in SCHEDULES.of(meta).items() if name == rule]


def _soon(crowd: Crowd, minutes: int) -> Millis:
    at = (crowd.now // MINUTE + minutes) * MINUTE
    return at if at - crowd.now >= 20_000 else at + MINUTE


def _on_the_clock(at: Millis) -> str:
    local = at + 120 * MINUTE  # summer time
    return time.strftime("%H:%M", time.gmtime(local / 1_000))
