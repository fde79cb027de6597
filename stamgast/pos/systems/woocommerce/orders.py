"""A WooCommerce order -> the net state of its transaction. `total` and `subtotal` of a line are always without tax."""

import html
import re
from decimal import Decimal
from typing import Any, Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import distinct
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.woocommerce.refunds import ZERO, ZONE, Back, backs_of, is_thin, metas
from stamgast.pos.types import write_instant

_STATUSES: Final = {
    "processing": "completed",
    "completed": "completed",
    "refunded": "refunded",
    "cancelled": "voided",
    "failed": "voided",
    "trash": "voided",
    "pending": "open",
    "on-hold": "open",
    "checkout-draft": "open",
    "auto-draft": "open",
    "draft": "open",
}
_TIP: Final = re.compile(r"\b(tips?|fooi|pourboire|trinkgeld|gratuity)\b", re.IGNORECASE)
_BORG: Final = re.compile(r"\b(borg|deposit)\b", re.IGNORECASE)
_CARD_METAS: Final = ("wc_gc_giftcard", "_ywgc", "ywgc_", "pw_gift_card", "_pw_gift_card")
"""By which the plugins of WooCommerce, YITH and Pimwick mark a gift card that is sold."""
_STORE_METAS: Final = (
    "_pos_store",
    "pos_store",
    "_pos_store_id",
    "wc_pos_outlet_id",
    "_wc_pos_outlet",
    "_op_outlet_id",
)
_TENDERS: Final = {"cod": "cash", "pos_cash": "cash", "pos_card": "card", "bacs": "other", "cheque": "other"}


def order_document(order: Part, context: Context) -> Document:
    """What is left of an order. Raises `RefusedError` where it cannot be read."""
    currency = order.text("currency").upper()
    back = backs_of(order)
    sums = _Sums(order, back)
    status = _status(order, sums, back)
    zone = context.program.time_zone
    moment = _moment(order, zone, "paid", "completed", "created")
    changed = _moment(order, zone, "modified", "paid", "created")
    about = metas(order)
    document: Document = {
        "transaction_id": transaction_id(context, "woocommerce", order.text("id")),
        "source_version": moments.ranked(moments.version_of(changed), status, len(back.ids), whole=not is_thin(order)),
        "status": status,
        "end_date_time": moment,
        "store": {"retail_store_id": context.store_of(_place(order, about))},
        "price_currency": currency,
        "totals": sums.totals(order, currency),
        "line_items": _lines(order, currency, sums, back),
        "tenders": _tenders(order, currency, sums),
        "refund_ids": back.ids,
        "provenance": _provenance(order, about),
    }
    if status == "refunded" and not back.ids:  # it says so, and not by which refunds
        document |= {"totals": {"gross_minor": 0, "tax_minor": 0, "paid_minor": 0}, "line_items": []}
    if number := order.id("number"):
        document["receipt_number"] = number
    own, billing = order.maybe("customer_id"), order.part("billing")
    phone = billing.maybe("phone") if billing is not None else None
    return document | customer_of(context, "woocommerce", None if own == "0" else own, phone)


