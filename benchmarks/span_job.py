"""The process that `benchmarks.report` measures: it reads the topics and reckons."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Final

from benchmarks import bakery
from benchmarks.meter import Meter
from stamgast.domain.units import DAY, Millis
from stamgast.log.topics import Topics
from stamgast.programs.history import BundleShelf
from stamgast.report.reading import AT_ONCE, Readings
from stamgast.report.spans import Span
from stamgast.service import Bundle

MERCHANT: Final = bakery.MERCHANT
BEGIN: Final[Millis] = bakery.BEGIN
RULE: Final = "letter"


class _Shelf(BundleShelf):
    """One bundle, which was always in force."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self._bundle = bundle
        self.published = {MERCHANT: [(0, bundle.number, bundle.hash)]}

    def find(self, merchant: str, content: str, number: int) -> Bundle:
        return self._bundle


async def main() -> None:
    """Reckon ten days."""
    settings = json.loads(sys.argv[1])
    topics, meter = Topics(settings["partitions"], settings["prefix"]), Meter()
    shelf = _Shelf(bakery.bundle())
    readings = Readings(settings["bootstrap"], topics, shelf, is_real=False)
    meter.start()
    read = 0

    def tell(done: int, _all: int) -> None:
        nonlocal read
        read = done

    found = await readings.sums({MERCHANT: Span(BEGIN, BEGIN + 10 * DAY)}, tell, settings["at_once"] or AT_ONCE)
    meter.tell(read, sent=found[MERCHANT][f"measure|{RULE}|sent"])


if __name__ == "__main__":
    asyncio.run(main())
