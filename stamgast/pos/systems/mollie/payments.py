"""A Mollie payment -> the net state of its transaction; a refund that is told by itself."""

from decimal import Decimal
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import distinct
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.types import write_instant

_STATUSES: Final = {
    "paid": "completed",
    "open": "open",
    "pending": "open",
    "authorized": "open",
    "failed": "voided",
    "canceled": "voided",
    "expired": "voided",
}
_ENDED: Final = ("paidAt", "authorizedAt", "canceledAt", "failedAt", "expiredAt", "createdAt")
_TENDERS: Final = {"creditcard": "card", "pointofsale": "card", "giftcard": "gift_card", "voucher": "voucher"}
_CREDITS: Final = frozenset({"gift_card", "store_credit"})
"""Lines below zero by which something else paid a part."""
_OFF: Final = frozenset({"failed", "canceled"})


def money(part: Part | None, name: str, currency: str) -> Minor:
    """An amount, `{"value": "10.00", "currency": "EUR"}`; 0 where it is not there."""
    own = part.part(name) if part is not None else None
    return own.minor(currency, "value", default=0) if own is not None else 0


def is_thin(payment: Part) -> bool:
    """Whether something was given back of it, and it does not say by which refunds."""
    back = payment.get("amountRefunded"), payment.get("amountChargedBack")
    return payment.get("_embedded") is None and any(_is_above_zero(each) for each in back)


def payment_document(payment: Part, context: Context) -> Document:
    """What is left of a payment. Raises `RefusedError` where it cannot be read."""
    own = payment.part("amount")
    if own is None:
        payment.refuse("amount", "is missing")
    currency = own.text("currency").upper()
    sums = _Sums(payment, currency)
    status = _STATUSES.get(payment.word("status"), "open")
    if status == "completed" and sums.back:
        status = "refunded" if sums.goods <= 0 else "partially_refunded"
    at = payment.moment("paidAt", "authorizedAt", "createdAt")
    document: Document = {
        "transaction_id": transaction_id(context, "mollie", payment.text("id")),
        "source_version": moments.ranked(
            sums.changed(payment), status, sums.refunds + sums.failed, whole=not is_thin(payment)
        ),
        "status": status,
        "end_date_time": write_instant(at),
        "store": {"retail_store_id": _store(payment, context)},
        "price_currency": currency,
        "totals": sums.totals(),
        "line_items": _lines(payment, currency, sums),
        "tenders": _tenders(payment, sums),
        "refund_ids": sums.refund_ids,
        "provenance": _provenance(payment),
    }
    metadata = payment.get("metadata")
    number = metadata.get("order_id") if isinstance(metadata, dict) else None
    if isinstance(number, str) and number:
        document["receipt_number"] = fitting(number)
    address = payment.part("billingAddress")
    phone = address.maybe("phone") if address is not None else None
    return document | customer_of(context, "mollie", payment.maybe("customerId"), phone)


class _Sums:
    """The payment's amounts, what was given back taken off."""

    def __init__(self, payment: Part, currency: str) -> None:
        own = payment.part("amount")
        whole = own.minor(currency, "value") if own is not None else 0
        self.tip = self.shipping = self.surcharge = self.deposit = self.credit = self.off = 0
        for line in payment.parts("lines"):
            self._add(DEPOSIT if _is_deposit(line) else line.word("type"), money(line, "totalAmount", currency))
        beside = self.tip + self.shipping + self.surcharge + self.deposit
        self._read_back(payment, currency)
        self.was = whole + self.credit - beside
        self.goods = max(0, self.was - self.back)
        rest = max(0, self.back - self.was)
        for name in ("shipping", "surcharge", "tip", "deposit"):
            part = min(rest, getattr(self, name))
            setattr(self, name, getattr(self, name) - part)
            rest -= part
        self.paid = whole + self.credit - self.back
        self.by_payment = whole - self.back

    def _add(self, kind: str, value: Minor) -> None:
        match kind:
            case "tip":
                self.tip += value
            case "shipping_fee":
                self.shipping += value
            case "surcharge":
                self.surcharge += value
            case "deposit":
                self.deposit += value
            case "discount":
                self.off += abs(value)
            case kind if kind in _CREDITS and value < 0:
                self.credit -= value

    def _read_back(self, payment: Part, currency: str) -> None:
        """What was given back: by the refunds that were carried out where they are told, else as it was summed up."""
        self.refund_ids: list[str] = []
        self.refunds = self.failed = self.back = 0
        if payment.word("status") not in {"paid", ""}:
            return
        embedded = payment.part("_embedded")
        if embedded is None:
            self.back = money(payment, "amountRefunded", currency) + money(payment, "amountChargedBack", currency)
            self.refunds = 1 if self.back else 0
            return
        for refund in embedded.parts("refunds"):
            self.refunds += 1
            if refund.word("status") in {"refunded", ""}:
                self.back += money(refund, "amount", currency)
                self.refund_ids.append(fitting(refund.text("id")))
            elif refund.word("status") in _OFF:
                self.failed += 1
        for chargeback in embedded.parts("chargebacks"):
            self.refunds += 1
            if chargeback.has("reversedAt"):
                self.failed += 1
            else:
                self.back += money(chargeback, "amount", currency)

    def changed(self, payment: Part) -> int:
        """When it last changed, as far as it says: it has no such time of its own."""
        embedded = payment.part("_embedded")
        parts = [*embedded.parts("refunds"), *embedded.parts("chargebacks")] if embedded is not None else []
        texts = [payment.maybe(name) for name in _ENDED] + [
            each.maybe(name) for each in parts for name in ("createdAt", "reversedAt")
        ]
        found = [text for text in texts if text]
        if not found:
            payment.refuse("createdAt", "is missing")
        try:
            return max(moments.version_of(text) for text in found)
        except ValueError as error:
            payment.refuse("createdAt", str(error))

    def totals(self) -> dict[str, int]:
        """As the contract has them; what is nothing is left out."""
        told = {
            "discount_minor": self.off,
            "tip_minor": self.tip,
            "surcharge_minor": self.surcharge,
            "shipping_minor": self.shipping,
            "deposit_minor": self.deposit,
        }
        return {
            "gross_minor": self.goods,
            **{name: value for name, value in told.items() if value},
            "paid_minor": self.paid,
        }