class _Sums:
    """The order's totals, what was given back taken off."""

    def __init__(self, order: Part, back: Back) -> None:
        whole = order.number("total")
        kinds = {each.text("id"): _kind(each) for each in order.parts("line_items")}
        self.cards, deposit = (
            sum((_taxed(each) for each in order.parts("line_items") if kinds[each.text("id")] == kind), ZERO)
            for kind in ("gift_card", DEPOSIT)
        )
        self.tip = self.deposit = self.surcharge = self.off = ZERO
        for fee in order.parts("fee_lines"):
            self._add(fee)
        self.deposit += deposit
        shipping = _shipping(order)
        beside = shipping + self.tip + self.deposit + self.surcharge + self.cards
        cards = sum((value for line, (_, value) in back.lines.items() if kinds.get(line) == "gift_card"), ZERO)
        deposits = sum((value for line, (_, value) in back.lines.items() if kinds.get(line) == DEPOSIT), ZERO)
        self.back = back.money - back.shipping - back.fees - cards - deposits
        """What was given back of the goods."""
        self.goods = whole - beside - self.back
        if self.goods < 0 < whole and self.back > 0 and whole - back.money >= 0:
            of_shipping = min(shipping - back.shipping, -self.goods)
            back.shipping += of_shipping
            back.fees += -self.goods - of_shipping
            self.back = whole - beside
            self.goods = ZERO
        self.shipping = shipping - back.shipping
        self.cards -= cards
        self.deposit -= deposits
        self._less(back.fees)
        self.paid = whole - back.money

    def _add(self, fee: Part) -> None:
        """By its name: a tip, a deposit, another fee; below zero it is a discount on the goods."""
        value, name = _taxed(fee), html.unescape(fee.maybe("name") or "")
        if value < 0:
            self.off -= value
        elif _TIP.search(name):
            self.tip += value
        elif is_deposit(name) or _BORG.search(name):
            self.deposit += value
        else:
            self.surcharge += value

    def _less(self, fees: Decimal) -> None:
        """Take fees that came back off what there is of them, and then off gift cards."""
        for name in ("surcharge", "deposit", "tip", "cards"):
            part = min(fees, getattr(self, name))
            setattr(self, name, getattr(self, name) - part)
            fees -= part

    def totals(self, order: Part, currency: str) -> dict[str, int]:
        """As the contract has them; what is nothing is left out, but for tax."""
        tax = order.number("total_tax", default=_tax_of_lines(order))
        of_shipping, shipping, sold = (
            order.number("shipping_tax", default=ZERO),
            _shipping(order),
            self.goods + self.back,
        )
        if self.back and sold:
            tax -= (tax - of_shipping) * self.back / sold
        if shipping:
            tax -= of_shipping * (shipping - self.shipping) / shipping
        discount = order.number("discount_total", default=ZERO) + order.number("discount_tax", default=ZERO) + self.off
        told = {
            "discount_minor": discount,
            "tip_minor": self.tip,
            "surcharge_minor": self.surcharge,
            "shipping_minor": self.shipping,
            "deposit_minor": self.deposit,
            "gift_card_sold_minor": self.cards,
        }
        return {
            "gross_minor": amounts.minor(self.goods, currency),
            "tax_minor": amounts.minor(tax, currency),
            **{name: amounts.minor(value, currency) for name, value in told.items() if value},
            "paid_minor": amounts.minor(self.paid, currency),
        }


def _status(order: Part, sums: _Sums, back: Back) -> str:
    word = order.word("status").removeprefix("wc-")
    known = _STATUSES.get(word)
    if known is None:
        known = "completed" if order.has("date_paid_gmt", "date_paid", "date_completed_gmt") else "open"
    if known == "completed" and back.ids:
        return "refunded" if sums.goods <= 0 else "partially_refunded"
    return known


def _moment(order: Part, zone: str, *names: str) -> str:
    """The first of these moments that is there: `…_gmt` in UTC, else of the site's own zone."""
    for name in names:
        if order.has(f"date_{name}_gmt"):
            return write_instant(order.moment(f"date_{name}_gmt", zone=ZONE))
        if order.has(f"date_{name}"):
            return write_instant(order.moment(f"date_{name}", zone=zone))
    return order.refuse(f"date_{names[0]}_gmt", "is missing")


def _taxed(line: Part) -> Decimal:
    return line.number("total", default=ZERO) + line.number("total_tax", default=ZERO)


def _tax_of_lines(order: Part) -> Decimal:
    """Where the order says none itself."""
    lines = [each for name in ("line_items", "fee_lines", "shipping_lines") for each in order.parts(name)]
    return sum((each.number("total_tax", default=ZERO) for each in lines), ZERO)


def _shipping(order: Part) -> Decimal:
    if order.has("shipping_total"):
        return order.number("shipping_total") + order.number("shipping_tax", default=ZERO)
    return sum((_taxed(each) for each in order.parts("shipping_lines")), ZERO)


def _kind(line: Part) -> str:
    """Of a line that stands beside the goods; empty for goods."""
    if any(key.startswith(_CARD_METAS) for key in metas(line)):
        return "gift_card"
    return DEPOSIT if is_deposit(line.maybe("name")) else ""


