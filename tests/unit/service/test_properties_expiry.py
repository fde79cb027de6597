"""Whatever comes in whatever order: nothing runs out without a warning that arrived in time, and nobody owes for it."""

from collections import Counter
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stamgast.domain.activation import Submission
from stamgast.domain.events import AnyEvent, PurchaseChanged
from stamgast.domain.till_events import HandReason, StampsHanded, StampsHandedBack
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import Status
from stamgast.service import Change
from tests.builders import ANNA, MERCHANT, at, bought, consent, taken_back
from tests.fakes.in_memory import Owner
from tests.fakes.lying_cards import became, bread, pass_until, shop

BEGIN = at("2026-01-05T12:00:00")
ARRIVED = frozenset({Status.DELIVERED, Status.READ})
SHORT = "expires: {after: 60 days, warned: 10 days}"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 75)),
        st.tuples(st.just("buy"), st.integers(0, 90)),
        st.tuples(st.just("refund"), st.integers(0, 30)),
        st.tuples(st.just("hand"), st.integers(1, 4)),
        st.tuples(st.just("hand_back"), st.integers(0, 30)),
        st.tuples(st.just("lie"), st.sampled_from([*ARRIVED, Status.FAILED])),
        st.tuples(st.just("answer"), st.sampled_from([*ARRIVED, Status.UNDELIVERED, Status.SENT, Status.FAILED])),
    ),
    max_size=30,
)


class Recording(Owner):
    """It remembers the log."""

    def __init__(self) -> None:
        super().__init__(shop(expires=SHORT))
        self.log: list[AnyEvent] = []

    def apply(self, *events: AnyEvent) -> Change:
        """As ever."""
        self.log += events
        return super().apply(*events)


class Play:
    """One customer, and what the carrier said of the messages to them."""

    def __init__(self) -> None:
        self.owner = Recording()
        self.now: Millis = BEGIN
        self.sales: list[PurchaseChanged] = []
        self.handed: list[str] = []
        self.sent: list[Submission] = []
        self.arrivals: list[Millis] = []
        self.ids = count()
        self.owner.apply(consent(when=BEGIN - DAY))

    def do(self, step: str, what: Any) -> None:
        """One step, a minute after the one before."""
        self.now += 60_000
        if step == "pass":
            self.let_pass(what)
        elif step == "buy":
            sale = bought(f"t{next(self.ids)}", self.now - what * DAY, recorded=self.now)
            self.owner.apply(sale)
            self.sales.append(sale)
        elif step == "refund" and self.sales:
            self.owner.apply(taken_back(self.sales.pop(what % len(self.sales)), self.now))
        elif step == "hand":
            name = f"h{next(self.ids)}"
            event = StampsHanded(
                merchant=MERCHANT, customer=ANNA, at=self.now, id=name, card="bread", stamps=what,
                reason=HandReason.GOODWILL, happened_at=self.now,
            )  # fmt: skip
            self.owner.apply(event)
            self.handed.append(name)
        elif step == "hand_back" and self.handed:
            handing = self.handed.pop(what % len(self.handed))
            name = f"b{next(self.ids)}"
            self.owner.apply(StampsHandedBack(merchant=MERCHANT, customer=ANNA, at=self.now, id=name, handing=handing))
        elif step == "lie":  # what seldom comes by chance: the warning is due, the carrier answers, its time passes
            for then in (("pass", 52), ("answer", what), ("pass", 15)):
                self.do(*then)
        elif step == "answer" and self.sent:
            became(self.owner, [self.sent.pop(0)], self.now, what)
            if what in ARRIVED:
                self.arrivals.append(self.now)

    def let_pass(self, days: int) -> None:
        """Time passes; what runs out was warned of in time."""
        before = len(self.owner.changes)
        self.sent += pass_until(self.owner, self.now + days * DAY)
        self.now += days * DAY
        for change in self.owner.changes[before:]:
            for line in change.told:
                if line.kind == "stamps" and line.became == "expired":
                    assert any(arrival <= line.at - 10 * DAY for arrival in self.arrivals)
                    self.arrivals.clear()  # the next time takes a warning of its own


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_runs_out_unwarned_and_nobody_owes_for_what_did(steps: list[tuple[str, Any]]):
    play = Play()
    for step, what in steps:
        play.do(step, what)
        if "bread" in play.owner.state().cards:
            assert bread(play.owner).balance >= 0, "nobody has used a reward, so nobody owes"
            assert bread(play.owner).expired >= 0
    while play.sales or play.handed:
        play.do("refund", 0)
        play.do("hand_back", 0)
    if "bread" in play.owner.state().cards:
        card = bread(play.owner)
        assert (card.balance, card.completed, card.expired) == (0, 0, 0), "all was given back, what ran out as well"
    again = Recording()
    again.apply(*play.owner.log)
    assert again.states == play.owner.states, "the log alone comes to the same, in one piece as well"
    assert again.ledgers == play.owner.ledgers
    assert counted(again) == counted(play.owner)


def counted(owner: Owner) -> Counter[str]:
    """What stands in counters, those that came to nothing left out."""
    found: Counter[str] = Counter()
    for change in owner.changes:
        found.update(change.counters)
    return Counter({name: by for name, by in found.items() if by})
