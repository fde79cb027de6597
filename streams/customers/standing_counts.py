"""What a partition counts of how its customers stand, counted anew when it is taken and that is not of all of them.

Versions before did not count bins of value nor stamps by card, and one of them may have worked here since. That is told
by counters that every version writes: as many customers stand in bins as there are, and what stands in months is what
was ever sold. Where either is not so, everybody on the merchant's roll is looked at. What was sold before months were
counted belongs to none that is known, and is noted as such; `verify --mend` reads it from the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.counters import BETWEEN, Counter, Tally
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.day_sums import BEFORE, OF_SALES, of_month
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.measuring import Sum
from stamgast.domain.value_bins import bin_of
from stamgast.logs import get_logger
from stamgast.state.partitions import Lease, Writes
from stamgast.state.roll import some_of

log = get_logger(__name__)

_AT_ONCE: Final = 1_000
_WORDS_AT_ONCE: Final = 2_000
_OF_ALL: Final = {"purchases": Counter.PURCHASES, "spend": Counter.SPEND, "profit": Counter.PROFIT}


async def complete(lease: Lease) -> int:
    """Count how customers stand where that is not known of all; return of how many merchants that was so.

    The rolls are complete (`streams.customers.roll`). Raises StateError, as commits do.
    """
    known = await _counters(lease)
    lacking = [merchant for merchant, totals in known.items() if not _are_whole(totals)]
    for merchant in lacking:
        found = await _standing(lease, merchant)
        found |= _before(known[merchant])
        old = [name for name in known[merchant] if _is_ours(name) and name not in found]
        writes = Writes()
        for names in _pieces(old):
            writes.do("HDEL", lease.keys.stats, *(f"{merchant}{BETWEEN}{name}" for name in names))
        for names in _pieces([name for name, value in found.items() if value]):
            pairs = ((f"{merchant}{BETWEEN}{name}", found[name]) for name in names)
            writes.do("HSET", lease.keys.stats, *(word for pair in pairs for word in pair))
        await lease.commit(lease.watermark, writes)
        log.info("counted how customers stand", partition=lease.keys.number, merchant=merchant)
    return len(lacking)


async def _counters(lease: Lease) -> dict[str, dict[str, int]]:
    """Merchant -> counters."""
    found: dict[str, dict[str, int]] = {}
    cursor = b""
    while cursor != b"0":
        cursor, flat = await lease.call("HSCAN", lease.keys.stats, cursor or b"0", "COUNT", _AT_ONCE)
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            merchant, _, counter = name.decode().partition(BETWEEN)
            found.setdefault(merchant, {})[counter] = int(value)
    return found


def _are_whole(totals: Mapping[str, int]) -> bool:
    in_bins = sum(value for name, value in totals.items() if name.startswith(f"{Counter.VALUE}{BETWEEN}"))
    in_months = all(_in_months(totals, what) == totals.get(name, 0) for what, name in _OF_ALL.items())
    return in_bins == totals.get(Counter.CUSTOMERS, 0) and in_months


def _in_months(totals: Mapping[str, int], what: str) -> int:
    begins = f"{Counter.MONTH}{BETWEEN}"
    return sum(by for name, by in totals.items() if name.startswith(begins) and name.split(BETWEEN, 3)[2] == what)


def _before(totals: Mapping[str, int]) -> dict[str, int]:
    """What was sold and stands in no month that is known."""
    names = {what: of_month(BEFORE, what) for what in OF_SALES}
    known = {what: _in_months(totals, what) - totals.get(name, 0) for what, name in names.items()}
    return {name: totals.get(_OF_ALL[what], 0) - known[what] for what, name in names.items()}


async def _standing(lease: Lease, merchant: str) -> dict[str, int]:
    """The bins and cards of everybody on the roll; whose state cannot be read stands with those who never bought."""
    found: dict[str, int] = {}
    start = 0
    while some := await some_of(lease.call, lease.keys, merchant, start, _AT_ONCE):
        start += len(some)
        for value in await lease.read([lease.keys.customer(merchant, customer) for customer in some]):
            for name, by in _counts_of(value):
                found[name] = found.get(name, 0) + by
    return found


def _counts_of(value: bytes | None) -> Iterable[tuple[str, int]]:
    try:
        state = Customer() if value is None else decode_customer(value)
    except UNREADABLE:
        state = Customer()
    yield bin_of(state.purchases, state.profit), 1
    for card, held in state.cards.items():
        if held.balance:
            yield stamps_of(card), held.balance
            yield holding(card, held.balance), 1


def _is_ours(name: str) -> bool:
    """Whether it is counted here."""
    words = name.split(BETWEEN)
    if words[0] == Counter.CARD:
        return words[2] in (Tally.ON, Sum.STAMPS)
    return words[0] == Counter.VALUE or name.startswith(f"{Counter.MONTH}{BETWEEN}{BEFORE}{BETWEEN}")


def _pieces(names: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(names), _WORDS_AT_ONCE):
        yield names[start : start + _WORDS_AT_ONCE]
