"""States of many customers, folded over a log: what stands in it is applied, and nothing else.

`stamgast verify` compares what that comes to with live state, and simulations begin from it.
"""

from collections.abc import Iterable, Mapping

from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.events import AnyEvent
from stamgast.domain.rule_months import moved_in
from stamgast.service import Bundle, Change, Context, handle

CustomerKey = tuple[str, str]
"""(merchant, customer id)."""


class Fold:
    """States and ledgers of many customers, after the events applied so far."""

    def __init__(self, voucher_key: bytes, *, mind_holdout: bool = True) -> None:
        self.states: dict[CustomerKey, bytes] = {}
        self.ledgers: dict[CustomerKey, dict[bytes, bytes]] = {}
        self.reviews: dict[str, bytes] = {}
        """merchant:customer:transaction -> a purchase that waits for a person."""
        self.asks: dict[str, bytes] = {}
        """merchant:customer:activation -> what is asked of budgets for it."""
        self.wants: dict[str, bytes] = {}
        """merchant:customer:voucher -> that it is to have a code of the shop's own."""
        self.entries: dict[str, bytes] = {}
        """merchant:draw:customer -> what is drawn from, or a prize that is to go on."""
        self.luck: Mapping[str, str] | None = None
        """See `Context`."""
        self.counters: dict[str, int] = {}
        self._voucher_key = voucher_key
        self._mind_holdout = mind_holdout

    def apply(self, event: AnyEvent, bundle: Bundle, partition: int = 0) -> Change:
        """Apply one event under the bundle in force. Raises what `handle` raises, and changes nothing then."""
        key = (event.merchant, event.customer)
        context = Context(bundle, partition, self._voucher_key, self._mind_holdout, self.luck)
        ledger = self.ledgers.get(key, {})
        change = handle(self.state(key), event.customer, (event,), context, ledger)
        self._write(key, change)
        return change

    def _write(self, key: CustomerKey, change: Change) -> None:
        self.states[key] = encode_customer(change.state)
        self._write_ledger(key, change)
        reviews = {":".join((*key, transaction)): waiting for transaction, waiting in change.reviews.items()}
        asks, entries, wants = (self.asks, change.asks), (self.entries, change.entries), (self.wants, change.wants)
        for known, news in ((self.reviews, reviews), asks, entries, wants):
            _replace(known, news)
        self._count(key[0], change.counters.items())
        for month, moved in change.counted():
            self._count(key[0], moved_in(month, moved))

    def _count(self, merchant: str, moved: Iterable[tuple[str, int]]) -> None:
        for counted, by in moved:
            name = f"{merchant}|{counted}"
            self.counters[name] = self.counters.get(name, 0) + by

    def state(self, key: CustomerKey) -> Customer | None:
        """A fresh copy of a customer's state."""
        value = self.states.get(key)
        return None if value is None else decode_customer(value)

    def _write_ledger(self, key: CustomerKey, change: Change) -> None:
        if not change.ledger:
            return
        ledger = self.ledgers.setdefault(key, {})
        for name, value in change.ledger.items():
            if value is None:
                ledger.pop(name, None)
            else:
                ledger[name] = value


def _replace(known: dict[str, bytes], news: Mapping[str, bytes | None]) -> None:
    for name, value in news.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value
