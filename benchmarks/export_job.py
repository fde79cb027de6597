"""The process that `benchmarks.export` measures: it writes a merchant down."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.meter import Meter
from stamgast.carriers import pictures_of
from stamgast.lists.pictures import Pictures
from stamgast.lists.writing_out import Describing, write_merchant
from stamgast.lookup import newest_bundle, open_people
from stamgast.settings import Settings


async def main() -> None:
    """As `stamgast export --merchant M --to FOLDER` does."""
    given = json.loads(sys.argv[1])
    folder, merchant = Path(given["folder"]), given["merchant"]
    settings, meter = Settings(_env_file=None, **given["settings"]), Meter()
    async with open_people(settings) as people:
        program = (await newest_bundle(settings, people.topics, merchant))[1].program
        pictures = Pictures(pictures_of(settings), folder, apart=True)
        describing = Describing(people, program, settings.make_clock().now(), pictures)
        meter.start()
        rows = await write_merchant(settings, describing, folder, lambda _done, _all: None)
    meter.tell(rows["customers.jsonl"], rows=rows)


if __name__ == "__main__":
    asyncio.run(main())
