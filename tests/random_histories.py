"""A customer's life as hypothesis draws it: purchases, refunds, redemptions, timers that fire, answers to messages.

It is played against an `Owner`, because what can happen next (which code to redeem, which timer is due, which message
to answer) depends on what the engine did; the events themselves are what a log would hold.
"""

from typing import Any

from hypothesis import strategies as st

from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS, UNSENT_RANK
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    Line,
    Purchase,
    PurchaseChanged,
    PurchaseReviewed,
    TimerDue,
)
from stamgast.domain.review import decode_waiting
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, Millis
from tests.builders import ANNA, MERCHANT, T0, bought, changed, consent, sure, taken_back
from tests.fakes.in_memory import Owner

_PURCHASES = ("buy", "buy", "buy", "buy_late", "refund", "shrink", "restore", "give_away")
STEPS = (*_PURCHASES, "redeem", "take_redemption_back", "wait", "answer", "settle", "review")

baskets = st.lists(
    st.builds(
        lambda gross, quantity, category: (gross, quantity, category),
        st.sampled_from((0, 99, 350, 350, 1001, 20_000, 500_000_000)),
        st.sampled_from((1000, 1000, 2000, 348, 40_000, 1_001_000, 96_385_074_000)),
        st.sampled_from(("bread", "drinks", None)),
    ),
    max_size=2,
)


