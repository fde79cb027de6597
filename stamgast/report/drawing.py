"""What one customer's life tells of draws and instant wins within a span, as the counters of owners would have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping
from typing import Final

from msgspec import Struct

from stamgast.domain.budgets import MILLS, Booked
from stamgast.domain.counters import Tally
from stamgast.domain.draw_figures import draw_counter, stock_counter
from stamgast.domain.draws import WON
from stamgast.domain.told import TAKEN_BACK, Line, Told
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import VoucherState
from stamgast.report.spans import Span

_VOUCHER: Final = Told.VOUCHER.value
_DRAW: Final = Told.DRAW.value
_GIVEN: Final = "given"
_LEFT: Final = "left"
_CAME_BACK: Final = frozenset({
    VoucherState.EXPIRED.value, VoucherState.WITHDRAWN.value, VoucherState.VOIDED.value,
})  # fmt: skip


class Drawn(Struct, frozen=True, gc=False):
    """A line about a draw, or about a voucher that may be a prize of one. Nothing of it is repeated."""

    at: Millis
    became: str
    draw: str
    """Empty: it is about a voucher."""
    entry: str
    reward: str
    voucher: str
    cost: int

    @classmethod
    def of(cls, line: Line) -> Drawn | None:
        """None for a line that is about neither."""
        if line.kind != _DRAW and not (line.kind == _VOUCHER and line.voucher):
            return None
        return cls(line.at, line.became, line.draw, line.entry, line.reward, line.voucher, line.cost or 0)


def add_draws(lines: Iterable[Drawn], span: Span, sums: MutableMapping[str, int]) -> None:
    """Add a customer's part. A prize is the voucher of that reward that was given at the moment at which they won."""
    given: dict[tuple[Millis, str], str] = {}
    prizes: dict[str, tuple[str, bool]] = {}
    """Voucher -> its draw, and whether that is an instant win."""
    told = Counter[str]()
    standing = Counter[str]()
    for each in lines:
        inside = span.holds(each.at)
        if each.draw and each.became == WON:
            prizes[given.get((each.at, each.reward), "")] = each.draw, bool(each.entry)
        if each.draw and inside:
            _add_line(each, told, standing)
        elif each.became == _GIVEN:
            given[each.at, each.reward] = each.voucher
        elif inside and each.voucher in prizes:
            _add_prize(each, prizes[each.voucher], told)
    told.update({draw_counter(draw, Tally.ENTRANTS): 1 for draw, entries in standing.items() if entries > 0})
    for name, times in told.items():
        sums[name] = sums.get(name, 0) + times


def _add_line(line: Drawn, told: Counter[str], standing: Counter[str]) -> None:
    what, by = (Tally.ENTERED.value, -1) if line.became == _LEFT else (line.became, 1)
    told[draw_counter(line.draw, what)] += by
    if what == Tally.ENTERED:
        standing[line.draw] += by
    elif what == WON and line.entry:
        told[stock_counter(line.draw, line.reward, Booked.SPENT)] += MILLS


def _add_prize(line: Drawn, prize: tuple[str, bool], told: Counter[str]) -> None:
    """What became of a prize's voucher."""
    draw, is_instant = prize
    if line.became in {VoucherState.REDEEMED, TAKEN_BACK}:
        by = -1 if line.became == TAKEN_BACK else 1
        told[draw_counter(draw, Tally.TAKEN)] += by
        told[draw_counter(draw, Tally.COST)] += by * line.cost
    elif line.became in _CAME_BACK and is_instant:
        told[stock_counter(draw, line.reward, Booked.SPENT)] -= MILLS
        told[stock_counter(draw, line.reward, Booked.BACK)] += MILLS
