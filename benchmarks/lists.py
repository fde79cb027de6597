"""A list of new customers comes in by `stamgast import`: how many a second, of one core?

Each has a phone, a name, a birthday and a consent to both channels. What is told is the CPU of the importing process
alone; beside it stands, in the same run, what it costs to enrol each of them alone, as at the door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

import redis

from benchmarks.bakery import MERCHANT
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import open_shop, settings_of
from benchmarks.meter import cpu_seconds
from benchmarks.scene import Scene, all_topics
from stamgast.domain.units import Millis
from stamgast.lists.bringing_in import Job, bring_in
from stamgast.lists.customers_in import CustomersIn
from stamgast.lists.mapping import Mapping
from stamgast.lists.members import Member
from stamgast.lists.survey import survey
from stamgast.lookup import newest_bundle, open_people
from stamgast.settings import Settings

LEAST: Final = 600
"""New customers a CPU second."""
_HEADS: Final = "Telefoon;Naam;E-mail;Geboortedatum;Taal;whatsapp;sms\n"


def run(scene: Scene) -> None:
    """Together and alone, in turn."""
    count, rounds = scene.sized(4_000, 60), scene.sized(3, 1)
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        asyncio.run(open_shop(scene, settings, busy=False))
        found = asyncio.run(_measure(Settings(_env_file=None, **settings), Path(folder), count, rounds))
    together, alone = (min(found[way]) for way in ("together", "alone"))
    rows = [
        ("many at once", count / together, together / count * 1e3),
        ("each alone", count / alone, alone / count * 1e3),
    ]
    table(f"A list of {count} new customers", ("how", "a CPU second", "ms each"), rows)
    tell([
        Figure("list_customers", count / together, "new customers a CPU second", "at least", LEAST),
        Figure("list_customers_share", together / alone, "of what each alone costs", "at most", 0.5),
    ])  # fmt: skip


async def _measure(settings: Settings, folder: Path, count: int, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"together": [], "alone": []}
    async with open_people(settings) as people:
        program = (await newest_bundle(settings, people.topics, MERCHANT))[1].program
    for round_ in range(rounds):
        for number, way in enumerate(found):
            file = folder / f"{round_}{way}.csv"
            await asyncio.to_thread(file.write_text, list_of(count, 2 * round_ + number))
            job = Job(settings, survey(file, Mapping()), program, settings.make_clock())
            began = cpu_seconds()
            if way == "alone":
                with patch.object(CustomersIn, "_take_new", _nobody):
                    summary = await bring_in(job, folder / f"{file.name}.progress", _tell)
            else:
                summary = await bring_in(job, folder / f"{file.name}.progress", _tell)
            found[way].append(cpu_seconds() - began)
            if summary.accepted != count:
                raise RuntimeError(f"{summary.accepted} of {count} were taken: {summary.rejected[:3]}")
    return found


async def _nobody(_self: Any, members: Sequence[Member], _at: Millis) -> Sequence[Member]:
    return members


def _tell(_done: int, _rows: int) -> None:
    pass


def list_of(count: int, which: int) -> str:
    """A list in which nobody stands who stands in another one."""
    rows = [
        f"06{10_000_000 + which * 1_000_000 + number};Noor Jansen;noor{number}@example.com;"
        f"{number % 28 + 1:02}-03-1990;nl;ja;ja"
        for number in range(count)
    ]
    return _HEADS + "\n".join(rows) + "\n"
