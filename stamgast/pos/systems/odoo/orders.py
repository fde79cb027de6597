"""What an order of Odoo's Point of Sale means: a sale, a return, or both, with tips and rewards told apart.

Amounts are floats in major units, `price_subtotal_incl` with tax; what came back has quantities and amounts below zero,
and each of its lines names the line that it was sold by. Times have no offset and are UTC.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import amounts, ids, moments
from stamgast.pos.systems.lines import Line, distinct, gtin, half_up, told
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.sale import cash_rounding, customer, link, provenance, store, tenders, totals
from stamgast.pos.types import write_instant

ZONE: Final = "UTC"
_STATUS: Final = {"paid": "completed", "done": "completed", "invoiced": "completed", "cancel": "voided"}
_TIPS: Final = ("tip", "fooi", "pourboire", "trinkgeld")
_CARD: Final = ("card", "kaart", "carte", "pin", "bank", "maestro", "visa", "bancontact", "terminal")


def documents(order: Part, context: Context, system: str) -> Sequence[Document]:
    """The order, and a refund of each other order that it took something back of, if these are several."""
    currency = _currency(order, context)
    status = _STATUS.get(order.word("state"), "open")
    lines = [(each, _line(each, currency)) for each in order_lines(order)]
    tip = _mark_tip(order, [line for _, line in lines], currency)
    total = order.minor(currency, "amount_total")
    document = _document(order, context, system, currency, status)
    back = [(part, line) for part, line in lines if line["kind"] == "return"]
    originals = list(dict.fromkeys(_original(part) for part, _ in back))
    refunds: list[Document] = []
    if len(originals) == 1:
        own_lines = [line for _, line in lines]
        relation = "exchange_of" if any(line["kind"] not in {"return", DEPOSIT} for _, line in lines) else "return_of"
        document["transaction_link"] = link(context, system, originals[0], relation=relation)
    else:
        own_lines = [line for part, line in lines if line["kind"] != "return" or _original(part) is None]
        for original in filter(None, originals):
            returned = [line for part, line in back if _original(part) == original]
            refunds.append(_refund(document, returned, ids.transaction_id(context, system, original)))
    apart = sum(line["gross_minor"] for _, line in lines) - sum(line["gross_minor"] for line in own_lines)
    document["totals"] = _totals(order, own_lines, currency, total - apart, tip=tip, apart=apart)
    document["line_items"] = distinct(own_lines)
    return [document, *refunds]


def order_lines(order: Part) -> list[Part]:
    """An order's lines: records, or the commands `[0, 0, {…}]` by which a till writes them."""
    name = "lines" if "lines" in order.content else "line_ids"
    value = order.get(name)
    if isinstance(value, list):
        value = [each[2] if isinstance(each, list) and len(each) == 3 else each for each in value]
    return Part({name: value}, order.place).parts(name)


def many2one(value: Any) -> tuple[str | None, str | None]:
    """Id and name of what a field names: `[7, "Shop"]`, 7, or a record."""
    if isinstance(value, list | tuple) and value:
        value = {"id": value[0], "name": value[1] if len(value) > 1 else None}
    if isinstance(value, dict):
        own, name = value.get("id"), value.get("display_name") or value.get("name")
    else:
        own, name = value, None
    is_id = isinstance(own, int | str) and not isinstance(own, bool) and own != ""
    return str(own)[:200] if is_id else None, name[:200] if isinstance(name, str) and name else None


def _document(order: Part, context: Context, system: str, currency: str, status: str) -> Document:
    at = write_instant(order.moment("date_order", "create_date", zone=ZONE))
    version = order.moment("write_date", "date_order", zone=ZONE)
    till, till_name = many2one(order.get("config_id"))
    company, company_name = many2one(order.get("company_id"))
    clerk, _ = many2one(order.get("employee_id", "user_id"))
    return told(
        {
            "transaction_id": ids.transaction_id(context, system, order.text("uuid", "pos_reference", "id", "_id")),
            "receipt_number": order.id("pos_reference", "name"),
            "source_version": moments.ranked(moments.version_at(version), status),
            "status": status,
            "end_date_time": at,
            "store": store(context, (till, till_name, company, company_name), ids.fitting(till) if till else None),
            "customer": _customer(order, context, system),
            "price_currency": currency,
            "tenders": tenders(_tender(each, currency) for each in _payments(order)),
            "provenance": provenance(context, system, channel=order.id("source"), operator_id=clerk),
        }
    )


def _currency(order: Part, context: Context) -> str:
    value = order.get("currency_id", "currency")
    _, name = many2one(value)
    word = name or (value if isinstance(value, str) else "")
    return word.strip().upper() if len(word.strip()) == 3 else context.program.currency


def _customer(order: Part, context: Context, system: str) -> dict[str, Any] | None:
    known = order.beside("partner")
    if known is None and isinstance(order.get("partner_id"), dict):
        known = order.beside("partner_id")
    own, _ = many2one(order.get("partner_id"))
    if known is None:
        return customer(context, system, own)
    phone, membership = known.maybe("mobile", "phone"), known.maybe("barcode")
    return customer(context, system, own or known.maybe("id"), phone=phone, membership=membership)


def _payments(order: Part) -> list[Part]:
    """Payments, if they are there and not by their ids alone."""
    name = "payment_ids" if "payment_ids" in order.content else "payments"
    value = order.get(name)
    listed = (
        [each[2] if isinstance(each, list) and len(each) == 3 else each for each in value]
        if isinstance(value, list)
        else []
    )
    return Part({name: [each for each in listed if isinstance(each, dict)]}, order.place).parts(name)


