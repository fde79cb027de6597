"""What the report says of draws and instant wins: who took part, what was won, used and not claimed, and what it cost.

Made of counters (`draw|<draw>|<what>`), and of those of the stock of instant prizes, which is counted as budgets are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stamgast.domain.budgets import MILLS, Booked, Of, Per
from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.counting import so_many
from stamgast.domain.currencies import format_money
from stamgast.domain.draws import LOST, PASSED, WON, Draw, Prize


def draw_counter(draw: str, what: str) -> str:
    """The name of a counter of a draw's."""
    return counter(Counter.DRAW, draw, what)


def stock_counter(draw: str, reward: str, booked: Booked) -> str:
    """The name of the counter of what the whole stock of an instant prize has given, or had back."""
    return counter(Counter.BUDGET, f"{Of.PRIZE}:{draw}/{reward}/{Per.TOTAL}", Per.TOTAL, booked)


def draws_of(totals: Mapping[str, int], draws: Mapping[str, Draw]) -> dict[str, Any]:
    """Draw -> its figures: those of the programme, and those of before that somebody took part in."""
    begins = counter(Counter.DRAW, "")
    before = {name.removeprefix(begins).partition(BETWEEN)[0] for name in totals if name.startswith(begins)}
    return {name: _of_draw(totals, name, draws.get(name)) for name in sorted(draws.keys() | before)}


def _of_draw(totals: Mapping[str, int], name: str, draw: Draw | None) -> dict[str, Any]:
    def of(what: str) -> int:
        return totals.get(draw_counter(name, what), 0)

    is_instant = draw is not None and draw.instant
    prizes = {each.reward: _of_prize(totals, name, each, instant=is_instant) for each in draw.prizes} if draw else {}
    came_back = sum(each.get("came_back", 0) for each in prizes.values())
    return {
        "instant": is_instant,
        "entries": of(Tally.ENTERED),
        "customers": of(Tally.ENTRANTS),
        "won": of(WON),
        "lost": of(LOST),
        "taken": of(Tally.TAKEN),
        "forfeited": came_back if is_instant else of(PASSED),
        "cost_minor": of(Tally.COST),
        "turned_away": of(Tally.TOO_LATE) + of(Tally.TOO_MANY),
        "prizes": prizes,
    }


def _of_prize(totals: Mapping[str, int], draw: str, prize: Prize, *, instant: bool) -> dict[str, int]:
    found = {"stock": prize.stock}
    if instant:
        for word, booked in (("given", Booked.SPENT), ("came_back", Booked.BACK)):
            found[word] = round(totals.get(stock_counter(draw, prize.reward, booked), 0) / MILLS)
    return found


def draws_in_words(found: Mapping[str, Mapping[str, Any]], currency: str) -> Iterator[str]:
    """A line for each in which somebody took part."""
    for name, each in found.items():
        if not each["entries"] and not each["won"] and not each["turned_away"]:
            continue
        said = f"draw {name}: {so_many(each['entries'], 'entry', 'entries')} of "
        said += so_many(each["customers"], "customer")
        if each["turned_away"]:
            said += f" ({each['turned_away']:,} more were too many or too late)"
        said += f", {so_many(each['won'], 'prize')} won, {each['taken']:,} used, {each['forfeited']:,} not claimed"
        yield f"{said}, cost {format_money(each['cost_minor'], currency)}"
        for reward, its in each["prizes"].items():
            if "given" in its:
                yield f"  {reward}: {its['given']:,} of {its['stock']:,} given"
