"""The record shop's customers (CDNOW, early 1997) as histories, read where the wheel of lifetimes carries them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import numpy as np

from stamgast.clv.data.rows import Rows, collapse, make_rows
from stamgast.demo.cdnow import day_of, find_log, read_receipts

CALIBRATION_END = day_of(date(1997, 9, 30))
HOLDOUT_END = day_of(date(1998, 6, 30))


@dataclass
class Shop:
    """Histories at the end of the calibration period, one per customer in the order of their numbers."""

    rows: Rows
    log_gaps: float
    repeat_spend: np.ndarray
    all_spend: np.ndarray
    later: np.ndarray
    later_spend: np.ndarray

    @property
    def collapsed(self) -> Rows:
        return collapse(self.rows)[0]


def shop_of(sums: dict[int, dict[int, float]], end: int) -> Shop:
    """Make the shop of customer -> day -> amount; only those who bought by `end`."""
    known = [days for _, days in sorted(sums.items()) if min(days) <= end]
    until = [sorted(day for day in days if day <= end) for days in known]
    return Shop(
        make_rows([len(d) - 1 for d in until], [d[-1] - d[0] for d in until], [end - d[0] for d in until]),
        sum(float(np.log(np.diff(d) / 7).sum()) for d in until),
        np.array([sum(days[d] for d in ds[1:]) for days, ds in zip(known, until, strict=True)]),
        np.array([sum(days[d] for d in ds) for days, ds in zip(known, until, strict=True)]),
        np.array([sum(day > end for day in days) for days in known]),
        np.array([sum(amount for day, amount in days.items() if day > end) for days in known]),
    )


def read_sample() -> dict[int, dict[int, float]]:
    sums: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for receipt in read_receipts():
        sums[receipt.customer][receipt.day] += receipt.amount / 100
    return sums


def numbers_of_sample() -> set[int]:
    """Return the numbers that the customers of the sample have in the whole shop."""
    lines = find_log().read_text().splitlines()
    return {int(words[0]) for words in map(str.split, lines) if words and words[0].isdecimal()}


def read_master() -> dict[int, dict[int, float]]:
    sums: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for line in find_log().with_name("CDNOW_master.txt").read_text().splitlines():
        words = line.split()
        if words and words[0].isdecimal():
            sums[int(words[0])][day_of(date.fromisoformat(words[1]))] += float(words[3])
    return sums
