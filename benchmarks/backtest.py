"""How long does a backtest of two million purchases take, and what memory? The shipped bakery's rules, two processes.

Purchases come from a CSV, as a shop would give it; one customer in fifty thousand buys ten thousand times. The time is
the processes' own, reading the file included.
"""

from __future__ import annotations

import random
import resource
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, table, tell
from benchmarks.scene import ROOT, Scene
from rules.loader import load_merchant
from stamgast.backtest.findings import document_of
from stamgast.backtest.plan import CsvData, Plan
from stamgast.backtest.shares import run as run_shares
from stamgast.programs.record import BundleRecord, bundle_hash

_PROCESSES: Final = 2
_GOAL_S: Final = 60.0
_DAYS: Final = 650
_BEGIN: Final = date(2025, 1, 1)
_REGULAR: Final = 10_000


def run(scene: Scene) -> None:
    """Write a past, play it, and check that nobody was lost."""
    purchases, customers = (20_000, 500) if scene.quick else (2_000_000, 50_000)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "past.csv"
        _write(file, purchases, customers)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        results = run_shares(plan := _plan(file), _PROCESSES)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = document_of(plan, results)
    if found["customers"] != customers or found["left_out"]:
        raise RuntimeError(f"{found['customers']} of {customers} customers were played")
    busy = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _PROCESSES
    megabytes = after.ru_maxrss / 1024
    sent = sum(rule["would_send"] for rule in found["rules"].values())
    row = (f"{purchases:,}", f"{customers:,}", f"{sent:,}", f"{busy:.1f}", f"{megabytes:,.0f}")
    table("Backtest", ("purchases", "customers", "messages", "processor s per core", "MB per process"), [row])
    goal = {"peer": "goal, at most", "peer_value": _GOAL_S}
    tell(
        [
            Figure("backtest_busy", round(busy, 1), "s of each of two cores", **({} if scene.quick else goal)),
            Figure("backtest_memory", round(megabytes), "MB per process"),
        ]
    )


def _plan(file: Path) -> Plan:
    loaded = load_merchant(ROOT / "config/merchants/bakkerij-noord")
    files = dict(loaded.files)
    record = BundleRecord(merchant=loaded.program.merchant, hash=bundle_hash(files, {}), files=files)
    first = _BEGIN.toordinal() - date(1970, 1, 1).toordinal()
    return Plan(record, CsvData(str(file)), first, first + _DAYS)


def _write(file: Path, purchases: int, customers: int) -> None:
    """Purchases in the order of time, in shop hours."""
    draw = random.Random(5)
    regular = min(_REGULAR, purchases // 10)
    with file.open("w") as out:
        out.write("customer,date,amount,store,category\n")
        for number in range(purchases):
            is_regular = number % (purchases // regular) == 0
            who = 0 if is_regular else number % customers if number < customers else int(draw.random() ** 2 * customers)
            day, rest = divmod(number * _DAYS, purchases)
            minute = 8 * 60 + rest * 600 // purchases
            when = f"{_BEGIN + timedelta(days=day)} {minute // 60:02}:{minute % 60:02}"
            store, category = draw.choice(("dok-noord", "korenmarkt")), draw.choice(("bread", "pastry", "drinks"))
            out.write(f"c{who},{when},{draw.randrange(150, 2500) / 100},{store},{category}\n")
