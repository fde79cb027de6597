"""A session of Checkout, a payment intent and a charge, as far as each is known -> the net state of one transaction."""

from typing import Any, Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import distinct
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.stripe.money import Money, id_of, inner

_STORE_KEYS: Final = ("store", "store_id", "location", "location_id")
_CARDS: Final = ("card_present", "card", "interac_present")
_NOT_ONLINE: Final = {"card_present": "card", "interac_present": "card", "card": "card", "customer_balance": "account"}


class _Payment:
    """What is known of a payment."""

    def __init__(self, kind: str, own: Part) -> None:
        self.session = own if kind == "checkout_session" else None
        self.intent = own if kind == "payment_intent" else inner(self.session, "payment_intent")
        self.charge = own if kind == "charge" else inner(self.intent, "latest_charge")
        self.known = [each for each in (self.session, self.intent, self.charge) if each is not None]
        self.own = own

    @property
    def id(self) -> str:
        """Of the payment intent; else of what stands for it."""
        for each in (self.session, self.charge):
            if each is not None and (found := id_of(each, "payment_intent")):
                return found
        return (self.intent or self.charge or self.own).text("id")

    def first(self, *names: str) -> str | None:
        """The id that one of them names."""
        return next((found for each in self.known for name in names if (found := id_of(each, name))), None)


def sale_documents(kind: str, own: Part, event: Part | None, context: Context) -> list[Document]:
    """The payment's net state; nothing for a session that only set something up, or has no amount yet."""
    payment = _Payment(kind, own)
    code = payment.first("currency")
    if payment.session is not None and (payment.session.word("mode") == "setup" or code is None):
        return []
    money = Money((code or own.text("currency")).upper())
    sums = _Sums(payment, money)
    status = _status(payment, event, sums)
    created = own.whole("created")
    document: Document = {
        "transaction_id": transaction_id(context, "stripe", payment.id),
        "source_version": _version(payment, event, status, sums),
        "status": status,
        "end_date_time": moments.from_seconds(
            payment.charge.whole("created") if payment.charge else _paid_at(created, event)
        ),
        "store": {"retail_store_id": context.store_of(_place(payment))},
        "price_currency": money.currency,
        "totals": sums.totals(),
        "line_items": _lines(payment, money, sums),
        "tenders": [_tender(payment, sums.paid)],
        "refund_ids": sums.refund_ids,
        "provenance": {"provider": "stripe", "adapter": "stripe"} | ({"test": True} if _is_test(own, event) else {}),
    }
    if number := payment.first("client_reference_id", "receipt_number"):
        document["receipt_number"] = fitting(number)
    return [document | customer_of(context, "stripe", payment.first("customer"), _phone(payment))]


class _Sums:
    """The payment's amounts, what was given back taken off."""

    def __init__(self, payment: _Payment, money: Money) -> None:
        session, intent, charge = payment.session, payment.intent, payment.charge
        details = session.part("total_details") if session is not None else None
        self.is_captured = True
        if charge is not None:
            self.is_captured = charge.flag("captured") or money.of(charge, "amount_captured") > 0
            captured = (
                money.of(charge, "amount_captured") if charge.has("amount_captured") else money.of(charge, "amount")
            )
            whole = captured if self.is_captured and captured else money.needed(charge, "amount")
        elif session is not None:
            whole = money.of(session, "amount_total")
        else:
            whole = money.of(intent, "amount_received") or money.needed(intent or payment.own, "amount")
        refunds = inner(charge, "refunds")
        known = [each for each in (refunds.parts("data") if refunds is not None else []) if each.has("id")]
        done = [each for each in known if each.word("status") in {"succeeded", ""}]
        self.refunds, self.failed = len(known), len(known) - len(done)
        self.refund_ids = [fitting(each.text("id")) for each in done[:1000]]
        self.back = sum(money.of(each, "amount") for each in done) if known else money.of(charge, "amount_refunded")
        amount_details = (intent or charge or payment.own).part("amount_details")
        tip = money.of(amount_details.part("tip"), "amount") if amount_details is not None else 0
        shipping = money.of(details, "amount_shipping")
        items = inner(session, "line_items")
        deposit = sum(
            money.of(each, "amount_total") for each in (items.parts("data") if items else []) if _is_deposit(each)
        )
        beside = tip + shipping + deposit if tip + shipping + deposit <= whole else 0
        self.tip, self.shipping, self.deposit = (tip, shipping, deposit) if beside else (0, 0, 0)
        self.was = whole - beside
        self.goods = max(0, self.was - self.back)
        rest = max(0, self.back - self.was)
        taken = min(rest, self.shipping)
        self.shipping -= taken
        self.tip = max(0, self.tip - (rest - taken))
        self.paid = whole - self.back
        self.whole = whole
        self.tax = money.of(details, "amount_tax") if details is not None else None
        discount = money.of(details, "amount_discount")
        self.discount = discount if discount <= money.of(session, "amount_subtotal") else 0

    def totals(self) -> dict[str, int]:
        """As the contract has them. A tax above the amount is none that can be."""
        told = {
            "discount_minor": self.discount,
            "tip_minor": self.tip,
            "shipping_minor": self.shipping,
            "deposit_minor": self.deposit,
        }
        found = {"gross_minor": self.goods, **{name: value for name, value in told.items() if value}}
        if self.tax is not None and 0 <= self.tax <= self.whole:
            found["tax_minor"] = self.tax * self.paid // self.whole if self.back and self.whole else self.tax
        return found | {"paid_minor": self.paid}


