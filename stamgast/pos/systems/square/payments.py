"""Square's payments and refunds, where they are read by themselves."""

from typing import Any, Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import moments
from stamgast.pos.systems.customers import customer_of
from stamgast.pos.systems.ids import fitting, transaction_id
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.square.money import TENDERS, currency_of, money, needed
from stamgast.pos.systems.square.orders import return_lines
from stamgast.pos.types import write_instant

_STATES: Final = {"completed": "completed", "canceled": "voided", "failed": "voided"}


def payment_document(payment: Part, context: Context) -> Document:
    """A payment as a transaction of its own: what was bought is not told."""
    currency = currency_of(payment, "total_money", "amount_money") or payment.text("currency")
    back = money(payment, "refunded_money")
    tip = money(payment, "tip_money")
    paid = needed(payment, "total_money", "amount_money") + (0 if payment.has("total_money") else tip)
    goods = money(payment, "amount_money") if payment.has("amount_money") else paid - tip
    offline = payment.part("offline_payment_details")
    clock = offline.maybe("client_created_at") if offline is not None else None
    moment = moments.utc(clock) if clock else write_instant(payment.moment("created_at", "updated_at"))
    status = _STATES.get(payment.word("status"), "open")
    if status == "completed" and back:
        status = "refunded" if back >= paid else "partially_refunded"
    totals = {"gross_minor": max(0, goods - back), "paid_minor": paid - back}
    if left := tip - max(0, back - goods):
        totals["tip_minor"] = left
    changed = write_instant(payment.moment("updated_at", "created_at"))
    document: Document = {
        "transaction_id": transaction_id(context, "square", payment.text("id")),
        "source_version": moments.ranked(moments.version_of(changed), status),
        "status": status,
        "end_date_time": moment,
        "store": {"retail_store_id": context.store_of(payment.maybe("location_id") or "unknown")},
        "price_currency": currency,
        "totals": totals,
        "tenders": [_tender(payment, paid, tip)],
        "refund_ids": _refund_ids(payment),
        "provenance": _provenance(payment, is_offline=payment.flag("is_offline_payment") or clock is not None),
    }
    if number := payment.id("receipt_number"):
        document["receipt_number"] = number
    if device := _device(payment):
        document["store"]["workstation_id"] = device
    return document | customer_of(context, "square", payment.maybe("customer_id"))


def refund_documents(refund: Part, context: Context) -> list[Document]:
    """A refund that was carried out. Of an exchange the order tells what came back."""
    if refund.word("status") not in {"completed", ""}:
        return []
    order = refund.part("return_order")
    if order is not None and order.parts("line_items"):
        return []
    whole, tip = abs(money(refund, "amount_money")), abs(money(refund, "tip_money"))
    moment = write_instant(refund.moment("created_at", "updated_at"))
    document: Document = {
        "source_version": moments.version_at(refund.moment("updated_at", "created_at")),
        "end_date_time": moment,
        "price_currency": currency_of(refund, "amount_money") or context.program.currency,
        "provenance": _provenance(refund),
    }
    sale = refund.maybe("source_order_id", "payment_id")
    if refund.flag("unlinked") or sale is None:
        return [document | _unlinked(refund, whole, context)]
    totals = {"gross_minor": max(0, whole - tip), "paid_minor": whole}
    lines: list[dict[str, Any]] = []
    if order is not None and refund.has("source_order_id"):
        returns = [each for each in order.parts("returns") if each.maybe("source_order_id") == sale]
        lines = [line for each in returns for line in return_lines(each)]
        if sum(line["gross_minor"] for line in lines) > whole:
            lines = []  # it was paid out in parts: each takes its share off every line
    own = {
        "transaction_id": transaction_id(context, "square", sale),
        "refund_id": fitting(refund.text("id")),
        "status": "refund",
        "totals": totals,
        "line_items": lines,
    }
    return [document | own]


def _unlinked(refund: Part, whole: int, context: Context) -> Document:
    """Money that was given back for no sale that is known: it lowers what its customer has spent, if there is one."""
    return {
        "transaction_id": transaction_id(context, "square", refund.text("id")),
        "status": "completed",
        "store": {"retail_store_id": context.store_of(refund.maybe("location_id") or "unknown")},
        "totals": {"gross_minor": -whole, "paid_minor": -whole},
        "transaction_link": {"relation": "return_of", "linked": False},
    } | customer_of(context, "square", refund.maybe("customer_id"))


def _tender(payment: Part, paid: int, tip: int) -> dict[str, Any]:
    kind = (payment.maybe("source_type") or "").upper()
    tender: dict[str, Any] = {
        "tender_id": fitting(payment.text("id")),
        "tender_type": TENDERS.get(kind, "other"),
        "amount_minor": paid,
    }
    if tip:
        tender["tip_minor"] = tip
    details = payment.part("card_details")
    card = details.part("card") if details is not None else None
    if card is not None:
        if (card.maybe("card_brand") or "") == "SQUARE_GIFT_CARD":
            tender["tender_type"] = "gift_card"
        if (mark := card.id("fingerprint")) and any(each.isalpha() for each in mark):
            tender["card_ref"] = mark
    return tender


def _refund_ids(payment: Part) -> list[str]:
    ids = payment.get("refund_ids")
    return [fitting(each) for each in ids[:1000] if isinstance(each, str) and each] if isinstance(ids, list) else []


def _device(payment: Part) -> str | None:
    device = payment.part("device_details")
    return device.id("device_id", "device_name") if device is not None else None


def _provenance(part: Part, *, is_offline: bool = False) -> dict[str, Any]:
    provenance: dict[str, Any] = {"provider": "square", "adapter": "square"}
    if is_offline:
        provenance["offline"] = True
    if operator := part.id("team_member_id", "employee_id"):
        provenance["operator_id"] = operator
    details = part.part("application_details")
    if details is not None and (channel := details.id("square_product")):
        provenance["channel"] = channel
    return provenance
