"""How sure is a lapse, and how late does it come? Drawn customers with a known end, in virtual time through the engine.

An alert is right if the customer never comes again. Beside the engine stand rules that anybody could write: so many
days for everybody, and twice a customer's own median gap. `median delay` counts from the last visit, of the alerts that
were right; `told` is the share of those who left, early enough in the watch, that was told within it. Last stand two
oracles (`benchmarks.lapse_oracle`): what nobody can beat who does not know the future.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from benchmarks.figures import Figure, table, tell
from benchmarks.lapse_oracle import own_rhythm, own_shop
from benchmarks.lapse_shops import HOLIDAYS, MIXED, SHOPS, Past, Shop, draw
from benchmarks.scene import Scene
from rules.rule_set import RuleSet
from stamgast.clv.data.state_sample import Bought, sample_of_states
from stamgast.clv.models.regularity_fit import fit_regularity
from stamgast.clv.selection.k_selection import fit_live
from stamgast.domain.attrition import MBG_CNBD_K, MBG_NBD
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.counters import Counter
from stamgast.domain.days import encode_days
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.program import LapseModel, Program, Store
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.units import DAY, HOUR, Day
from stamgast.fold import CustomerKey
from stamgast.service import Bundle, Change
from stamgast.simulate import Simulation

SEED: Final = 1
MERCHANT: Final = "drawn"
GOALS: Final = {"weekly bakery": (0.63, 28), "monthly salon": (0.95, 76), "yearly buyers": (0.95, 450)}
"""Shop -> precision to reach, and the median delay in days within which."""
SURE: Final = {"weekly bakery": 0.63, "monthly salon": 0.95, "yearly buyers": 0.95}
"""What program.yaml would ask for there; 60 % elsewhere."""
_USUAL: Final = 0.6
_AFTER: Final = 0.4
"""Who left in the last such part of the watch may be told after it."""


Oracle = Callable[[Past, float], list[list[int]]]
"""How sure -> after how many days of silence to call, for each customer and visit."""


class Alert(NamedTuple):
    """A customer was called lapsing at a time, so many days after the day of the last visit."""

    customer: int
    last_day: Day
    after: float


class Score(NamedTuple):
    """What alerts came to."""

    alerts: int
    precision: float
    delay: float
    told: float

    @property
    def wrong(self) -> int:
        """Alerts about somebody who came again."""
        return self.alerts - round(self.alerts * self.precision)

    def cells(self) -> tuple[object, ...]:
        """As a row of a table."""
        return (self.alerts, f"{self.precision:.2f}", f"{self.delay:.0f}", f"{self.told:.2f}")


class Watched(Simulation):
    """A simulation that notes who is called lapsing."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.alerts: list[tuple[Day, float]] = []

    def _follow(self, key: CustomerKey, tags: Collection[str], change: Change) -> None:
        if Counter.LAPSING in change.counters:
            last = change.state.last_day
            self.alerts.append((last, (self.now - last * DAY) / DAY))
        super()._follow(key, tags, change)


def run(scene: Scene) -> None:
    """Draw each shop, fit as `stamgast clv fit` does, and count."""
    share = 0.15 if scene.quick else 1.0
    figures: list[Figure] = []
    for shop in SHOPS:
        past = draw(shop, SEED, share)
        rows = list(_rules(past))
        figures += _figures(shop.name, rows[-1][1])
        rows += _oracles(past, SURE.get(shop.name, _USUAL))
        table(f"{shop.name}: {len(past.known()):,} customers", HEADS, [(name, *each.cells()) for name, each in rows])
    figures += _mixed(share)
    for shop in HOLIDAYS:
        figures.append(_holiday(shop, share))
    tell(figures)


ORACLES: Final[Sequence[tuple[str, Oracle]]] = (
    ("an oracle that knows the shop", own_shop),
    ("an oracle that knows each one's rhythm", own_rhythm),
)
HEADS: Final = ("rule", "alerts", "precision", "median delay", "told")


def _figures(name: str, score: Score) -> list[Figure]:
    word = name.replace(" ", "_").replace("é", "e")
    precision, delay = f"lapse_precision_{word}", f"lapse_delay_{word}"
    if name not in GOALS:
        return [Figure(precision, score.precision, "share of alerts"), Figure(delay, score.delay, "days, median")]
    sure, late = GOALS[name]
    return [
        Figure(precision, score.precision, "share of alerts", "goal, at least", sure),
        Figure(delay, score.delay, "days, median", "goal, at most", late),
    ]


