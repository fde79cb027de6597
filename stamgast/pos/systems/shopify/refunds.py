"""What a Shopify refund gave back: money by its transactions, pieces by its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.ids import transaction_id
from stamgast.pos.systems.names import DEPOSIT
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.shopify.money import ZERO, currency_in, discount_of, kind_of, tax_of, total
from stamgast.pos.systems.shopify.money import money as money_of
from stamgast.pos.types import write_instant

_TAX_APART: Final = frozenset({"USD", "CAD"})
_SET_NAMES: Final = ("subtotal", "total_tax")


@dataclass(frozen=True, slots=True)
class Back:
    """A refund that counts."""

    id: str
    money: Decimal
    """What was paid out, shipping too."""
    shipping: Decimal
    lines: Sequence[tuple[str, Decimal, Decimal, str]]
    """Line, pieces, their value, and its kind where that stands beside the goods."""
    tax: Decimal = ZERO
    """Of its lines."""

    @property
    def goods(self) -> Decimal:
        """What was given back of the goods."""
        return max(ZERO, self.money - self.shipping - self.of("gift_card") - self.of(DEPOSIT))

    def of(self, kind: str) -> Decimal:
        """What was given back of lines of a kind."""
        return min(self.money, sum((value for _line, _pieces, value, own in self.lines if own == kind), ZERO))


def back_of(refund: Part, currency: str, *, taxes_included: bool | None = None) -> Back | None:
    """What a refund gave back; None for one whose money is still to come, or never came.

    Without any transaction it is lines that were taken off the order, by an edit: they count by their value.
    """
    moves = [each for each in refund.parts("transactions") if each.word("kind") in {"refund", ""}]
    paid = [each for each in moves if each.word("status") in {"success", ""}]
    if moves and not paid:
        return None
    own = all((each.maybe("currency") or currency).upper() == currency for each in paid)
    money = abs(total(paid, "amount")) if moves and own else None
    if taxes_included is None:
        taxes_included = _has_tax_inside(refund, money, currency)
    lines = [_line(each, taxes_included) for each in refund.parts("refund_line_items")]
    shipping = _shipping(refund, taxes_included)
    if money is None:
        money = sum((each[2] for each in lines), ZERO) + shipping
    tax = total(refund.parts("refund_line_items"), "total_tax")
    return Back(refund.text("id"), money, min(shipping, money), lines, tax)


def _has_tax_inside(refund: Part, money: Decimal | None, currency: str) -> bool:
    """Whether the lines' values have their tax inside, which a refund does not say: by what was paid, where that goes
    with one of both; else as shops of that currency mostly have it.
    """
    for inside in (False, True):
        lines = [_line(each, inside) for each in refund.parts("refund_line_items")]
        if sum((each[2] for each in lines), ZERO) + _shipping(refund, inside) == money:
            return inside
    return currency not in _TAX_APART


def refund_document(refund: Part, context: Context) -> list[Document]:
    """A refund under its own id; nothing while its money is on the way."""
    currency = _currency(refund) or context.program.currency
    back = back_of(refund, currency)
    if back is None:
        return []
    moment = refund.moment("processed_at", "created_at")
    transactions = refund.parts("transactions")
    is_test = bool(transactions) and all(each.flag("test") for each in transactions)
    totals = {
        "gross_minor": amounts.minor(back.goods, currency),
        "paid_minor": amounts.minor(back.money, currency),
    }
    if back.shipping:
        totals["shipping_minor"] = amounts.minor(back.shipping, currency)
    for name, kind in (("gift_card_sold_minor", "gift_card"), ("deposit_minor", DEPOSIT)):
        if value := back.of(kind):
            totals[name] = amounts.minor(value, currency)
    document: Document = {
        "transaction_id": transaction_id(context, "shopify", refund.text("order_id")),
        "refund_id": refund.id("id"),
        "source_version": moments.version_at(moment),
        "status": "refund",
        "end_date_time": write_instant(moment),
        "price_currency": currency,
        "totals": totals,
        "line_items": [
            {
                "original_line_id": line,
                "quantity": amounts.quantity_text(pieces),
                "gross_minor": amounts.minor(value, currency),
            }
            for line, pieces, value, kind in back.lines
            if pieces > 0 and not kind
        ],
        "provenance": {"provider": "shopify", "adapter": "shopify"} | ({"test": True} if is_test else {}),
    }
    if user := refund.id("user_id"):
        document["provenance"]["operator_id"] = user
    return [document]


def _line(line: Part, taxes_included: bool) -> tuple[str, Decimal, Decimal, str]:
    """Its value is with tax: `subtotal` is without it unless the shop's prices have it inside."""
    own = line.part("line_item")
    pieces = line.number("quantity", default=Decimal(1))
    kind = kind_of(own) if own is not None else ""
    number = line.id("line_item_id") or (own.text("id") if own is not None else line.text("line_item_id"))
    if line.has("subtotal") or line.has("subtotal_set"):
        value, tax = money_of(line, "subtotal"), money_of(line, "total_tax")
    elif own is not None:
        sold = own.number("quantity", default=Decimal(1)) or Decimal(1)
        value = (money_of(own, "price") * sold - discount_of(own)) * pieces / sold
        tax = tax_of(own) * pieces / sold
    else:
        value = tax = ZERO
    return number, pieces, max(ZERO, value + (ZERO if taxes_included else tax)), kind


def _shipping(refund: Part, taxes_included: bool) -> Decimal:
    lines = refund.parts("refund_shipping_lines")
    if lines:
        names = ("subtotal_amount",) if taxes_included else ("subtotal_amount", "total_tax")
        return total(lines, *names)
    moved = [each for each in refund.parts("order_adjustments") if each.word("kind") == "shipping_refund"]
    return max(ZERO, -total(moved, "amount", "tax_amount"))


def _currency(refund: Part) -> str | None:
    for line in refund.parts("refund_line_items"):
        if found := currency_in(line, *_SET_NAMES):
            return found
    for move in refund.parts("transactions"):
        code = move.maybe("currency")
        if code:
            return code.upper()
    return currency_in(refund, "total_duties")
