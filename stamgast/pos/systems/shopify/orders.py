"""A Shopify order -> the net state of its transaction."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import distinct
from stamgast.pos.systems.names import DEPOSIT
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.shopify.money import (
    ZERO,
    currency_in,
    discount_of,
    has_money,
    kind_of,
    money,
    tax_lines_of,
    tax_of,
    total,
)
from stamgast.pos.systems.shopify.refunds import Back, back_of
from stamgast.pos.types import write_instant

_ONE: Final = Decimal(1)
ONLINE: Final = "online"
"""The place of what is sold in the web shop: it has no location."""
_STATUSES: Final = {
    "paid": "completed",
    "partially_refunded": "partially_refunded",
    "refunded": "refunded",
    "voided": "voided",
    "expired": "voided",
}
_TENDERS: Final = {
    "cash": "cash",
    "gift_card": "gift_card",
    "store_credit": "account",
    "shopify_store_credit": "account",
    "manual": "other",
    "bank_deposit": "other",
    "money_order": "other",
}
_CARDS: Final = frozenset({"visa", "mastercard", "amex", "american_express", "maestro", "shopify_payments", "card"})


def order_document(order: Part, context: Context) -> Document:
    """What is left of an order. Raises `RefusedError` where it cannot be read."""
    currency = (
        currency_in(order, "total_price", "current_total_price") or order.maybe("currency") or context.program.currency
    ).upper()
    included = order.flag("taxes_included")
    refunds = order.parts("refunds")
    backs = [back for each in refunds if (back := back_of(each, currency, taxes_included=included)) is not None]
    items = [_Item(each, included=included) for each in order.parts("line_items")]
    sums = _Sums(order, items, backs, included=included)
    lines = _lines(order, currency, items, backs, sums, included=included)
    status = _status(order, sums)
    moment = order.moment("processed_at", "created_at")
    updated = order.moment("updated_at", "processed_at", "created_at")
    place = order.maybe("location_id") or ONLINE
    store: dict[str, Any] = {"retail_store_id": context.store_of(place)}
    if device := order.id("device_id"):
        store["workstation_id"] = device
    document: Document = {
        "transaction_id": transaction_id(context, "shopify", order.text("id")),
        "source_version": moments.ranked(moments.version_at(updated), status, len(backs)),
        "status": status,
        "end_date_time": write_instant(moment),
        "store": store,
        "price_currency": currency,
        "totals": sums.totals(currency),
        "line_items": lines,
        "tenders": _tenders(order, currency, sums),
        "refund_ids": [fitting(back.id) for back in backs],
        "provenance": _provenance(order),
    } | _customer(order, context)
    if status == "refunded" and not backs:  # it says so, and not by which refunds
        document |= {"totals": {"gross_minor": 0, "tax_minor": 0, "paid_minor": 0}, "line_items": []}
    if number := order.id("name", "order_number"):
        document["receipt_number"] = number
    return document


class _Item:
    """A line as it was sold; `value` after discounts, with tax."""

    __slots__ = ("discount", "is_tip", "kind", "part", "price", "quantity", "tax", "tax_lines", "value")

    def __init__(self, part: Part, *, included: bool) -> None:
        self.part = part
        self.kind = kind_of(part)
        self.is_tip = _is_tip(part)
        self.price = money(part, "price")
        self.quantity = part.number("quantity", "current_quantity", default=_ONE)
        self.tax_lines = tax_lines_of(part)
        self.tax = total(self.tax_lines, "price")
        self.discount = discount_of(part)
        self.value = self.price * self.quantity - self.discount + (ZERO if included else self.tax)


def _is_tip(line: Part) -> bool:
    """A tip that was left at the POS stands among the lines: its gateway is named, if only by null."""
    if "tip_payment_gateway" not in line.content:
        return "tip_payment_method" in line.content and line.has("tip_payment_method")
    return line.has("tip_payment_gateway", "tip_payment_method") or not line.has("product_id", "sku")


class _Sums:
    """The order's totals, what was given back taken off."""

    def __init__(self, order: Part, items: Sequence[_Item], backs: Sequence[Back], *, included: bool) -> None:
        shipping = _shipping(order, included=included)
        beside = [each for each in items if each.kind]
        cards = sum((each.value for each in beside if each.kind == "gift_card"), ZERO) if beside else ZERO
        deposit = sum((each.value for each in beside if each.kind == DEPOSIT), ZERO) if beside else ZERO
        whole = _whole(order, items, shipping)
        self.edited = not order.get("refunds") and _has_fewer(items) and has_money(order, "current_total_price")
        """Lines were taken off, and no refund says so."""
        if self.edited:
            whole = money(order, "current_total_price")
        self.fees = money(order, "original_total_duties") + money(order, "original_total_additional_fees")
        self.tip = money(order, "total_tip_received")
        self.rounding = money(order, "total_cash_rounding_payment_adjustment")
        self.was = self.goods = whole - shipping - self.tip - cards - deposit - self.fees
        self.shipping, self.cards, self.deposit, self.paid = shipping, cards, deposit, whole + self.rounding
        for back in backs:
            self.goods -= back.goods
            self.shipping -= back.shipping
            self.cards -= back.of("gift_card")
            self.deposit -= back.of(DEPOSIT)
            self.paid -= back.money
        self.back = sum((back.goods for back in backs), ZERO)
        """What was given back of the goods, or of more than these where no refund says of what."""
        if backs and self.goods < 0 <= self.paid:
            self._less(-self.goods)
        self.discounts = money(order, "total_discounts")
        self.discount = money(order, "current_total_discounts", self.discounts) if backs else self.discounts
        self.tax = money(order, "total_tax")
        if backs:  # older objects say nothing of what is left
            left = max(ZERO, self.tax - sum((back.tax for back in backs), ZERO))
            self.tax = money(order, "current_total_tax", left)
        self.backs = len(backs)

    def _less(self, more: Decimal) -> None:
        """Take what goods cannot account for off what stands beside them."""
        self.goods = ZERO
        for name in ("shipping", "fees", "tip", "deposit", "cards"):
            part = min(more, max(ZERO, getattr(self, name)))
            setattr(self, name, getattr(self, name) - part)
            more -= part

    def totals(self, currency: str) -> dict[str, int]:
        """As the contract has them; what is nothing is left out, but for tax."""
        told = {
            "discount_minor": self.discount,
            "tip_minor": self.tip,
            "surcharge_minor": self.fees,
            "shipping_minor": self.shipping,
            "deposit_minor": self.deposit,
            "gift_card_sold_minor": self.cards,
            "rounding_minor": self.rounding,
        }
        return {
            "gross_minor": amounts.minor(self.goods, currency),
            "tax_minor": amounts.minor(self.tax, currency),
            **{name: amounts.minor(value, currency) for name, value in told.items() if value},
            "paid_minor": amounts.minor(self.paid, currency),
        }