def _rules(past: Past) -> Iterator[tuple[str, Score]]:
    """Every rule's score, that of the engine with the shop's regularity last."""
    for days in (28, 90):
        yield f"{days} days for everybody", judge(past, by_hand(past, always(days)))
    yield "twice the median gap", judge(past, by_hand(past, twice_the_median))
    for model in (MBG_NBD, MBG_CNBD_K):
        yield f"P(alive) < .5 by {model}", judge(past, by_engine(past, parameters(past, model), LapseModel()))
    found = parameters(past, MBG_CNBD_K, regular=True)
    for sure in sorted({0.5, _USUAL, 0.8, SURE.get(past.shop.name, _USUAL)}, key=_asked_last(past)):
        yield f"regularity, {sure:.0%} sure", judge(past, by_engine(past, found, sure_of(sure)))


def _oracles(past: Past, sure: float) -> list[tuple[str, Score]]:
    return [(f"{what}, {sure:.0%} sure", judge(past, _by_oracle(past, after, sure))) for what, after in ORACLES]


def _by_oracle(past: Past, after: Oracle, sure: float) -> list[Alert]:
    return by_days(past, after(past, sure))


def _asked_last(past: Past) -> Callable[[float], tuple[bool, float]]:
    asked = SURE.get(past.shop.name, _USUAL)
    return lambda sure: (sure == asked, sure)


def _mixed(share: float) -> list[Figure]:
    """Beside "90 days": at most as many alerts about silences that began within the watch, and surer.

    All are told of then, by every rule; by the day of the alert, a late rule is told of some who left before the watch.
    """
    past = draw(MIXED, SEED, share)
    found = parameters(past, MBG_CNBD_K, regular=True)
    fixed = judge(past, begun(past, by_hand(past, always(90))))
    rows = [("90 days for everybody", fixed)]
    rows += _fewest(past, lambda sure: by_engine(past, found, sure_of(sure)), fixed.alerts, "regularity")
    for what, after in ORACLES:
        rows += _fewest(past, partial(_by_oracle, past, after), fixed.alerts, what)
    table(f"{MIXED.name}: {len(past.known()):,} customers", HEADS, [(name, *score.cells()) for name, score in rows])
    as_many = rows[1][1]
    return [
        Figure("lapse_precision_mixed", as_many.precision, "share", peer="90 days", peer_value=fixed.precision),
        Figure("lapse_delay_mixed", as_many.delay, "days, median", peer="90 days", peer_value=fixed.delay),
    ]


def _fewest(past: Past, calls: Callable[[float], list[Alert]], alerts: int, what: str) -> list[tuple[str, Score]]:
    """The least sureness, in whole percents, that raises no more alerts."""
    low, high = 30, 98
    while low < high:
        middle = (low + high) // 2
        if judge(past, begun(past, calls(middle / 100))).alerts <= alerts:
            high = middle
        else:
            low = middle + 1
    return [(f"{what}, {low} % sure", judge(past, begun(past, calls(low / 100))))]


def _holiday(shop: Shop, share: float) -> Figure:
    """A fortnight in which the shop is closed, named in program.yaml and not."""
    past = draw(shop, SEED, share)
    rows: list[tuple[str, Score]] = []
    for name, closed in (("not named", ClosedDays()), ("named", past.shop.closed)):
        found = parameters(past, MBG_CNBD_K, regular=True, closed=closed)
        rows.append((name, judge(past, by_engine(past, found, sure_of(_USUAL), closed))))
    table(shop.name, HEADS, [(name, *score.cells()) for name, score in rows])
    wrong = [score.wrong for _, score in rows]
    word = shop.name.replace(" ", "_")
    return Figure(f"lapse_false_alarms_{word}", wrong[1], "alerts", peer="not named", peer_value=wrong[0])


def sure_of(precision: float) -> LapseModel:
    """What program.yaml makes of `precision`."""
    return LapseModel(precision=precision, risk_precision=0.6 * precision)


