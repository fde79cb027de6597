"""A Square order -> the state of its transaction, and the refunds of an exchange."""

from collections import Counter
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, short, transaction_id
from stamgast.pos.systems.lines import distinct
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.square.money import TENDERS, currency_of, money
from stamgast.pos.types import write_instant

_ABOVE: Final = 2**62
"""An order's version, 1 and upwards, above every version of a payment, which is a time: an order is known whole."""
_STATES: Final = {"completed": "completed", "canceled": "voided"}


def order_documents(order: Part, context: Context) -> list[Document]:
    """The order, and what came back by it of another one. A return alone is told by its refund."""
    back = [document for each in order.parts("returns") if (document := _exchange(each, order, context)) is not None]
    if not order.parts("line_items") and order.parts("returns"):
        return []
    return [_sale(order, context), *back]


def version_of(order: Part) -> int:
    """It grows with every change."""
    return _ABOVE + min(order.whole("version", default=1), _ABOVE - 1)


def _sale(order: Part, context: Context) -> Document:
    currency = currency_of(order, "total_money", "net_amounts") or context.program.currency
    totals = _totals(order)
    tenders = order.parts("tenders")
    paid_at = tenders[0].maybe("created_at") if tenders else None
    moment = moments.utc(paid_at) if paid_at and not order.has("closed_at") else write_instant(_moment(order))
    document: Document = {
        "transaction_id": transaction_id(context, "square", order.text("id")),
        "source_version": version_of(order),
        "status": _status(order),
        "end_date_time": moment,
        "store": {"retail_store_id": context.store_of(order.maybe("location_id") or "unknown")},
        "price_currency": currency,
        "totals": totals,
        "line_items": _lines(order, totals),
        "tenders": [_tender(each, number) for number, each in enumerate(tenders[:100])],
        "provenance": _provenance(order),
    }
    if number := order.id("ticket_name", "reference_id"):
        document["receipt_number"] = number
    own = order.maybe("customer_id") or next(
        (each.text("customer_id") for each in tenders if each.has("customer_id")), None
    )
    customer = order.part("customer")
    phone = customer.maybe("phone_number") if customer is not None else None
    return document | customer_of(context, "square", own, phone)


def _moment(order: Part) -> Any:
    return order.moment("closed_at", "created_at", "updated_at")


def _status(order: Part) -> str:
    """An open order that is paid already waits for its goods alone."""
    word = order.word("state")
    if word in _STATES:
        return _STATES[word]
    due = order.part("net_amount_due_money")
    if order.parts("tenders") and due is not None and due.whole("amount", default=0) <= 0:
        return "completed"
    return "open"


def _kind(line: Part) -> str:
    if line.word("item_type") == "gift_card":
        return "gift_card"
    return DEPOSIT if is_deposit(line.maybe("name")) else ""


def _totals(order: Part) -> dict[str, int]:
    whole = _whole(order)
    rounding = order.part("rounding_adjustment")
    sold: Counter[str] = Counter()
    for line in order.parts("line_items"):
        sold[_kind(line)] += money(line, "total_money")
    beside = {
        "tip_minor": money(order, "total_tip_money"),
        "surcharge_minor": money(order, "total_service_charge_money"),
        "gift_card_sold_minor": sold["gift_card"],
        "deposit_minor": sold[DEPOSIT],
        "rounding_minor": money(rounding, "amount_money") if rounding is not None else 0,
    }
    told = {"discount_minor": money(order, "total_discount_money"), **beside}
    return {
        "gross_minor": whole - sum(beside.values()),
        "tax_minor": money(order, "total_tax_money"),
        **{name: value for name, value in told.items() if value},
        "paid_minor": whole,
    }


def _whole(order: Part) -> Minor:
    """What the order says; else what its lines come to, and what stands beside them."""
    own = order.part("total_money")
    if own is not None and own.has("amount"):
        return own.whole("amount")
    beside = ("total_tip_money", "total_service_charge_money")
    return sum(money(each, "total_money") for each in order.parts("line_items")) + sum(money(order, n) for n in beside)


