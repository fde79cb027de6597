"""The process that `benchmarks.imports` measures, and kills: it brings a list in."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.meter import Meter
from stamgast.lists.bringing_in import Job, bring_in
from stamgast.lists.mapping import Mapping
from stamgast.lists.progress import SUFFIX
from stamgast.lists.survey import survey
from stamgast.lookup import newest_bundle, open_people
from stamgast.settings import Settings


async def main() -> None:
    """As `stamgast import FILE --merchant M --yes` does, its first reading included."""
    given = json.loads(sys.argv[1])
    path, merchant = Path(given["file"]), given["merchant"]
    settings, meter = Settings(_env_file=None, **given["settings"]), Meter()
    async with open_people(settings) as people:
        program = (await newest_bundle(settings, people.topics, merchant))[1].program
    meter.start()
    job = Job(settings, survey(path, Mapping()), program, settings.make_clock())
    summary = await bring_in(job, Path(f"{path}{SUFFIX}"), lambda _done, _all: None)
    meter.tell(summary.rows - summary.skipped, accepted=summary.accepted, skipped=summary.skipped)


if __name__ == "__main__":
    asyncio.run(main())