def refund_documents(refund: Part, context: Context) -> list[Document]:
    """A refund that was carried out; one that failed after all gave nothing back."""
    status = refund.word("status")
    if status not in {"refunded", ""} | _OFF:
        return []
    own = refund.part("amount")
    if own is None:
        refund.refuse("amount", "is missing")
    currency = own.text("currency").upper()
    amount = 0 if status in _OFF else abs(own.minor(currency, "value"))
    at = write_instant(refund.moment("createdAt"))
    return [
        {
            "transaction_id": transaction_id(context, "mollie", refund.text("paymentId")),
            "refund_id": fitting(refund.text("id")),
            "source_version": moments.version_of(at) + (status in _OFF),
            "status": "refund",
            "end_date_time": at,
            "price_currency": currency,
            "totals": {"gross_minor": amount, "paid_minor": amount},
            "provenance": _provenance(refund),
        }
    ]


def _lines(payment: Part, currency: str, sums: _Sums) -> list[dict[str, Any]]:
    """What was bought, a discount spread over it. What was given back names no line."""
    parts = [
        each for each in payment.parts("lines") if each.word("type") not in {"discount", "tip", "surcharge", *_CREDITS}
    ]
    lines = [_line(each, number, currency) for number, each in enumerate(parts)]
    weights = [0 if line.get("kind") else line["gross_minor"] for line in lines]
    for line, share in zip(lines, amounts.spread(sums.off, weights), strict=True):
        if share:
            line["gross_minor"] -= share
            line["discount_minor"] = line.get("discount_minor", 0) + share
    if sums.back:
        lines = amounts.lowered(lines, sums.goods, sums.was)
        lines = amounts.at_most(lines, shipping=sums.shipping, deposit=sums.deposit)
    return distinct(lines)


def _line(part: Part, number: int, currency: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "line_id": part.id("id") or str(number + 1),
        "quantity": amounts.quantity_text(part.number("quantity", default=Decimal(1))),
        "gross_minor": money(part, "totalAmount", currency),
    }
    if _is_deposit(part):
        line["kind"] = DEPOSIT
    elif part.word("type") == "shipping_fee":
        line["kind"] = "shipping"
    if part.has("vatAmount"):
        line["tax_minor"] = money(part, "vatAmount", currency)
    if rate := amounts.percent_text(part.content.get("vatRate")):
        line["tax_rate"] = rate
    if part.has("unitPrice"):
        line["unit_price_minor"] = money(part, "unitPrice", currency)
    if discount := money(part, "discountAmount", currency):
        line["discount_minor"] = abs(discount)
    if sku := part.id("sku"):
        line["sku"] = sku
    if name := part.maybe("description", "name"):
        line["name"] = short(name)
    return line


def _is_deposit(line: Part) -> bool:
    return line.word("type") in {"physical", "digital", ""} and is_deposit(line.maybe("description", "name"))


def _tenders(payment: Part, sums: _Sums) -> list[dict[str, Any]]:
    kind = _TENDERS.get(payment.word("method"), "online")
    tender: dict[str, Any] = {
        "tender_id": fitting(payment.text("id")),
        "tender_type": kind,
        "amount_minor": sums.by_payment,
    }
    details = payment.part("details")
    mark = details.id("cardFingerprint") if details is not None else None
    if mark and any(each.isalpha() for each in mark):
        tender["card_ref"] = mark
    credit = [{"tender_type": "gift_card", "amount_minor": sums.credit}] if sums.credit else []
    return [tender, *credit]


def _store(payment: Part, context: Context) -> str:
    """The first that the connection maps: what the metadata says, the terminal, the profile."""
    metadata, details = payment.get("metadata"), payment.part("details")
    named = metadata.get("store") if isinstance(metadata, dict) else None
    places = [
        named if isinstance(named, str) and named else None,
        details.maybe("terminalId") if details is not None else None,
        payment.maybe("profileId"),
    ]
    known = [fitting(each) for each in places if each]
    mapped = next((each for each in known if each in context.connection.stores), known[0] if known else "online")
    return context.store_of(mapped)


def _provenance(part: Part) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "mollie", "adapter": "mollie"}
    if part.word("mode") == "test" or part.flag("testmode"):
        provenance["test"] = True
    if channel := part.id("method"):
        provenance["channel"] = channel
    return provenance


def _is_above_zero(amount: Any) -> bool:
    try:
        return isinstance(amount, dict) and amounts.decimal(amount.get("value")) > 0
    except ValueError:
        return False