def _tender(payment: Part, currency: str) -> dict[str, Any]:
    own, name = many2one(payment.get("payment_method_id"))
    word = (name or "").lower()
    kind = "other"
    if payment.flag("is_cash_count") or "cash" in word or "contant" in word or "espèces" in word:
        kind = "cash"
    elif payment.has("card_type", "card_no") or any(each in word for each in _CARD):
        kind = "card"
    elif "account" in word or "rekening" in word:
        kind = "account"
    amount = payment.minor(currency, "amount", default=0)
    return {"tender_id": payment.id("uuid", "id") or own, "tender_type": kind, "amount_minor": amount}


def _totals(
    order: Part, lines: Sequence[Line], currency: str, total: Minor, *, tip: Minor, apart: Minor
) -> dict[str, Minor]:
    cards, deposit = (
        sum(line["gross_minor"] for line in lines if line["kind"] == each) for each in ("gift_card", DEPOSIT)
    )
    paid = order.minor(currency, "amount_paid", default=total + apart) - apart
    kinds = [_tender(each, currency)["tender_type"] for each in _payments(order)]
    rounding = cash_rounding(paid, total, kinds)
    taxes = sum(line.get("tax_minor", 0) for line in lines)
    tax = taxes if apart else order.minor(currency, "amount_tax", default=taxes)
    discount = sum(line.get("discount_minor", 0) for line in lines)
    beside = {"tip": tip, "gift_card_sold": cards, "deposit": deposit, "rounding": rounding, "discount": discount}
    return totals(total - tip - cards - deposit, tax, paid, **beside)


def _line(line: Part, currency: str) -> Line:
    quantity = line.number("qty", "quantity", default=Decimal(1))
    gross = line.minor(currency, "price_subtotal_incl", "price_subtotal", default=0)
    net = line.minor(currency, "price_subtotal", "price_subtotal_incl", default=0)
    product, name = many2one(line.get("product_id"))
    known = line.beside("product")
    if known is None and isinstance(line.get("product_id"), dict):
        known = line.beside("product_id")
    _, category = many2one(known.get("categ_id")) if known else (None, None)
    discount = line.number("discount", default=Decimal(0))
    name = line.maybe("full_product_name", "name") or name
    is_back = quantity < 0 and not line.flag("is_reward_line") and not is_deposit(name)
    original, _ = many2one(line.get("refunded_orderline_id"))
    return told(
        {
            "line_id": line.id("id", "uuid") or "line",
            "kind": DEPOSIT if is_deposit(name) else _kind(line, gross, is_back=is_back),
            "sku": known.id("default_code") if known else None,
            "gtin": gtin(known.maybe("barcode")) if known else None,
            "product_id": ids.fitting(product) if product else None,
            "name": ids.short(name or "") or None,
            "category": ids.fitting(category) if category else None,
            "quantity": amounts.quantity_text(quantity),
            "unit_price_minor": _of_one(gross, quantity, discount),
            "gross_minor": gross,
            "discount_minor": _taken_off(gross, discount),
            "tax_minor": gross - net,
            "cost_minor": abs(line.minor(currency, "total_cost", default=0)) or None,
            "original_line_id": ids.fitting(original) if is_back and original else None,
        }
    )


def _taken_off(gross: Minor, percent: Decimal) -> Minor | None:
    """What a discount in percent took off, from what is left."""
    return half_up(abs(gross) * percent / (100 - percent)) or None if 0 < percent < 100 else None


def _of_one(gross: Minor, quantity: Decimal, percent: Decimal) -> Minor | None:
    """The price of one with tax, before its discount: `price_unit` has tax or not, as the tax is set up."""
    left = quantity * (100 - percent)
    return half_up(gross * 100 / left) if left and percent < 100 else None


def _kind(line: Part, gross: Minor, *, is_back: bool) -> str:
    if line.flag("is_reward_line"):
        return "reward"
    if is_back:
        return "return"
    return "gift_card" if gross > 0 and line.has("gift_code", "gift_barcode", "e_wallet_program_id") else "sale"


def _mark_tip(order: Part, lines: Sequence[Line], currency: str) -> Minor:
    """The tip is a line of a product of its own, in the total: it becomes a fee."""
    tip = order.minor(currency, "tip_amount", default=0)
    fitting = [line for line in lines if line["kind"] == "sale" and line["gross_minor"] == tip]
    if tip <= 0 or not fitting:
        return 0
    by_name = [line for line in fitting if any(word in line.get("name", "").lower() for word in _TIPS)]
    (by_name or fitting)[-1]["kind"] = "fee"
    return tip


def _original(line: Part) -> str | None:
    """The order that a line came back of, as its transaction is called; None where nobody says."""
    sale = line.beside("refunded_order")
    return sale.maybe("uuid", "pos_reference", "id") if sale else line.maybe("refunded_order_uuid")


def _refund(document: Document, lines: Sequence[Line], of: str) -> Document:
    """What an order took back of another one, under the order's own id; nothing, once the order is undone."""
    counts = document["status"] == "completed"
    return {
        "transaction_id": of,
        "refund_id": document["transaction_id"],
        "status": "refund",
        "source_version": document["source_version"],
        "end_date_time": document["end_date_time"],
        "store": document["store"],
        "price_currency": document["price_currency"],
        "totals": {"gross_minor": sum(abs(line["gross_minor"]) for line in lines) if counts else 0},
        "line_items": [
            {
                "original_line_id": line.get("original_line_id", line["line_id"]),
                "quantity": line["quantity"].removeprefix("-"),
                "gross_minor": abs(line["gross_minor"]),
            }
            for line in lines
            if counts
        ],
        "provenance": document["provenance"],
    }
