"""Stripe's refunds and disputes: what was given back of a payment, each under its own id."""

from typing import Any, Final

from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import moments
from stamgast.pos.systems.ids import fitting, transaction_id
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.stripe.money import Money, id_of

_UNDONE: Final = frozenset({"failed", "canceled"})


def refund_documents(refund: Part, event: Part | None, context: Context) -> list[Document]:
    """Nothing while it is on the way; one that failed after all gave nothing back."""
    status = refund.word("status")
    if status not in {"succeeded", ""} and status not in _UNDONE:
        return []
    return [_document(refund, event, context, is_undone=status in _UNDONE)]


def dispute_documents(dispute: Part, event: Part | None, context: Context) -> list[Document]:
    """The money is gone until a dispute is won; an inquiry takes none."""
    status = dispute.word("status")
    if status.startswith("warning") or status == "prevented":
        return []
    return [_document(dispute, event, context, is_undone=status == "won")]


def _document(part: Part, event: Part | None, context: Context, *, is_undone: bool) -> Document:
    sale = id_of(part, "payment_intent") or id_of(part, "charge")
    if sale is None:
        part.refuse("payment_intent", "is missing: it does not say of which payment it is")
    money = Money(part.text("currency").upper())
    amount = 0 if is_undone else abs(money.of(part, "amount"))
    created = part.whole("created")
    at = event.whole("created", default=created) if event is not None else created
    provenance: dict[str, Any] = {"provider": "stripe", "adapter": "stripe"}
    if _is_test(part, event):
        provenance["test"] = True
    return {
        "transaction_id": transaction_id(context, "stripe", sale),
        "refund_id": fitting(part.text("id")),
        "source_version": at * 1_000_000 + is_undone,
        "status": "refund",
        "end_date_time": moments.from_seconds(created),
        "price_currency": money.currency,
        "totals": {"gross_minor": amount, "paid_minor": amount},
        "provenance": provenance,
    }


def _is_test(part: Part, event: Part | None) -> bool:
    """An object says so itself, or its event does; a refund does not."""
    for each in (part, event):
        if each is not None and "livemode" in each.content:
            return each.content["livemode"] is False
    return False
