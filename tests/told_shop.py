"""A shop in virtual time that keeps what it would have written to its topics."""

import random
from collections.abc import Iterator

from msgspec import structs

from rules.actions import Give, Send
from rules.engine import CompiledRule
from stamgast.domain.activation import Note
from stamgast.domain.costs import Costs
from stamgast.domain.delays import Delay
from stamgast.domain.events import (
    AnyEvent,
    OptedIn,
    OptedOut,
    Purchase,
    PurchaseChanged,
    Replied,
)
from stamgast.domain.program import Reward
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.told import Line, as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import Channel
from stamgast.fold import CustomerKey
from stamgast.service import Bundle, Change
from stamgast.simulate import Simulation
from tests.builders import MERCHANT, T0, bundle, card, consent, program, rule, taken_back
from tests.played_shop import COMPARED, GIFT, LOAF


class ToldShop(Simulation):
    """`facts`, `notes` and `events` are the topics."""

    def __init__(self, of: Bundle) -> None:
        super().__init__(of)
        self.facts: list[Line] = []
        self.notes: list[Note] = []
        self.events: list[AnyEvent] = []

    def apply(self, event: AnyEvent, of: Bundle, partition: int = 0) -> Change:
        self.events.append(event)
        return super().apply(event, of, partition)

    def _write(self, key: CustomerKey, change: Change) -> None:
        super()._write(key, change)
        self.facts += [as_line(each) for each in change.told]
        self.notes += change.notes

    def sums(self) -> dict[str, int]:
        """What the owner has summed of rules."""
        mine = {name.removeprefix(f"{MERCHANT}|"): by for name, by in self.counters.items() if by}
        fired = {name: by for name, by in mine.items() if name.startswith("rule|") and name.endswith("|fired")}
        return fired | {name: by for name, by in mine.items() if name.startswith("measure|")}


def busy_bundle() -> Bundle:
    """Rules of every kind that is measured in a way of its own."""
    costs = Costs(default_margin=400, contact_costs={Channel.SMS: 7_500})
    rewards = {"loaf": Reward("loaf", {"nl": "brood"}, cost=110)}
    return bundle(program(card(), costs=costs, rewards=rewards), *_rules())


def _rules() -> Iterator[CompiledRule]:
    yield rule("letter", "purchase", COMPARED, per="purchase", hold_out=30)
    yield rule("later", "purchase", Send("hello", ("sms",), Delay(days=3)), per="week", hold_out=50)
    yield rule("thanks", "purchase", LOAF, per="customer")
    yield rule("present", "visits_changed", GIFT, LOAF, per="month", hold_out=40, earned=False)
    yield rule("promised", "visits_changed", Give("loaf"), Send("hello", ("sms",), Delay(days=1)), per="customer",
               hold_out=30, earned=True)  # fmt: skip


def busy_shop(people: int, seed: int = 2026) -> ToldShop:
    """Some months of purchases, refunds, late news, replies, STOP and START, and rewards that are used."""
    draw, shop = random.Random(seed), ToldShop(busy_bundle())
    events: list[tuple[Millis, AnyEvent]] = []
    for number in range(people):
        who = f"c{number:024}"
        if draw.random() < 0.9:
            events.append((T0, consent(who)))
        for visit in range(draw.randint(1, 9)):
            events += [(each.at, each) for each in _visit(draw, who, visit)]
        if draw.random() < 0.3:
            when = T0 + draw.randrange(90 * DAY)
            events.append((when, Replied(merchant=MERCHANT, customer=who, at=when, channel="sms", keyword="yes")))
        if draw.random() < 0.2:
            when = T0 + draw.randrange(90 * DAY)
            events.append((when, OptedOut(merchant=MERCHANT, customer=who, at=when)))
            events.append((when + DAY, OptedIn(merchant=MERCHANT, customer=who, at=when + DAY)))
    for when, event in sorted(events, key=lambda each: each[0]):
        shop.feed([event])
        if draw.random() < 0.15:
            _use_a_reward(shop, event.customer, when)
    shop.advance(T0 + 150 * DAY)
    return shop


def _visit(draw: random.Random, who: str, visit: int) -> Iterator[PurchaseChanged]:
    when = T0 + draw.randrange(100 * DAY)
    told = when + (draw.randrange(4 * DAY) if draw.random() < 0.2 else 0)
    sold = Purchase(occurred_at=when, store="bar", currency="EUR", spend=draw.randint(100, 6_000))
    sale = PurchaseChanged(
        merchant=MERCHANT, customer=who, at=told, transaction=f"{who}+{visit}", after=sold, happened_at=when
    )
    yield sale
    if draw.random() < 0.15:
        yield taken_back(sale, told + draw.randrange(1, 10 * DAY))
    elif draw.random() < 0.1:
        less = structs.replace(sold, spend=sold.spend // 2, refunded=sold.spend - sold.spend // 2)
        yield structs.replace(sale, at=told + HOUR, before=sold, after=less, happened_at=told + HOUR)


def _use_a_reward(shop: ToldShop, who: str, when: Millis) -> None:
    state = shop.state((MERCHANT, who))
    codes = [] if state is None else [each.code for each in state.vouchers if each.state == "open"]
    if codes:
        used = VoucherRedeemed(merchant=MERCHANT, customer=who, at=when, id=f"till-{who}-{when}", code=codes[0])
        shop.feed([used])
