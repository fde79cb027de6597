"""A campaign is started for a million customers of one merchant: what do the command and the worker take?

First for all of them, beside purchases of another merchant, then for a list of them all. One in twenty matches. A list
with as many lines again that name nobody, and as many that name somebody twice, is counted alone (`--dry-run`).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.crowd import BIG, MATCHING, RATE, Crowd, Took, Waits, memory_of, names, open_crowd
from benchmarks.figures import Figure, table, tell
from benchmarks.meter import cpu_seconds_of
from benchmarks.scene import PARTITIONS, ROOT, Scene
from stamgast.state.campaign_marks import CampaignMark
from stamgast.state.partition_meta import CAMPAIGNS

_CALM_S = 10
_CPU_S, _SLOWER, _COMMAND_MB = 60.0, 2.0, 1_024
_RULES: Final = {
    name: (
        f"rule: {name}\nstatus: live\nearned: true\nwhen: campaign\n"
        f"if: [{{visits: {{at_least: 20}}}}]\nthen: [{{tag: {name}}}]\n"
    )
    for name in ("all", "listed")
}


@dataclass(frozen=True)
class Command:
    """What a command said and took."""

    said: dict[str, Any]
    seconds: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    everybody: tuple[Command, Took, Waits]
    listed: tuple[Command, Took]
    counted: Command


def run(scene: Scene) -> None:
    """Measure both, and the count of an absurd list."""
    count = scene.sized(1_000_000, 2_000)
    seen = asyncio.run(_measure(scene, count))
    command, took, waits = seen.everybody
    heads = ("customers", "command: s", "CPU s", "peak MB", "worker: s", "CPU s", "peak MB")
    rows = [
        (what, *_of(command), took.seconds, took.cpu_s, took.peak_mb)
        for what, command, took in (("all", command, took), ("a list of all", *seen.listed))
    ]
    table("A campaign", heads, [*rows, (f"a list of {3 * count} lines, counted", *_of(seen.counted), "", "", "")])
    heads = ("p50 ms before", "p50 ms", "p99 ms before", "p99 ms")
    table(f"{RATE} purchases a second of another merchant meanwhile", heads, [
        (waits.p50_before, waits.p50, waits.p99_before, waits.p99)
    ])  # fmt: skip
    a_million = 1_000_000 / count
    tell([
        Figure("campaign_cpu_with_purchases", took.cpu_s * a_million, "CPU s a million", "target, at most", _CPU_S),
        Figure("campaign_list_cpu", seen.listed[1].cpu_s * a_million, "CPU s a million", "target, at most", _CPU_S),
        Figure("campaign_command_mb", seen.listed[0].peak_mb, "MB"),
        Figure("campaign_absurd_list_mb", seen.counted.peak_mb, "MB", "target, at most", _COMMAND_MB),
        Figure("campaign_others_p50", waits.p50 / waits.p50_before, "times as before", "target, at most", _SLOWER),
        Figure("campaign_others_p99", waits.p99 / waits.p99_before, "times as before"),
    ])  # fmt: skip


def _of(command: Command) -> tuple[float, float, float]:
    return command.seconds, command.cpu_s, command.peak_mb


async def _measure(scene: Scene, count: int) -> Seen:
    async with open_crowd(scene, count) as crowd:
        await crowd.publish(_RULES)
        told: list[Command] = []

        async def start_for_all() -> Took:
            watching = asyncio.create_task(_walk(crowd, "all", count))
            told.append(await _command(crowd, "start", "all", "--yes"))
            return await watching

        took, waits = await crowd.beside_purchases(_CALM_S, start_for_all)
        folder = Path(crowd.settings["clock_file"]).parent
        await asyncio.to_thread(_write, folder / "list.txt", count, absurd=False)
        watching = asyncio.create_task(_walk(crowd, "listed", count))
        listed = await _command(crowd, "start", "listed", "--yes", "--audience", str(folder / "list.txt"))
        walked = await watching
        await asyncio.to_thread(_write, folder / "absurd.txt", count, absurd=True)
        counted = await _command(crowd, "start", "listed", "--dry-run", "--audience", str(folder / "absurd.txt"))
    for command in (*told, listed, counted):
        if (command.said["audience"], command.said["matched"]) != (count, count // MATCHING):
            raise RuntimeError(f"it said {command.said}")
    if (counted.said["lines_naming_nobody"], counted.said["lines_naming_somebody_again"]) != (count, count):
        raise RuntimeError(f"it said {counted.said}")
    return Seen((told[0], took, waits), (listed, walked), counted)


def _write(path: Path, count: int, *, absurd: bool) -> None:
    """Everybody; then as many phones of nobody, and everybody again."""
    with path.open("w") as file:
        file.writelines(f"{name}\n" for name in names(count))
        if absurd:
            file.writelines(f"+316{number:08d}\n" for number in range(10_000_000, 10_000_000 + count))
            file.writelines(f"{name}\n" for name in names(count))


async def _walk(crowd: Crowd, rule: str, count: int) -> Took:
    """See from the partitions' meta when all of them have walked."""

    def marks() -> list[CampaignMark]:
        found = (CAMPAIGNS.of(meta).items() for meta in crowd.metas())
        return [mark for some in found for (_, name), mark in some if name.partition("@")[0] == rule]

    took = await crowd.watch(
        lambda: bool(marks()), lambda: len(marks()) == PARTITIONS and all(mark.how == "walked" for mark in marks())
    )  # fmt: skip
    looked, matched = sum(mark.looked for mark in marks()), sum(mark.matched for mark in marks())
    if (looked, matched) != (count, count // MATCHING):
        raise RuntimeError(f"{looked} were looked at and {matched} matched")
    return took


async def _command(crowd: Crowd, *words: str) -> Command:
    """Run `stamgast campaign` beside the worker."""
    env = os.environ | {f"STAMGAST_{name.upper()}": str(value) for name, value in crowd.settings.items()}
    words = ("-m", "stamgast.cli", "campaign", *words, "--merchant", BIG, "--json")
    began, peak, cpu = time.monotonic(), 0.0, 0.0
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    saying = asyncio.create_task(process.communicate())
    while not saying.done():
        try:
            peak, cpu = max(peak, memory_of(process.pid)), cpu_seconds_of(process.pid)
        except (OSError, StopIteration):  # it has ended, and is nobody's any more
            break
        await asyncio.wait([saying], timeout=0.05)
    out, err = await saying
    if process.returncode:
        raise RuntimeError(f"it ended with {process.returncode}: {out.decode()[-500:]}{err.decode()[-1_500:]}")
    return Command(msgspec.json.decode(out), time.monotonic() - began, cpu, peak)