class History:
    """What happened so far, and what the tills know."""

    def __init__(self, owner: Owner, customer: str = ANNA) -> None:
        self.owner = owner
        self.customer = customer
        self.events: list[AnyEvent] = []
        self.now: Millis = T0
        self.sales: dict[str, PurchaseChanged] = {}
        self.originals: dict[str, PurchaseChanged] = {}
        self.unanswered: list[str] = []
        self.in_doubt: list[str] = []
        self.requests: list[tuple[str, str]] = []
        """(code, request) of tills that redeemed, or took a request back that may still come."""
        self._tell(consent(customer, when=T0))

    def play(self, data: st.DataObject, steps: int) -> None:
        """Some steps, each a little later than the one before."""
        for _ in range(data.draw(st.integers(1, steps))):
            self.now += data.draw(st.sampled_from((0, HOUR, 20 * HOUR, 3 * DAY)))
            self._fire_due()
            getattr(self, "_" + data.draw(st.sampled_from(STEPS)))(data)

    def _tell(self, event: AnyEvent) -> None:
        self.events.append(event)
        change = self.owner.apply(event)
        self.unanswered += [submission.activation for submission in change.submissions]

    def _fire_due(self) -> None:
        while self.owner.states and (
            due := [d for d in self.owner.state(self.customer).timers.values() if d <= self.now]
        ):
            self._tell(TimerDue(merchant=MERCHANT, customer=self.customer, at=self.now, due=min(due)))

    def _purchase(self, data: st.DataObject, when: Millis) -> None:
        basket = data.draw(baskets)
        lines = tuple(Line(str(n), gross, quantity, category=c) for n, (gross, quantity, c) in enumerate(basket))
        spend = sum(line.gross for line in lines) + data.draw(st.sampled_from((0, 350)))
        store = data.draw(st.sampled_from(("shop", "bar")))
        name = f"t{len(self.sales)}"
        event = bought(name, when, customer=self.customer, recorded=self.now, lines=lines, spend=spend, store=store)
        self.sales[name] = self.originals[name] = event
        self._tell(event)

    def _buy(self, data: st.DataObject) -> None:
        self._purchase(data, self.now)

    def _buy_late(self, data: st.DataObject) -> None:
        """A till that was offline."""
        self._purchase(data, self.now - data.draw(st.sampled_from((HOUR, 3 * HOUR, 2 * DAY, 12 * DAY))))

    def _change(self, name: str, after: Purchase | None) -> None:
        event = changed(self.sales[name], self.now, after)
        self.sales[name] = event
        self._tell(event)

    def _known(self, data: st.DataObject) -> str | None:
        known = sorted(name for name, event in self.sales.items() if event.after is not None)
        return data.draw(st.sampled_from(known)) if known else None

    def _refund(self, data: st.DataObject) -> None:
        name = self._known(data)
        if name is not None and sure(self.sales[name].after).counts:
            event = taken_back(self.sales[name], self.now)
            self.sales[name] = event
            self._tell(event)

    def _shrink(self, data: st.DataObject) -> None:
        """One line goes back, or the receipt moves to another day."""
        name = self._known(data)
        if name is None or not (sold := sure(self.sales[name].after)).lines:
            return
        left = sum(line.gross for line in sold.lines[1:])
        moved = data.draw(st.sampled_from((0, 0, DAY, -DAY)))
        after = replace_purchase(sold, lines=sold.lines[1:], spend=left, occurred_at=sold.occurred_at + moved)
        self._change(name, after)

    def _restore(self, data: st.DataObject) -> None:
        """The refund was a mistake."""
        name = self._known(data)
        if name is not None:
            self._change(name, self.originals[name].after)

    def _give_away(self, data: st.DataObject) -> None:
        """The receipt turns out to be somebody else's; later it may come back as new."""
        name = self._known(data)
        if name is not None:
            event = changed(self.sales[name], self.now, None)
            self._tell(event)
            if data.draw(st.booleans()):
                again = as_news(self.originals[name], self.now)
                self.sales[name] = again
                self._tell(again)
            else:
                del self.sales[name]
                self.sales[f"gone {len(self.sales)} {name}"] = event

    def _redeem(self, data: st.DataObject) -> None:
        codes = [voucher.code for voucher in self.owner.whole(self.customer).vouchers if voucher.state == "open"]
        if not codes:
            return
        new = (data.draw(st.sampled_from(codes)), f"q{self.customer[1]}{len(self.events)}")
        code, request = data.draw(st.sampled_from((new, new, *self.requests)))
        self.requests.append((code, request))
        self._tell(VoucherRedeemed(merchant=MERCHANT, customer=self.customer, at=self.now, id=request, code=code))

    def _take_redemption_back(self, data: st.DataObject) -> None:
        """The till did not get its answer in time."""
        codes = [voucher.code for voucher in self.owner.whole(self.customer).vouchers]
        if not codes:
            return
        early = (data.draw(st.sampled_from(codes)), f"q{self.customer[1]}{len(self.events)}")
        code, request = data.draw(st.sampled_from((*self.requests[-2:], *self.requests[-2:], early)))
        self.requests.append((code, request))
        self._tell(
            RedemptionTakenBack(
                merchant=MERCHANT,
                customer=self.customer,
                at=self.now,
                id=f"{request}-back",
                code=code,
                redemption=request,
            )
        )

    def _review(self, data: st.DataObject) -> None:
        """Somebody looks at what waits, or at what waited once."""
        names = sorted(name for name, event in self.sales.items() if event.after is not None)
        if not names:
            return
        name = data.draw(st.sampled_from([*sorted(self.owner.reviews), *names]))
        held = self.owner.reviews.get(name)
        seen = decode_waiting(held).seen if held and data.draw(st.integers(0, 4)) else "0" * 16
        verdict: Any = data.draw(st.sampled_from(("confirm", "confirm", "void")))
        self._tell(
            PurchaseReviewed(
                merchant=MERCHANT, customer=self.customer, at=self.now, id=f"v{self.customer[1]}{len(self.events)}",
                transaction=name, verdict=verdict, seen=seen,
            )
        )  # fmt: skip

    def _wait(self, data: st.DataObject) -> None:
        self.now += data.draw(st.sampled_from((DAY, 8 * DAY, 40 * DAY, 100 * DAY)))
        self._fire_due()

    def _answer(self, data: st.DataObject) -> None:
        """The carrier says what became of a message, or the outbox that it was stopped in time."""
        if not self.unanswered:
            return
        activation = self.unanswered.pop(0)
        status = data.draw(st.sampled_from(("delivered", "failed", "suppressed", "expired", "in_doubt")))
        self._tell_outcome(activation, status)
        if status == "in_doubt":
            self.in_doubt.append(activation)

    def _settle(self, data: st.DataObject) -> None:
        """What was in doubt is reported after all, or the carrier does not know it."""
        if self.in_doubt:
            self._tell_outcome(self.in_doubt.pop(0), data.draw(st.sampled_from(("not_found", "delivered", "failed"))))

    def _tell_outcome(self, activation: str, status: str) -> None:
        rank = UNSENT_RANK if status in FINAL_WITHOUT_SEND else RANKS[status]
        self._tell(
            ActivationOutcome(
                merchant=MERCHANT,
                customer=self.customer,
                at=self.now,
                activation=activation,
                status=status,
                rank=rank,
                attempt="" if status in FINAL_WITHOUT_SEND else "attempt-1",
                reason="taken_back" if status == "suppressed" else "",
            )
        )


def replace_purchase(purchase: Purchase, *, lines: tuple[Line, ...], spend: int, occurred_at: Millis) -> Purchase:
    """The purchase with less in it."""
    return Purchase(
        occurred_at=occurred_at,
        store=purchase.store,
        currency=purchase.currency,
        spend=spend,
        refunded=purchase.refunded + max(0, purchase.spend - spend),
        lines=lines,
        peak=purchase.peak or purchase.lines,
        peak_spend=purchase.peak_spend or purchase.spend,
    )


def as_news(event: PurchaseChanged, when: Millis) -> PurchaseChanged:
    """The same receipt as news at another moment."""
    return PurchaseChanged(
        merchant=event.merchant,
        customer=event.customer,
        at=when,
        transaction=event.transaction,
        after=event.after,
        happened_at=event.happened_at,
    )
