"""What was given back of an order: in the order a refund has its total alone, by the API its lines, below zero, too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.ids import fitting, transaction_id
from stamgast.pos.systems.part import Part
from stamgast.pos.types import write_instant

ZONE: Final = "UTC"
"""Of the times that end in `_gmt`; they are written without an offset."""
ZERO: Final = Decimal(0)
_ORDER: Final = re.compile(r"/orders/([0-9]+)/?$", re.ASCII)


@dataclass(slots=True)
class Back:
    """All refunds of an order together."""

    ids: list[str] = field(default_factory=list)
    money: Decimal = ZERO
    shipping: Decimal = ZERO
    fees: Decimal = ZERO
    lines: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Line -> pieces and money."""


def backs_of(order: Part) -> Back:
    """What all refunds of an order gave back."""
    back = Back()
    for refund in order.parts("refunds"):
        back.ids.append(fitting(refund.text("id")))
        back.money += abs(refund.number("amount", "total", default=ZERO))
        back.shipping += _with_tax(refund, "shipping_lines")
        back.fees += _with_tax(refund, "fee_lines")
        for line, (pieces, value) in lines_of(refund).items():
            had, money = back.lines.get(line, (ZERO, ZERO))
            back.lines[line] = (had + pieces, money + value)
    return back


def lines_of(refund: Part) -> dict[str, tuple[Decimal, Decimal]]:
    """Line of the order -> pieces and money that came back, above zero."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for line in refund.parts("line_items"):
        number = metas(line).get("_refunded_item_id") or line.text("id")
        value = abs(line.number("total", default=ZERO) + line.number("total_tax", default=ZERO))
        had, money = found.get(number, (ZERO, ZERO))
        found[number] = (had + abs(line.number("quantity", default=ZERO)), money + value)
    return found


def is_thin(order: Part) -> bool:
    """Whether it has refunds of which only the totals are told."""
    refunds = order.get("refunds")
    return isinstance(refunds, list) and any(isinstance(each, dict) and "line_items" not in each for each in refunds)


def metas(part: Part) -> Mapping[str, str]:
    """The texts among its meta data, by key; plugins put anything there."""
    entries = part.get("meta_data")
    found: dict[str, str] = {}
    for each in entries if isinstance(entries, list) else []:
        if isinstance(each, dict) and isinstance(each.get("key"), str):
            value = each.get("value")
            if isinstance(value, str) or (
                isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30
            ):
                found[each["key"]] = str(value)
            elif value is not None:
                found[each["key"]] = ""
    return found


def refund_document(refund: Part, context: Context) -> Document:
    """A refund that was read by itself. Its currency is not told: it is the shop's."""
    currency = (refund.maybe("currency") or context.program.currency).upper()
    order = refund.maybe("parent_id", "order_id")
    if order in {None, "0"}:
        order = _order_in_links(refund)
    if order is None:
        refund.refuse("parent_id", "is missing: a refund does not say of which order it is")
    moment = refund.moment("date_created_gmt", "date_created", zone=ZONE)
    money = abs(refund.number("amount", "total"))
    shipping, fees = _with_tax(refund, "shipping_lines"), _with_tax(refund, "fee_lines")
    totals = {
        "gross_minor": amounts.minor(max(ZERO, money - shipping - fees), currency),
        "paid_minor": amounts.minor(money, currency),
    }
    for name, value in (("shipping_minor", shipping), ("surcharge_minor", fees)):
        if value:
            totals[name] = amounts.minor(value, currency)
    return {
        "transaction_id": transaction_id(context, "woocommerce", order),
        "refund_id": fitting(refund.text("id")),
        "source_version": moments.version_at(moment),
        "status": "refund",
        "end_date_time": write_instant(moment),
        "price_currency": currency,
        "totals": totals,
        "line_items": [
            {
                "original_line_id": fitting(line),
                "quantity": amounts.quantity_text(pieces),
                "gross_minor": amounts.minor(value, currency),
            }
            for line, (pieces, value) in lines_of(refund).items()
        ],
        "provenance": {"provider": "woocommerce", "adapter": "woocommerce"},
    }


def _with_tax(refund: Part, name: str) -> Decimal:
    return sum(
        (
            abs(each.number("total", default=ZERO) + each.number("total_tax", default=ZERO))
            for each in refund.parts(name)
        ),
        ZERO,
    )


def _order_in_links(refund: Part) -> str | None:
    links = refund.part("_links")
    for link in links.parts("up") if links is not None else []:
        match = _ORDER.search(link.maybe("href") or "")
        if match:
            return match[1]
    return None
