"""An order of Clover -> its net state, in minor units.

One line item a unit; weights in thousandths (`unitQty`); tax rates in ten-millionths, on top of prices unless the order
says `isVat`, each rounded over the whole order; discounts below zero, in money or percent. `total` is with tax, less
discounts, without tips.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, ids, moments
from stamgast.pos.systems.lines import Line, distinct, half_up, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.sale import cash_rounding, customer, provenance, store, tenders, totals
from stamgast.pos.types import write_instant

_TENDERS: Final = {
    "com.clover.tender.cash": "cash",
    "com.clover.tender.credit_card": "card",
    "com.clover.tender.debit_card": "card",
    "com.clover.tender.gift_card": "gift_card",
    "com.clover.tender.external_gift_card": "gift_card",
    "com.clover.tender.check": "other",
}
_FAILED: Final = frozenset({"fail", "initiated", "voided", "voiding", "auth_completed_failed", "discarded"})
_MOST_OPEN: Final = 5
"""Cents that rounding in cash may leave open."""


def document(order: Part, context: Context, system: str) -> Document:
    """The purchase that an order is."""
    currency = (order.maybe("currency") or context.program.currency).upper()
    lines = [_line(each, is_vat=order.flag("isVat")) for each in order.parts("lineItems")]
    sold = _Sold(order, lines)
    device = order.beside("device")
    till = device.id("id") if device else None
    clerk = order.beside("employee")
    times = [order.instant("modifiedTime", "clientCreatedTime", "createdTime")]
    times += [
        each.instant("modifiedTime", "createdTime") for each in (*sold.payments, *sold.refunds) if _has_time(each)
    ]
    kind = order.beside("orderType")
    version = moments.version_at(max(times))
    return told(
        {
            "transaction_id": ids.transaction_id(context, system, order.text("id"), _merchant(order)),
            "receipt_number": order.id("title", "externalReferenceId"),
            "source_version": moments.ranked(version, sold.status, len(sold.refunds)),
            "status": sold.status,
            "end_date_time": write_instant(order.instant("clientCreatedTime", "createdTime", "modifiedTime")),
            "store": store(
                context, (till if till in context.connection.stores else None, _merchant(order), till), till
            ),
            "customer": _customer(order, context, system),
            "price_currency": currency,
            "totals": sold.totals(),
            "line_items": distinct(sold.lines),
            "tenders": tenders(_tender(each) for each in sold.payments),
            "refund_ids": [ids.transaction_id(context, system, each.text("id")) for each in sold.refunds][:1_000]
            or None,
            "provenance": provenance(
                context,
                system,
                _merchant(order),
                test=order.flag("testMode"),
                offline=any(each.flag("offline") for each in sold.payments),
                channel=kind.id("label") if kind else None,
                operator_id=clerk.id("id") if clerk else None,
            ),
        }
    )


class _Sold:
    """What an order comes to: what was paid, what was given back, and what its lines are then."""

    def __init__(self, order: Part, lines: list[tuple[Line, Decimal, bool]]) -> None:
        self.order = order
        self.payments = [
            each for each in order.parts("payments") if each.word("result") not in _FAILED and not _is_void(each)
        ]
        self.refunds = [each for each in order.parts("refunds") if not each.flag("voided")]
        self.tip = sum(each.whole("tipAmount", default=0) for each in self.payments)
        self.paid = sum(each.whole("amount", default=0) for each in self.payments)
        charge = order.beside("serviceCharge")
        _fit_discounts(order, [line for line, _, _ in lines])
        net = sum(line["gross_minor"] for line, _, _ in lines)
        self.surcharge = _charge(charge, net) if charge else 0
        self.total = order.whole("total", default=net + self.surcharge)
        self.tax = _add_tax(order, [(line, rate) for line, rate, _ in lines], self.total - self.surcharge - net)
        returned = sum(line["gross_minor"] for line, _, is_back in lines if is_back)
        self.back = sum(each.whole("amount", default=0) for each in self.refunds) or returned
        self.status = self._status()
        self.lines = self._left([(line, is_back) for line, _, is_back in lines])

    def _of(self, kind: str) -> Minor:
        """What lines beside the goods come to."""
        return sum(line["gross_minor"] for line in self.lines if line["kind"] == kind)

    def totals(self) -> dict[str, Minor]:
        """Of what is left after refunds."""
        left = max(0, self.total - self.back) if self.back else self.total
        tip = max(0, self.tip - max(0, self.back - self.total))
        surcharge, cards, deposit = min(self.surcharge, left), self._of("gift_card"), self._of(DEPOSIT)
        gross = left - surcharge - cards - deposit
        taxes = sum(line.get("tax_minor", 0) for line in self.lines)
        paid = self.paid + self.tip - self.back if self.payments else (0 if self.status == "open" else left + self.tip)
        kinds = [_tender(each)["tender_type"] for each in self.payments]
        rounding = cash_rounding(paid, left + tip, kinds) if self.status == "completed" else 0
        discount = sum(line.get("discount_minor", 0) for line in self.lines)
        beside = {"tip": tip, "surcharge": surcharge, "gift_card_sold": cards, "deposit": deposit, "rounding": rounding}
        return totals(gross, taxes, paid, discount=discount, **beside)

    def _status(self) -> str:
        state = self.order.word("paymentState")
        if self.order.has("deletedTimestamp", "deletedTime") or self.order.word("state") in {"deleted", "voided"}:
            return "voided"
        is_paid = state == "paid" or (bool(self.payments) and self.paid + _MOST_OPEN >= self.total)
        if self.back or self.refunds or state in {"refunded", "partially_refunded", "manually_refunded", "credited"}:
            whole = state == "refunded" or self.back >= max(self.total, self.paid)
            return "refunded" if whole else "partially_refunded"
        return "completed" if is_paid else "open"

    def _left(self, lines: list[tuple[Line, bool]]) -> list[Line]:
        """Lines without those that came back; where money came back and no line says so, all in proportion."""
        kept = [line for line, is_back in lines if not is_back]
        if self.status == "refunded":
            return []
        returned = sum(line["gross_minor"] for line, is_back in lines if is_back)
        rest = self.back - returned
        whole = sum(line["gross_minor"] for line in kept if line["kind"] == "sale")
        return amounts.lowered(kept, whole - rest, whole) if 0 < rest < whole else kept


def _merchant(order: Part) -> str:
    """The merchant's id out of the order's address: `…/v3/merchants/<id>/orders/<id>`."""
    address = order.get("href")
    parts = address.split("/merchants/") if isinstance(address, str) else []
    return parts[1].partition("/")[0] if len(parts) > 1 else ""


def _customer(order: Part, context: Context, system: str) -> dict[str, Any] | None:
    for known in order.parts("customers"):
        phones = [phone for each in known.parts("phoneNumbers") if (phone := each.maybe("phoneNumber"))]
        if found := customer(
            context, system, known.maybe("id"), account=_merchant(order), phone=next(iter(phones), None)
        ):
            return found
    return None


def _line(item: Part, *, is_vat: bool) -> tuple[Line, Decimal, bool]:
    """A line without the tax on top, the rate of that tax, and whether it came back."""
    weight = item.whole("unitQty", default=0)
    quantity = Decimal(weight) / 1000 if weight else Decimal(1)
    price = item.whole("price", default=0)
    extra = sum(each.whole("amount", default=0) for each in item.parts("modifications"))
    exact = (price * quantity) + extra
    before = half_up(exact)
    off = _taken_off(item.parts("discounts"), before)
    rates = [each.number("rate", default=Decimal(0)) for each in item.parts("taxRates")]
    rate = sum(rates, Decimal(0)) / 10_000_000
    product = item.beside("item")
    is_goods = item.content.get("isRevenue") is not False
    line = {
        "line_id": item.id("id") or "line",
        "kind": DEPOSIT if is_deposit(item.maybe("name")) else "sale" if is_goods else "gift_card",
        "sku": item.id("itemCode", "alternateName"),
        "product_id": product.id("id") if product else None,
        "name": ids.short(item.maybe("name") or "") or None,
        "quantity": amounts.quantity_text(quantity),
        "unit": item.id("unitName"),
        "unit_price_minor": price,
        "gross_minor": before - off,
        "discount_minor": off or None,
        "tax_rate": amounts.percent_text(rate * 100) if rate else None,
    }
    if is_vat and rate:
        line["tax_minor"] = half_up((before - off) * rate / (1 + rate))
        rate = Decimal(0)
    return told(line), rate if is_goods else Decimal(0), item.flag("refunded", "exchanged")


def _taken_off(discounts: Sequence[Part], of: Minor) -> Minor:
    """What discounts in money (below zero) or percent take off an amount, as a positive one."""
    off = sum(abs(each.whole("amount", default=0)) for each in discounts)
    percents = [each.number("percentage", default=Decimal(0)) for each in discounts if not each.has("amount")]
    off += sum(half_up(of * percent / 100) for percent in percents)
    return min(off, of) if of > 0 else 0


def _fit_discounts(order: Part, lines: Sequence[Line]) -> None:
    """The discounts of the whole order, spread over the goods."""
    goods = [line for line in lines if line["kind"] == "sale"]
    off = _taken_off(order.parts("discounts"), sum(line["gross_minor"] for line in goods))
    if off:
        for line, less in zip(goods, amounts.spread(off, [line["gross_minor"] for line in goods]), strict=True):
            line["gross_minor"] -= less
            line["discount_minor"] = line.get("discount_minor", 0) + less


def _charge(charge: Part, of: Minor) -> Minor:
    """A service charge: an amount, or a percentage in ten-thousandths."""
    if charge.has("amount"):
        return charge.whole("amount")
    percent = charge.number("percentageDecimal", default=Decimal(0)) / 10_000
    return half_up(of * (percent or charge.number("percentage", default=Decimal(0))) / 100)


def _add_tax(order: Part, lines: Sequence[tuple[Line, Decimal]], missing: Minor) -> Minor:
    """Put the tax on top of the lines that are taxed, so that they sum to the total as far as tax can be why."""
    if order.flag("taxRemoved"):
        return 0
    exact = [line["gross_minor"] * rate for line, rate in lines]
    computed = sum(exact, Decimal(0))
    tax = missing if abs(missing - computed) <= len(lines) + 5 else half_up(computed)
    if not computed:
        return 0
    for (line, _), part in zip(lines, amounts.spread(tax, [half_up(each * 1000) for each in exact]), strict=True):
        if part:
            line["unit_price_minor"] += half_up(part / Decimal(line["quantity"])) if Decimal(line["quantity"]) else 0
            line |= {"gross_minor": line["gross_minor"] + part, "tax_minor": part}
    return tax


def _is_void(payment: Part) -> bool:
    return payment.flag("voided") or payment.has("voidReason")


def _has_time(part: Part) -> bool:
    return part.has("modifiedTime", "createdTime")


def _tender(payment: Part) -> dict[str, Any]:
    kind = payment.beside("tender")
    key = kind.word("labelKey") if kind else ""
    label = kind.word("label") if kind else ""
    found = _TENDERS.get(key) or ("cash" if label == "cash" else "card" if payment.has("cardTransaction") else "other")
    return {
        "tender_id": payment.id("id"),
        "tender_type": found,
        "amount_minor": payment.whole("amount", default=0) + payment.whole("tipAmount", default=0),
        "tip_minor": payment.whole("tipAmount", default=0) or None,
    }
