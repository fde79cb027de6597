"""What does a regular cost after ten years? State and CPU after 10, 100, 1,000 and 3,000 purchases with their messages.

A customer of the bakery comes every third day. Each purchase is answered by a message, cards fill up, vouchers run
out and timers run. Then purchases are timed that come in order, that come weeks late, and that are given back in part
where a card has a cap a day; a purchase among fifty cards beside one among two; and those of a walk-in customer, sixty
a day. The same kind of event is applied
to the same state again and again, and what it takes is the middle of many. Nothing but the core runs, with the whole
ledger at hand: no Kafka, no Redis.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from benchmarks import bakery
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import Scene
from rules.loader import load_bundle
from stamgast.domain.activation import RANKS
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import ActivationOutcome, AnyEvent, ConsentChanged, Enrolled, PurchaseChanged, TimerDue
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.fold import Fold
from stamgast.service import Bundle, Change

_EVERY: Final = 3 * DAY
_WALK_IN: Final = 24 * MINUTE
_NOON: Final = 12 * HOUR
_LATE: Final = 40 * DAY
_KEY: Final = (bakery.MERCHANT, bakery.customer_id(1))
_ABOUT: Final[Any] = {"merchant": _KEY[0], "customer": _KEY[1]}
_GOALS: Final = {
    "growth_state_1000": 1_500.0,
    "growth_purchase_1000": 1.5,
    "growth_late_1000": 3.0,
    "growth_refund_1000": 2.0,
    "growth_cards_50": 2.0,
    "growth_walk_in_state_20000": 1.5,
    "growth_walk_in_20000": 1.5,
}
_RULES: Final = {
    "loaf": ("stamp_card_completed: bread", "{give: loaf}, {send: hello, by: [sms]}"),
    "five-off": ("stamp_card_completed: spend", "{give: five_off}, {send: hello, by: [sms]}"),
    "thanks": ("purchase", "{send: hello, by: [sms]}"),
    "halfway": ("stamp_card_reaches: {spend: 5}", "{tag: {add: halfway}}"),
}


def bundle(cards: int = 2) -> Bundle:
    """The bakery with few rules, and as many more cards as are wanted; one of two has a cap a day."""
    program = bakery.PROGRAM.replace("categories: [bread]}", "categories: [bread], max_per_day: 2}", 1)
    more = "".join(f"  card{n}: {{stamps: 9, per: purchase, categories: [pastry]}}\n" for n in range(cards - 2))
    files = bakery.files() | {"program.yaml": program.replace("rewards:\n", f"{more}rewards:\n", 1)}
    kept = {name: text for name, text in files.items() if not name.startswith("rules/")}
    for name, (when, then) in _RULES.items():
        trigger = f"{{{when}}}" if ":" in when else when
        kept[f"rules/{name}.yaml"] = (
            f"rule: {name}\ndescription: {name}.\nstatus: live\nwhen: {trigger}\nthen: [{then}]\n"
        )
    loaded = load_bundle(kept)
    if not loaded.ok:
        raise RuntimeError("; ".join(map(str, loaded.problems)))
    return Bundle(0, "benchmark", loaded.program, loaded.rules)


class Stood(NamedTuple):
    """How a customer stood at a moment."""

    state: bytes
    ledger: dict[bytes, bytes]
    at: Millis


class Regular:
    """One customer, on whom events are tried."""

    def __init__(self, rules: Bundle) -> None:
        self._rules = rules
        self._fold = Fold(bakery.VOUCHER_KEY)
        self._draw = random.Random(3)
        self.at = bakery.BEGIN + _NOON
        self._apply(Enrolled(**_ABOUT, at=bakery.BEGIN - DAY, language="nl"))
        self._apply(
            ConsentChanged(
                **_ABOUT, at=bakery.BEGIN - DAY, purpose="marketing", channel="sms", granted=True, wording="1"
            )
        )

    def grown(self, purchases: int, every: Millis = _EVERY) -> Stood:
        """Let the customer buy so often, and say how they stand then."""
        for number in range(purchases):
            self.at += every
            self._wait()
            self._apply(self.purchase(f"till:{number:08d}"))
        self.at += every
        self._wait()
        return Stood(self._fold.states[_KEY], dict(self._fold.ledgers[_KEY]), self.at)

    def purchase(self, name: str, ago: Millis = 0) -> PurchaseChanged:
        """One that comes now; `ago`: so much later than it was made."""
        sold = bakery.basket(self._draw, self.at - ago - MINUTE)
        return PurchaseChanged(**_ABOUT, at=self.at, transaction=name, after=sold, happened_at=sold.occurred_at)

    def returned(self, event: PurchaseChanged) -> PurchaseChanged:
        """The last line of it is given back."""
        assert event.after is not None
        return PurchaseChanged(
            **_ABOUT, at=self.at, transaction=event.transaction, before=event.after,
            after=bakery.without_last(event.after), happened_at=self.at,
        )  # fmt: skip

    def seconds(self, stood: Stood, few: tuple[AnyEvent, ...]) -> float:
        """CPU seconds that the last of a few events takes, applied to how the customer stood."""
        self._put(stood)
        for event in few[:-1]:
            self._fold.apply(event, self._rules)
        began = time.thread_time()
        self._fold.apply(few[-1], self._rules)
        return time.thread_time() - began

    def _put(self, stood: Stood) -> None:
        self._fold.states[_KEY], self._fold.ledgers[_KEY] = stood.state, dict(stood.ledger)

    def _apply(self, event: AnyEvent) -> None:
        self._deliver(event.at, self._fold.apply(event, self._rules))

    def _deliver(self, at: Millis, change: Change) -> None:
        for submission in change.submissions:
            for status in ("accepted", "delivered"):
                self._apply(
                    ActivationOutcome(
                        **_ABOUT,
                        at=at,
                        activation=submission.activation,
                        status=status,
                        rank=RANKS[status],
                        attempt="a" * 32,
                        channel="sms",
                        provider_id="SM" + "0" * 32,
                        parts=1,
                    )
                )

    def _wait(self) -> None:
        for due in iter(self._due, None):
            self._apply(TimerDue(**_ABOUT, at=due, due=due))

    def _due(self) -> Millis | None:
        due = min(decode_customer(self._fold.states[_KEY]).timers.values(), default=self.at + 1)
        return due if due <= self.at else None


def run(scene: Scene) -> None:
    """Print what grows."""
    sizes = (10, 100, 1_000, 3_000) if not scene.quick else (5, 10)
    times = 200 if not scene.quick else 2
    heads = ("purchases", "state B", "ledger B", "in order us", "late us", "given back us")
    rows = dict(zip(sizes, _measured([(bundle(), size, _EVERY) for size in sizes], times), strict=True))
    table("A regular", heads, [(f"{size:,}", *row) for size, row in rows.items()])
    few, many = _measured([(bundle(cards), 100 if not scene.quick else 5, _EVERY) for cards in (2, 50)], times)
    table("Cards", heads, [("2 cards", *few), ("50 cards", *many)])
    crowds = (1_000, 20_000) if not scene.quick else (5, 10)
    walk_in, walk_in_of_years = _measured([(bundle(), size, _WALK_IN) for size in crowds], times)
    booked = zip(crowds, (walk_in, walk_in_of_years), strict=True)
    table("A walk-in customer, to whom a till books everybody", heads, [(f"{size:,}", *row) for size, row in booked])
    first, big = rows[sizes[0]], rows[sizes[-2] if len(sizes) > 2 else sizes[-1]]
    found = {
        "growth_state_1000": (float(big.state), "B"),
        "growth_purchase_1000": (big.in_order / first.in_order, "times that at 10"),
        "growth_late_1000": (big.late / first.late, "times that at 10"),
        "growth_refund_1000": (big.returned / first.returned, "times that at 10"),
        "growth_cards_50": (many.in_order / few.in_order, "times that with 2"),
        "growth_walk_in_state_20000": (walk_in_of_years.state / walk_in.state, "times that at 1,000"),
        "growth_walk_in_20000": (walk_in_of_years.in_order / walk_in.in_order, "times that at 1,000"),
    }
    for name, (value, unit) in found.items():
        tell([Figure(name, value, unit, "goal, at most", _GOALS[name])])


_Make = Callable[[Regular, int], Iterator[tuple[AnyEvent, ...]]]


class Measured(NamedTuple):
    """Bytes, and microseconds of CPU."""

    state: int
    ledger: int
    in_order: float
    late: float
    returned: float


def _measured(those: Sequence[tuple[Bundle, int, Millis]], times: int) -> list[Measured]:
    """Customers under their rules, with so many purchases, one every so long: what events cost, in turns."""
    regulars = [Regular(rules) for rules, _, _ in those]
    stood = [each.grown(purchases, every) for each, (_, purchases, every) in zip(regulars, those, strict=True)]
    gc.collect()
    took = [_in_turns(regulars, stood, make, times) for make in (_in_order, _late, _returned)]
    return [
        Measured(len(each.state), sum(len(name) + len(value) for name, value in each.ledger.items()), *figures)
        for each, *figures in zip(stood, *took, strict=True)
    ]


def _in_turns(regulars: Sequence[Regular], stood: Sequence[Stood], make: _Make, times: int) -> list[float]:
    """Microseconds of each one's middle event: one of each, and again, so that a busy moment is everybody's."""
    events = [list(make(each, times)) for each in regulars]
    took: list[list[float]] = [[] for _ in regulars]
    for turn in range(times):
        for place, regular in enumerate(regulars):
            took[place].append(1e6 * regular.seconds(stood[place], events[place][turn]))
    return [middle(each) for each in took]


def _in_order(regular: Regular, times: int) -> Iterator[tuple[AnyEvent, ...]]:
    for number in range(times):
        yield (regular.purchase(f"new:{number}"),)


def _late(regular: Regular, times: int) -> Iterator[tuple[AnyEvent, ...]]:
    for number in range(times):
        yield (regular.purchase(f"late:{number}", _LATE),)


def _returned(regular: Regular, times: int) -> Iterator[tuple[AnyEvent, ...]]:
    made = 0
    while made < times:
        sale = regular.purchase(f"back:{made}", _LATE)
        if sale.after is not None and len(sale.after.lines) > 1:
            made += 1
            yield sale, regular.returned(sale)