def _whole(order: Part, items: Sequence[_Item], shipping: Decimal) -> Decimal:
    """What all of it came to; an object without its total is summed up."""
    for name in ("total_price", "current_total_price"):
        if has_money(order, name):
            return money(order, name)
    return sum((each.value for each in items), ZERO) + shipping


def _status(order: Part, sums: _Sums) -> str:
    if order.has("cancelled_at"):
        return "voided"
    word = order.word("financial_status")
    if not word:
        known = "completed" if money(order, "total_outstanding") <= 0 else "open"
    else:
        known = _STATUSES.get(word, "open")
    if known == "completed" and sums.backs:
        return "refunded" if sums.goods <= 0 else "partially_refunded"
    return known


def _has_fewer(items: Sequence[_Item]) -> bool:
    for each in items:
        line = each.part.content
        if line.get("current_quantity") is not None and each.part.number("current_quantity") != each.quantity:
            return True
    return False


def _shipping(order: Part, *, included: bool) -> Decimal:
    """With tax, after its discounts. `total_shipping_price_set` is before them, and without tax where prices are."""
    lines = [each for each in order.parts("shipping_lines") if not each.flag("is_removed")]
    if not lines and not has_money(order, "total_shipping_price"):
        return ZERO
    off = total([each for line in lines for each in line.parts("discount_allocations")], "amount")
    tax = ZERO if included else sum((tax_of(each) for each in lines), ZERO)
    whole = money(order, "total_shipping_price") if has_money(order, "total_shipping_price") else total(lines, "price")
    return max(ZERO, whole - off) + tax