def _lines(order: Part, currency: str, sums: _Sums, back: Back) -> list[dict[str, Any]]:
    """Net of what came back: by line where that is told, else in proportion."""
    if back.ids and not sums.paid:
        return []
    rates = {each.maybe("rate_id"): each.content.get("rate_percent") for each in order.parts("tax_lines")}
    parts = order.parts("line_items")
    lines = [_line(each, currency, rates) for each in parts]
    if off := amounts.minor(sums.off, currency):
        weights = [0 if line.get("kind") else line["gross_minor"] for line in lines]
        for line, share in zip(lines, amounts.spread(off, weights), strict=True):
            line["gross_minor"] -= share
            line["discount_minor"] = line.get("discount_minor", 0) + share
    assigned = 0
    left = []
    for part, line in zip(parts, lines, strict=True):
        pieces, value = back.lines.get(part.text("id"), (ZERO, ZERO))
        money = amounts.minor(value, currency)
        if not line.get("kind"):
            assigned += money
        rest = _less(line, part.number("quantity", default=Decimal(1)), pieces, money)
        if rest is not None:
            left.append(rest)
    goods, given = amounts.minor(sums.goods, currency), amounts.minor(sums.back, currency)
    if given > assigned:
        left = amounts.lowered(left, max(0, goods), goods + given - assigned)
    if back.ids:
        cards, deposit = amounts.minor(sums.cards, currency), amounts.minor(sums.deposit, currency)
        left = amounts.at_most(left, gift_card=cards, deposit=deposit)
    return distinct(left + _beside(order, currency, sums, left))


def _line(part: Part, currency: str, rates: dict[str | None, Any]) -> dict[str, Any]:
    gross, quantity = _taxed(part), part.number("quantity", default=Decimal(1))
    before = part.number("subtotal", default=part.number("total", default=ZERO)) + part.number(
        "subtotal_tax", default=part.number("total_tax", default=ZERO)
    )
    line: dict[str, Any] = {
        "line_id": fitting(part.text("id")),
        "quantity": amounts.quantity_text(quantity),
        "gross_minor": amounts.minor(gross, currency),
        "tax_minor": amounts.minor(part.number("total_tax", default=ZERO), currency),
    }
    if quantity:
        line["unit_price_minor"] = amounts.minor(before / quantity, currency)
    if discount := amounts.minor(before - gross, currency):
        line["discount_minor"] = discount
    if kind := _kind(part):
        line["kind"] = kind
    if sku := part.id("sku"):
        line["sku"] = sku
    if name := part.maybe("name"):
        line["name"] = short(html.unescape(name))
    product, variation = part.maybe("product_id"), part.maybe("variation_id")
    number = variation if variation not in {None, "0"} else product
    if number not in {None, "0"}:
        line["product_id"] = fitting(str(number))
    taxes = part.parts("taxes")
    if len(taxes) == 1 and (rate := amounts.percent_text(rates.get(taxes[0].maybe("id")))):
        line["tax_rate"] = rate
    return line


def _less(line: dict[str, Any], sold: Decimal, pieces: Decimal, money: int) -> dict[str, Any] | None:
    if not pieces and not money:
        return line
    left = sold - pieces
    if left <= 0:
        return None
    gross = max(0, line["gross_minor"] - money)
    if line["gross_minor"]:
        line["tax_minor"] = line["tax_minor"] * gross // line["gross_minor"]
    return line | {"quantity": amounts.quantity_text(left), "gross_minor": gross}


def _beside(order: Part, currency: str, sums: _Sums, left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shipping, and deposits that are fees, as lines of their kinds."""
    lines: list[dict[str, Any]] = []
    if sums.shipping:
        tax = amounts.minor(order.number("shipping_tax", default=ZERO), currency)
        own = order.parts("shipping_lines")
        line = {"line_id": f"shipping:{own[0].id('id') if own else 'all'}", "kind": "shipping"}
        lines.append(
            line | {"gross_minor": amounts.minor(sums.shipping, currency)} | ({"tax_minor": tax} if tax else {})
        )
    named = sum(line["gross_minor"] for line in left if line.get("kind") == DEPOSIT)
    if fees := amounts.minor(sums.deposit, currency) - named:
        lines.append({"line_id": "deposit:fees", "kind": DEPOSIT, "gross_minor": fees})
    return lines


def _tenders(order: Part, currency: str, sums: _Sums) -> list[dict[str, Any]]:
    method = order.word("payment_method")
    if not method:
        return []
    return [{"tender_type": _TENDERS.get(method, "online"), "amount_minor": amounts.minor(sums.paid, currency)}]


def _place(order: Part, about: Any) -> str:
    for key in _STORE_METAS:
        if about.get(key):
            return str(about[key])
    return "pos" if "pos" in order.word("created_via").replace("_", "-").split("-") else "online"


def _provenance(order: Part, about: Any) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "woocommerce", "adapter": "woocommerce"}
    if about.get("_wcpay_mode") == "test":
        provenance["test"] = True
    if channel := order.id("created_via"):
        provenance["channel"] = channel
    return provenance
