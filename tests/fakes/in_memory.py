"""Intake and the owner of a partition without Kafka and Redis: the same pure code, state as stored bytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.events import AnyEvent, Purchase, PurchaseChanged
from stamgast.domain.ledger import NotReadError, Part
from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge, took_place_at
from stamgast.domain.transactions import Transaction, decode_transaction, encode_transaction
from stamgast.service import Bundle, Change, Context, handle, ledger_keys
from tests.all_vouchers import whole
from tests.builders import ANNA

KEY = b"voucher key of a test"


@dataclass
class InMemoryIntake:
    """What `streams/intake` does with a record, in memory: merge, compare net states, tell the customers."""

    transactions: dict[bytes, bytes] = field(default_factory=dict)
    emitted: int = 0

    def take(self, key: bytes, value: bytes) -> list[PurchaseChanged]:
        """The events that one record leads to."""
        read = decode_record(value)
        recorded = read.stamgastrecordedat or 0
        stored = self.transactions.get(key)
        transaction = Transaction() if stored is None else decode_transaction(stored)
        owner, before = transaction.customer, net(transaction)
        if not merge(transaction, read.data, recorded):
            return []
        self.transactions[key] = encode_transaction(transaction)
        after = net(transaction)
        moved = owner != transaction.customer
        changes: list[tuple[str, Purchase | None, Purchase | None]] = []
        if moved and owner and before is not None:
            changes.append((owner, before, None))
        if transaction.customer and after is not None and (moved or before != after):
            changes.append((transaction.customer, None if moved else before, after))
        merchant, _, name = key.decode().partition(":")
        events = []
        for customer, was, is_now in changes:
            self.emitted += 1
            events.append(
                PurchaseChanged(
                    merchant=merchant,
                    customer=customer,
                    at=recorded,
                    transaction=name,
                    before=was,
                    after=is_now,
                    happened_at=took_place_at(transaction, read.data, recorded),
                    source=("purchases", 0, self.emitted, 0),
                )
            )
        return events


class Owner:
    """The owner of one partition without Kafka and Redis: states and ledgers as stored bytes.

    Like the worker it hands `handle` only the ledger entries that `ledger_keys` asked for, and then those that it missed.
    """

    def __init__(self, of: Bundle) -> None:
        self.bundle = of
        self.states: dict[str, bytes] = {}
        self.ledgers: dict[str, dict[bytes, bytes]] = {}
        self.reviews: dict[str, bytes] = {}
        """Transaction -> its line in the list of what waits for a person."""
        self.changes: list[Change] = []
        self.looks: list[list[bytes] | None] = []
        """What events turned out to need of the ledger, besides what was foreseen."""

    def state(self, customer: str = ANNA) -> Customer:
        """A fresh copy of a customer's state."""
        return decode_customer(self.states[customer])

    def put(self, state: Customer, customer: str = ANNA) -> None:
        """Let a state be another one."""
        self.states[customer] = encode_customer(state)

    def whole(self, customer: str = ANNA) -> Customer:
        """A customer's state with all vouchers."""
        return whole(self.state(customer), self.ledgers[customer])

    def apply(self, *events: AnyEvent) -> Change:
        """One batch of events of one customer."""
        customer = events[0].customer
        stored, ledger = self.states.get(customer), self.ledgers.setdefault(customer, {})
        state = None if stored is None else decode_customer(stored)
        wanted = ledger_keys(state, events, self.bundle.program)
        read: Mapping[bytes, bytes] = ledger if wanted is None else part_of(ledger, wanted)
        context = Context(self.bundle, 3, KEY)
        while True:
            try:
                change = handle(state, customer, events, context, read)
                break
            except NotReadError as more:
                self.looks.append(more.fields)
                read = ledger if more.fields is None else part_of(ledger, [*read, *more.fields])
                state = None if stored is None else decode_customer(stored)
        self.states[customer] = encode_customer(change.state)
        for name, value in change.ledger.items():
            if value is None:
                ledger.pop(name, None)
            else:
                ledger[name] = value
        for transaction, waiting in change.reviews.items():
            if waiting is None:
                self.reviews.pop(transaction, None)
            else:
                self.reviews[transaction] = waiting
        self.changes.append(change)
        return change


def part_of(ledger: Mapping[bytes, bytes], fields: Iterable[bytes]) -> Part:
    """What the worker would have read of a ledger."""
    return Part({field: ledger.get(field, b"") for field in fields})