def _lines(order: Part, totals: dict[str, int]) -> list[dict[str, Any]]:
    rates = {each.maybe("uid"): each.content.get("percentage") for each in order.parts("taxes")}
    parts = order.parts("line_items")
    lines = [_line(each, number, rates) for number, each in enumerate(parts)]
    charges = [money(each, "total_service_charge_money") for each in parts]
    goods = sum(line["gross_minor"] for line in lines if line.get("kind") is None)
    if sum(charges) and goods - totals["gross_minor"] == sum(charges):
        for line, charge in zip(lines, charges, strict=True):
            line["gross_minor"] -= charge
    return distinct(lines)


def _line(part: Part, number: int, rates: dict[str | None, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "line_id": part.id("uid") or str(number + 1),
        "quantity": amounts.quantity_text(part.number("quantity", default=amounts.decimal(1))),
        "gross_minor": money(part, "total_money"),
        "tax_minor": money(part, "total_tax_money"),
    }
    if part.has("base_price_money"):
        line["unit_price_minor"] = money(part, "base_price_money")
    if discount := money(part, "total_discount_money"):
        line["discount_minor"] = discount
    if kind := _kind(part):
        line["kind"] = kind
    if product := part.id("catalog_object_id"):
        line["product_id"] = product
    names = [each for each in (part.maybe("name"), part.maybe("variation_name")) if each]
    if names:
        line["name"] = short(", ".join(names))
    taxes = part.parts("applied_taxes")
    if len(taxes) == 1 and (rate := amounts.percent_text(rates.get(taxes[0].maybe("tax_uid")))):
        line["tax_rate"] = rate
    return line


def _tender(part: Part, number: int) -> dict[str, Any]:
    tender: dict[str, Any] = {
        "tender_id": part.id("payment_id", "id") or str(number + 1),
        "tender_type": TENDERS.get((part.maybe("type") or "").upper(), "other"),
        "amount_minor": money(part, "amount_money"),
    }
    if tip := money(part, "tip_money"):
        tender["tip_minor"] = tip
    return tender


def _provenance(order: Part) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "square", "adapter": "square"}
    source = order.part("source")
    if source is not None and (channel := source.id("name")):
        provenance["channel"] = channel
    return provenance


def _exchange(back: Part, order: Part, context: Context) -> Document | None:
    """What came back of an earlier sale by an order that sold something too. It is told once the order is closed."""
    if not order.parts("line_items") or not back.has("source_order_id") or _status(order) != "completed":
        return None
    lines = return_lines(back)
    sums = back.part("return_amounts")
    whole = money(sums, "total_money") if sums is not None else sum(line["gross_minor"] for line in lines)
    tip = money(sums, "tip_money") if sums is not None else 0
    return {
        "transaction_id": transaction_id(context, "square", back.text("source_order_id")),
        "refund_id": fitting(f"{order.text('id')}:{back.maybe('uid') or 'return'}"),
        "source_version": version_of(order),
        "status": "refund",
        "end_date_time": write_instant(_moment(order)),
        "price_currency": currency_of(order, "total_money") or context.program.currency,
        "totals": {"gross_minor": abs(whole) - abs(tip), "paid_minor": abs(whole)},
        "line_items": lines,
        "provenance": {"provider": "square", "adapter": "square"},
    }


def return_lines(back: Part) -> list[dict[str, Any]]:
    """What came back of which lines; one without its line of the sale is left out."""
    return [
        {
            "original_line_id": fitting(each.text("source_line_item_uid")),
            "quantity": amounts.quantity_text(abs(each.number("quantity", default=amounts.decimal(1)))),
            "gross_minor": abs(money(each, "total_money")),
        }
        for each in back.parts("return_line_items")
        if each.has("source_line_item_uid")
    ]