def _status(payment: _Payment, event: Part | None, sums: _Sums) -> str:
    kind = event.word("type") if event is not None else ""
    if kind.endswith(("_failed", ".canceled", ".expired")):
        return "voided"
    charge, session, intent = payment.charge, payment.session, payment.intent
    if charge is not None:
        word = charge.word("status")
        known = (
            "voided" if word == "failed" else "completed" if word in {"succeeded", ""} and sums.is_captured else "open"
        )
    elif session is not None:
        is_paid = session.word("payment_status") in {"paid", "no_payment_required"}
        known = "completed" if is_paid else "voided" if session.word("status") == "expired" else "open"
    else:
        word = intent.word("status") if intent is not None else ""
        known = {"succeeded": "completed", "canceled": "voided"}.get(word, "open")
    if known == "completed" and sums.back:
        return "refunded" if sums.back >= sums.whole else "partially_refunded"
    return known


def _version(payment: _Payment, event: Part | None, status: str, sums: _Sums) -> int:
    """When it was told; read by the API, the latest that is known of it. A session says more than a charge."""
    if event is not None and event.has("created"):
        at = event.whole("created")
    else:
        refunds = inner(payment.charge, "refunds")
        parts = [*payment.known, *(refunds.parts("data") if refunds is not None else [])]
        at = max(each.whole("created", default=0) for each in parts)
    moments.from_seconds(at)
    return moments.ranked(at * 1_000_000, status, sums.refunds + sums.failed, whole=payment.session is not None)


def _paid_at(created: int, event: Part | None) -> int:
    return event.whole("created", default=created) if event is not None else created


def _place(payment: _Payment) -> str:
    for each in payment.known:
        metadata = each.part("metadata")
        for key in _STORE_KEYS if metadata is not None else ():
            if metadata is not None and isinstance(metadata.get(key), str):
                return metadata.text(key)
    card = _card(payment)
    if card is not None and (found := card.maybe("location", "reader")):
        return found
    return "online"


def _card(payment: _Payment) -> Part | None:
    details = payment.charge.part("payment_method_details") if payment.charge is not None else None
    return next((own for name in _CARDS if details is not None and (own := inner(details, name)) is not None), None)


def _tender(payment: _Payment, paid: int) -> dict[str, Any]:
    details = payment.charge.part("payment_method_details") if payment.charge is not None else None
    kind = details.word("type") if details is not None else ""
    tender: dict[str, Any] = {"tender_type": _NOT_ONLINE.get(kind, "online"), "amount_minor": paid}
    card = _card(payment)
    if card is not None and (mark := card.id("fingerprint")) and any(each.isalpha() for each in mark):
        tender["card_ref"] = mark
    return tender


def _phone(payment: _Payment) -> str | None:
    """Of the customer's own details, not of where it is sent."""
    for part, name in ((payment.session, "customer_details"), (payment.charge, "billing_details")):
        details = part.part(name) if part is not None else None
        if details is not None and (phone := details.maybe("phone")):
            return phone
    return None


def _lines(payment: _Payment, money: Money, sums: _Sums) -> list[dict[str, Any]]:
    """Only a session that was read again has them. What was given back names none."""
    items = inner(payment.session, "line_items")
    lines: list[dict[str, Any]] = []
    for number, part in enumerate(items.parts("data") if items is not None else []):
        line: dict[str, Any] = {
            "line_id": part.id("id") or str(number + 1),
            "quantity": amounts.quantity_text(part.number("quantity", default=amounts.decimal(1))),
            "gross_minor": money.of(part, "amount_total"),
            "tax_minor": money.of(part, "amount_tax"),
        }
        if _is_deposit(part):
            line["kind"] = DEPOSIT
        if discount := money.of(part, "amount_discount"):
            line["discount_minor"] = discount
        if name := part.maybe("description"):
            line["name"] = short(name)
        price = inner(part, "price")
        if price is not None:
            if product := id_of(price, "product"):
                line["product_id"] = fitting(product)
            if price.has("unit_amount"):
                line["unit_price_minor"] = money.of(price, "unit_amount")
        lines.append(line)
    if sums.back:
        lines = amounts.lowered(lines, sums.goods, sums.was)
    if sums.shipping:
        lines.append({"line_id": "shipping", "kind": "shipping", "gross_minor": sums.shipping})
    return distinct(lines)


def _is_deposit(line: Part) -> bool:
    return is_deposit(line.maybe("description"))


def _is_test(own: Part, event: Part | None) -> bool:
    for each in (own, event):
        if each is not None and "livemode" in each.content:
            return each.content["livemode"] is False
    return False