def _lines(
    order: Part, currency: str, items: Sequence[_Item], backs: Sequence[Back], sums: _Sums, *, included: bool
) -> list[dict[str, Any]]:
    """Net of what came back: by line where that is told, else in proportion.

    A discount that no line has is spread over all; so is a tax.
    """
    items = [each for each in items if not each.is_tip]
    gross = [amounts.minor(each.value, currency) for each in items]
    taxes = [amounts.minor(each.tax, currency) for each in items]
    discounts = [amounts.minor(each.discount, currency) for each in items]
    weights = [0 if each.kind else size for each, size in zip(items, gross, strict=True)]
    missing_tax = 0 if any(taxes) else amounts.minor(money(order, "total_tax"), currency)
    if missing_tax and any(weights):
        taxes = amounts.spread(missing_tax, weights)
        if not included:
            gross = [each + tax for each, tax in zip(gross, taxes, strict=True)]
    goods = sum(size for each, size in zip(items, gross, strict=True) if not each.kind)
    unspread = goods - amounts.minor(sums.was, currency)
    if unspread > 0 and unspread == amounts.minor(sums.discounts, currency) - sum(discounts) and not sums.edited:
        shares = amounts.spread(unspread, weights)
        gross = [each - share for each, share in zip(gross, shares, strict=True)]
        discounts = [each + share for each, share in zip(discounts, shares, strict=True)]
    gone: dict[str, tuple[Decimal, int]] = {}
    for number, pieces, value, _ in (each for back in backs for each in back.lines):
        had, money_back = gone.get(number, (ZERO, 0))
        gone[number] = (had + pieces, money_back + amounts.minor(value, currency))
    lines = [_line(*each, currency) for each in zip(items, gross, taxes, discounts, strict=True)]
    if backs or sums.edited:
        lines = [
            left
            for item, line in zip(items, lines, strict=True)
            if (left := _left(item, line, gone.get(line["line_id"], (ZERO, 0)), edited=sums.edited))
        ]
        beside = {fitting(each.part.text("id")) for each in items if each.kind}
        assigned = sum(money_back for number, (_, money_back) in gone.items() if number not in beside)
        goods, given = amounts.minor(sums.goods, currency), amounts.minor(sums.back, currency)
        if given > assigned:
            lines = amounts.lowered(lines, max(0, goods), goods + given - assigned)
        cards, deposit = amounts.minor(sums.cards, currency), amounts.minor(sums.deposit, currency)
        lines = amounts.at_most(lines, gift_card=cards, deposit=deposit)
    return distinct(lines + _shipping_lines(order, currency, sums))


def _line(item: _Item, gross: int, tax: int, discount: int, currency: str) -> dict[str, Any]:
    part = item.part
    line: dict[str, Any] = {
        "line_id": fitting(part.text("id")),
        "quantity": amounts.quantity_text(item.quantity),
        "unit_price_minor": amounts.minor(item.price, currency),
        "gross_minor": gross,
        "tax_minor": tax,
    }
    if item.kind:
        line["kind"] = item.kind
    if discount:
        line["discount_minor"] = discount
    if name := part.maybe("name", "title"):
        line["name"] = short(name)
    if sku := part.id("sku"):
        line["sku"] = sku
    if product := part.id("product_id", "variant_id"):
        line["product_id"] = product
    rates = item.tax_lines
    if item.tax and len(rates) == 1 and (rate := amounts.rate_text(rates[0].content.get("rate"))):
        line["tax_rate"] = rate
    return line


