"""Programmes, deliveries, events and rules in one line each, and an intake without Kafka and Redis.

Times are milliseconds UTC; a record's key and value are as they stand on `purchases.v1`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rules.actions import Action, Give, Send, Tag
from rules.engine import CompiledRule, CompiledTrigger, Fires, RuleSet, once_per
from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.deliveries import decode_record, happened_at
from stamgast.domain.events import AnyEvent, ConsentChanged, Purchase, PurchaseChanged
from stamgast.domain.program import CardDefinition, Costs, Messaging, Program, Reward, Store, Template, Window
from stamgast.domain.purchases import Transaction, decode_transaction, encode_transaction, merge, net
from stamgast.domain.units import DAY, Millis
from stamgast.service import Bundle, Change, Context, handle, ledger_keys

MERCHANT = "bakery"
ANNA, BRAM = "ca" + "a" * 23, "cb" + "b" * 23
KEY = b"voucher key of a test"
OPEN_ALL_DAY = {"marketing": Window(0, 1440), "utility": Window(0, 1440)}
NO_CAPS: dict[str, tuple[tuple[int, int], ...]] = {}


def at(text: str) -> Millis:
    """`2026-10-01 08:00` (UTC) -> milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def rfc3339(moment: Millis) -> str:
    """Milliseconds -> `2026-10-01T08:00:00.000Z`."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


T0 = at("2026-10-01 08:00")


def card(id_: str = "bread", stamps: int = 3, **more: Any) -> CardDefinition:
    """A stamp card; every line qualifies unless told otherwise."""
    for name in ("products", "categories"):
        if name in more:
            more[name] = frozenset(more[name])
    return CardDefinition(id_, stamps, **more)


def program(*cards: CardDefinition, **more: Any) -> Program:
    """A bakery with two stores, one of which is a bar whose day begins at five; messages go out at any hour."""
    values: dict[str, Any] = {
        "merchant": MERCHANT,
        "name": "Bakery",
        "currency": "EUR",
        "time_zone": "Europe/Amsterdam",
        "region": "NL",
        "languages": ("nl",),
        "stores": {"shop": Store("shop", "Europe/Amsterdam"), "bar": Store("bar", "Europe/Brussels", 5)},
        "cards": {each.id: each for each in cards},
        "rewards": {id_: Reward(id_, {"nl": id_}) for id_ in ("loaf", "coffee")},
        "templates": {
            "hello": Template("hello", sms={"nl": "hello"}),
            "loaf": Template("loaf", sms={"nl": "loaf"}),
            "receipt": Template("receipt", purpose="utility", sms={"nl": "receipt"}),
        },
        "messaging": Messaging(windows=OPEN_ALL_DAY, caps=NO_CAPS),
        "costs": Costs(default_margin=550, category_margins={"bread": 620, "drinks": 481}, acquisition_cost=250),
    }
    return Program(**(values | more))


def rule(
    id_: str, fact: str, *actions: Action, fires: Fires | None = None, per: str = "purchase", **more: Any
) -> CompiledRule:
    """A rule without conditions on one kind of fact."""
    yes: Fires = lambda _: True  # noqa: E731
    trigger = CompiledTrigger(
        fact, fact, (fact,), fires or yes, per, (per,), has_purchase=True, threshold=more.pop("threshold", "")
    )
    values: dict[str, Any] = {"description": id_, "status": "live", "condition": None} | more
    return CompiledRule(
        id=id_, trigger=trigger, once_per=per, actions=actions, occasion=once_per(per, trigger), **values
    )


def card_rule(id_: str = "free-loaf", of: str = "bread", **more: Any) -> CompiledRule:
    """A full card gives a loaf, and a message says so."""
    actions = more.pop("actions", (Give("loaf"), Send("loaf", more.pop("by", ("sms",)))))
    return rule(
        id_, "stamp_card_completed", *actions, fires=lambda fact: fact.data.get("card") == of, per="card", **more
    )


def hello_rule(id_: str = "hello", **more: Any) -> CompiledRule:
    """Every purchase is answered."""
    return rule(id_, "purchase", Send(more.pop("template", "hello"), more.pop("by", ("sms",))), **more)


def tag_rule(id_: str, fact: str, tag: str, **more: Any) -> CompiledRule:
    """Tag the customer when something becomes true."""
    return rule(id_, fact, Tag(add=(tag,)), **more)


def bundle(of: Program, *rules: CompiledRule, number: int = 1) -> Bundle:
    """A programme and its rules in force."""
    return Bundle(number, f"hash{number}", of, RuleSet(rules))


def consent(
    customer: str = ANNA, when: Millis = T0 - DAY, channel: str = "sms", purpose: str = "marketing"
) -> ConsentChanged:
    """The customer agreed to messages."""
    return ConsentChanged(merchant=MERCHANT, customer=customer, at=when, purpose=purpose, channel=channel, granted=True)


def bought(
    transaction: str, when: Millis, *, customer: str = ANNA, recorded: Millis | None = None, **more: Any
) -> PurchaseChanged:
    """A purchase of one loaf, seen for the first time."""
    values: dict[str, Any] = {"store": "shop", "currency": "EUR", "spend": 350}
    purchase = Purchase(occurred_at=when, **(values | more))
    return PurchaseChanged(
        merchant=MERCHANT,
        customer=customer,
        at=when if recorded is None else recorded,
        transaction=transaction,
        after=purchase,
        happened_at=when,
    )


def changed(of: PurchaseChanged, when: Millis, after: Purchase | None) -> PurchaseChanged:
    """The same transaction in another net state."""
    return PurchaseChanged(
        merchant=MERCHANT,
        customer=of.customer,
        at=when,
        transaction=of.transaction,
        before=of.after,
        after=after,
        happened_at=when,
    )


def taken_back(of: PurchaseChanged, when: Millis) -> PurchaseChanged:
    """The transaction is refunded in full."""
    assert of.after is not None
    sold = of.after
    gone = Purchase(
        occurred_at=sold.occurred_at,
        store=sold.store,
        currency=sold.currency,
        spend=0,
        refunded=sold.spend,
        counts=False,
        peak=sold.lines,
        peak_spend=sold.spend,
    )
    return changed(of, when, gone)


def line(id_: str = "1", gross: int = 350, quantity: str = "1", **more: Any) -> dict[str, Any]:
    """A line of a snapshot."""
    return {"line_id": id_, "gross_minor": gross, "quantity": quantity} | more


def snapshot(
    transaction: str = "t1", version: int = 1, when: Millis = T0, lines: Iterable[dict[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """`data` of a purchase: a transaction's net state at a version."""
    lines = list(lines)
    data: dict[str, Any] = {
        "transaction_id": transaction,
        "source_version": version,
        "status": "completed",
        "end_date_time": rfc3339(when),
        "store": {"retail_store_id": more.pop("store", "shop")},
        "price_currency": "EUR",
        "totals": {"gross_minor": more.pop("gross", sum(each["gross_minor"] for each in lines))},
        "line_items": lines,
    }
    customer = more.pop("customer", ANNA)
    if customer:
        data["customer"] = {"customer_id": customer}
    return data | more


