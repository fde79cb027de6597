"""Programmes, deliveries, events and rules in one line each.

Times are milliseconds UTC; a record's key and value are as they stand on `purchases.v1`.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from rules.actions import Action, Give, Send, Tag
from rules.engine import CompiledRule, CompiledTrigger, Fires
from rules.once import between, once_per
from rules.rule_set import RuleSet
from stamgast.domain.costs import Costs
from stamgast.domain.events import ConsentChanged, Purchase, PurchaseChanged
from stamgast.domain.facts import Fact
from stamgast.domain.program import CardDefinition, Messaging, Program, Reward, Store, Window
from stamgast.domain.templates import Template
from stamgast.domain.units import DAY, Millis
from stamgast.service import Bundle

T = TypeVar("T")

MERCHANT = "bakery"
ANNA, BRAM = "ca" + "a" * 23, "cb" + "b" * 23
KEY = b"voucher key of a test"
OPEN_ALL_DAY = {"marketing": Window(0, 1440), "utility": Window(0, 1440)}
EARNED = {"stamp_card_completed", "stamps_changed", "visits_changed", "spend_changed", "clv_changed"}
"""Facts of which rules usually give what was paid for."""
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
    figure, _, passed = more.pop("threshold", "").partition(":")
    full_card = more.pop("fills", "")
    trigger = CompiledTrigger(
        fact, fact, (fact,), fires or yes, per, (per,),
        has_purchase=True, figure=figure, crosses=int(passed) if passed else None,
        card=full_card, fills_card=bool(full_card),
    )  # fmt: skip
    values: dict[str, Any] = {"description": id_, "status": "live", "condition": None, "earned": fact in EARNED} | more
    return CompiledRule(
        id=id_,
        trigger=trigger,
        once_per=per,
        actions=actions,
        occasion=between(more.get("starts"), more.get("ends"), once_per(per, trigger)),
        **values,
    )


def card_rule(id_: str = "free-loaf", of: str = "bread", **more: Any) -> CompiledRule:
    """A full card gives a loaf, and a message says so."""
    actions = more.pop("actions", (Give("loaf"), Send("loaf", more.pop("by", ("sms",)))))
    return rule(
        id_, "stamp_card_completed", *actions, fires=lambda fact: fact.data.get("card") == of, per="card", **more
    )


def reach_rule(id_: str, of: str, stamps: int, **more: Any) -> CompiledRule:
    """A card that reaches so many stamps gives a coffee."""

    def fires(fact: Fact) -> bool:
        return fact.before < stamps <= fact.after and fact.data.get("card") == of

    return rule(id_, "stamps_changed", Give("coffee"), fires=fires, per="card", **more)


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


def sure(value: T | None) -> T:
    """What must be there."""
    assert value is not None
    return value