def _left(item: _Item, line: dict[str, Any], back: tuple[Decimal, int], *, edited: bool) -> dict[str, Any] | None:
    """What is left of a line, None if nothing is."""
    sold = item.quantity
    if edited:
        now = item.part.content.get("current_quantity")
        pieces = sold - (sold if now is None else item.part.number("current_quantity", default=ZERO))
        value = amounts.minor(Decimal(line["gross_minor"]) * pieces / sold, "JPY") if sold else 0
    else:
        pieces, value = back
    if not pieces and not value:
        return line
    left = sold - pieces
    if left <= 0:
        return None
    gross = max(0, line["gross_minor"] - value)
    if line["gross_minor"]:
        line["tax_minor"] = line["tax_minor"] * gross // line["gross_minor"]
    return line | {"quantity": amounts.quantity_text(left), "gross_minor": gross}


def _shipping_lines(order: Part, currency: str, sums: _Sums) -> list[dict[str, Any]]:
    """One line for all of it: what came back of shipping names no line."""
    if not sums.shipping:
        return []
    lines = [each for each in order.parts("shipping_lines") if not each.flag("is_removed")]
    own = lines[0].id("id") if lines else None
    line: dict[str, Any] = {
        "line_id": f"shipping:{own or 'all'}",
        "kind": "shipping",
        "gross_minor": amounts.minor(sums.shipping, currency),
    }
    if tax := amounts.minor(sum((tax_of(each) for each in lines), ZERO), currency):
        line["tax_minor"] = tax
    return [line]


def _tenders(order: Part, currency: str, sums: _Sums) -> list[dict[str, Any]]:
    """By the transactions where they stand in the order; else only where one gateway took all of it."""
    moves = [
        each
        for each in order.parts("transactions")
        if each.word("kind") in {"sale", "capture"} and each.word("status") in {"success", ""}
    ]
    if moves:
        return [
            {
                "tender_id": each.id("id") or str(number),
                "tender_type": tender_of(each.word("gateway"), order.word("source_name")),
                "amount_minor": each.minor(currency, "amount", default=0),
            }
            for number, each in enumerate(moves[:100])
        ]
    names = order.get("payment_gateway_names")
    if isinstance(names, list) and len(names) == 1 and isinstance(names[0], str):
        kind = tender_of(names[0].lower(), order.word("source_name"))
        return [{"tender_type": kind, "amount_minor": amounts.minor(sums.paid, currency)}]
    return []


def tender_of(gateway: str, source: str) -> str:
    """The contract's word for a gateway; one that nobody knows is judged by where the order came from."""
    gateway = gateway.replace(" ", "_")
    if gateway in _TENDERS:
        return _TENDERS[gateway]
    if gateway in _CARDS:
        return "card"
    return "other" if source.strip().lower() == "pos" else "online"


def _provenance(order: Part) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "shopify", "adapter": "shopify"}
    if order.flag("test"):
        provenance["test"] = True
    if channel := order.id("source_name"):
        provenance["channel"] = channel
    if operator := order.id("user_id"):
        provenance["operator_id"] = operator
    return provenance


def _customer(order: Part, context: Context) -> dict[str, Any]:
    customer = order.part("customer")
    own = customer.maybe("id") if customer is not None else None
    phone = customer.maybe("phone") if customer is not None else None
    if phone is None:
        phone = order.maybe("phone")
    if phone is None and customer is not None and (address := customer.part("default_address")) is not None:
        phone = address.maybe("phone")
    if phone is None and (address := order.part("billing_address")) is not None:
        phone = address.maybe("phone")
    return customer_of(context, "shopify", own, phone)