def refund(
    transaction: str = "t1",
    id_: str = "r1",
    gross: int = 350,
    when: Millis = T0,
    lines: Iterable[tuple[str, str, int]] = (),
    **more: Any,
) -> dict[str, Any]:
    """`data` of a refund; `lines` are (original line id, quantity, gross)."""
    return {
        "transaction_id": transaction,
        "refund_id": id_,
        "status": "refund",
        "end_date_time": rfc3339(when),
        "price_currency": "EUR",
        "totals": {"gross_minor": gross},
        "line_items": [{"original_line_id": o, "quantity": q, "gross_minor": g} for o, q, g in lines],
    } | more


def record(data: Mapping[str, Any], recorded_at: Millis, merchant: str = MERCHANT) -> tuple[bytes, bytes]:
    """(key, value) as it stands on `purchases.v1`, canonical."""
    envelope = {
        "specversion": "1.0",
        "type": "stamgast.purchase.v1",
        "id": "x",
        "source": "/test",
        "stamgastrecordedat": recorded_at,
        "data": data,
    }
    return f"{merchant}:{data['transaction_id']}".encode(), json.dumps(envelope).encode()


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
                    happened_at=happened_at(read.data, recorded),
                    source=("purchases", 0, self.emitted, 0),
                )
            )
        return events


class Owner:
    """The owner of one partition without Kafka and Redis: states and ledgers as stored bytes.

    Like the worker it hands `handle` only the ledger entries that `ledger_keys` asked for.
    """

    def __init__(self, of: Bundle) -> None:
        self.bundle = of
        self.states: dict[str, bytes] = {}
        self.ledgers: dict[str, dict[bytes, bytes]] = {}
        self.changes: list[Change] = []

    def state(self, customer: str = ANNA) -> Customer:
        """A fresh copy of a customer's state."""
        return decode_customer(self.states[customer])

    def apply(self, *events: AnyEvent) -> Change:
        """One batch of events of one customer."""
        customer = events[0].customer
        stored, ledger = self.states.get(customer), self.ledgers.setdefault(customer, {})
        state = None if stored is None else decode_customer(stored)
        wanted = ledger_keys(state, events, self.bundle.program)
        read = ledger if wanted is None else {name: ledger[name] for name in wanted if name in ledger}
        context = Context(self.bundle, 3, KEY)
        change = handle(state, customer, events, context, read)
        self.states[customer] = encode_customer(change.state)
        for name, value in change.ledger.items():
            if value is None:
                ledger.pop(name, None)
            else:
                ledger[name] = value
        self.changes.append(change)
        return change