def parameters(
    past: Past, model: str, *, regular: bool = False, closed: ClosedDays = ClosedDays()  # noqa: B008
) -> ParameterSet:  # fmt: skip
    """What a fit on the day of the fit finds."""
    known = past.known()
    states = [(str(number), Bought(encode_days([(day, 1) for day in days]), 0, 0)) for number, days in enumerate(known)]
    live = sample_of_states(states, past.fit_day, "EUR", money=False)
    assert live is not None
    found = fit_live(live.without(closed), model, "repeat", closed)
    regularity = fit_regularity(live.days, past.fit_day, closed) if regular else None
    return msgspec.structs.replace(found, regularity=regularity, open_days=bool(closed.days))


def by_engine(
    past: Past, found: ParameterSet, lapse: LapseModel, closed: ClosedDays = ClosedDays()  # noqa: B008
) -> list[Alert]:  # fmt: skip
    """Let the engine live through everybody's visits."""
    prospects = prospects_of(found, 1.0, closed, Horizon())
    stores = {"one": Store("one", "UTC")}
    program = Program(
        MERCHANT, "Drawn", "EUR", "UTC", "NL", ("en",), stores, lapse=lapse, closed=closed, prospects=prospects
    )
    bundle = Bundle(1, "drawn", program, RuleSet())
    alerts: list[Alert] = []
    for number, each in enumerate(past.customers):
        simulation = Watched(bundle)
        simulation.feed(_visit(number, day) for day in each.days)
        simulation.advance((past.end + 1) * DAY)
        alerts += [Alert(number, last, after) for last, after in simulation.alerts]
    return alerts


def _visit(customer: int, day: Day) -> PurchaseChanged:
    at = day * DAY + 11 * HOUR
    bought = Purchase(occurred_at=at, store="one", currency="EUR", spend=1000)
    return PurchaseChanged(
        merchant=MERCHANT, customer=f"c{customer}", at=at, transaction=f"t{day}", after=bought, happened_at=at
    )


def by_hand(past: Past, rule: Callable[[Sequence[Day]], float]) -> list[Alert]:
    """What a rule would have said: so many days after the last of these visits, if no other comes."""
    each = [[rule(customer.days[: index + 1]) for index in range(len(customer.days))] for customer in past.customers]
    return by_days(past, each)


def by_days(past: Past, waits: Sequence[Sequence[float]]) -> list[Alert]:
    """What is said by whoever waits so many days after each visit, if no other comes."""
    alerts = []
    for number, (each, own) in enumerate(zip(past.customers, waits, strict=True)):
        for index, (day, after) in enumerate(zip(each.days, own, strict=True)):
            if index + 1 == len(each.days) or each.days[index + 1] >= day + after:
                alerts.append(Alert(number, day, after))
    return alerts


def always(after: float) -> Callable[[Sequence[Day]], float]:
    """The same days for everybody."""
    return lambda _: after


def twice_the_median(days: Sequence[Day]) -> float:
    """Twice the median gap; 90 days for whoever has fewer than two."""
    gaps = [later - earlier for earlier, later in pairwise(days)]
    return 2 * statistics.median(gaps) if len(gaps) > 1 else 90


def judge(past: Past, alerts: Sequence[Alert]) -> Score:
    """Count the alerts of the watch."""
    counted = [each for each in alerts if past.fit_day < each.last_day + each.after <= past.end]
    right = [each for each in counted if _is_right(past, each)]
    told = {each.customer for each in right}
    soon = past.end - _AFTER * past.shop.watched
    leavers = [
        number for number, each in enumerate(past.customers) if each.left and past.fit_day < each.days[-1] <= soon
    ]
    delay = statistics.median(each.after for each in right) if right else 0.0
    caught = sum(number in told for number in leavers)
    return Score(len(counted), len(right) / max(len(counted), 1), delay, caught / max(len(leavers), 1))


def begun(past: Past, alerts: Sequence[Alert]) -> list[Alert]:
    """Those about silences that began within the watch, early enough to be told of within it."""
    soon = past.end - _AFTER * past.shop.watched
    return [each for each in alerts if past.fit_day < each.last_day <= soon]


def _is_right(past: Past, alert: Alert) -> bool:
    customer = past.customers[alert.customer]
    return customer.left and alert.last_day == customer.days[-1]
