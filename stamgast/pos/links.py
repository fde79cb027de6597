"""A return or an exchange that is a receipt of its own: what came back is a refund of the sale that it names.

So the sale loses its stamps, its visit and its value as by any other refund, whichever comes first, and the receipt
itself holds only what was bought beside. An edit or a void of the receipt changes both.
"""

from typing import Any, Final

from stamgast.domain.purchase_record import Delivery
from stamgast.pos.canonical import LineItem, Purchase, Refund, RefundLine, RefundTotals
from stamgast.pos.plain_sale import PlainSale, Told

_TAKES: Final = frozenset({"completed", "partially_refunded"})
_DEPOSIT: Final = "deposit"
_TAKES_AS_RETURN: Final = _TAKES | {"refunded"}
"""Some tills say so of the receipt that they print for what came back. One that is undone is voided."""


def settled(purchase: Told) -> tuple[Told, ...]:
    """Return the receipt without what came back, and what came back as a refund; other receipts as they are."""
    if isinstance(purchase, PlainSale | Refund) or purchase.transaction_link is None or purchase.link_settled:
        return (purchase,)
    link = purchase.transaction_link
    if link.relation == "replaces" or link.transaction_id == purchase.transaction_id:
        return (purchase,)
    takes = _TAKES_AS_RETURN if link.relation == "return_of" else _TAKES
    is_active = purchase.status in takes and not (purchase.provenance and purchase.provenance.test)
    back = [line for line in purchase.line_items if _came_back(line)]
    if link.relation == "return_of" and not back:
        back = purchase.line_items
    elif not back:
        return (purchase,)  # an exchange that does not say for what
    if not link.linked or link.transaction_id is None:
        return (_lowered(purchase, back),) if link.relation == "return_of" and is_active else (purchase,)
    left, money = _apart(purchase, back)
    refund = _refund(purchase, link.transaction_id, back if is_active else [], money if is_active else 0)
    changes: dict[str, Any] = {"link_settled": True}
    if is_active:
        totals = purchase.totals.model_copy(update={"gross_minor": left})
        changes |= {"line_items": _others(purchase, back), "totals": totals, "status": _status(purchase, back)}
    return purchase.model_copy(update=changes), refund


UNLINKED: Final = (
    "a line that came back was paid for, and no transaction_link names its sale: the amount was taken as it stands",
    "transaction_link {relation: return_of} with the sale's transaction_id or linked: false, or amounts below zero",
)
"""What is told of `unlinked_return`, and what is allowed instead."""


def unlinked_return(delivery: Delivery) -> int | None:
    """The first line that came back and yet was paid for, where no link says what it was a return of."""
    if delivery.transaction_link is not None or delivery.refund_id is not None or delivery.status == "voided":
        return None
    for number, line in enumerate(delivery.line_items):
        if line.gross_minor > 0 and (line.kind == "return" or line.quantity.startswith("-")):
            return number
    return None


def _came_back(line: LineItem) -> bool:
    """An empty bottle that is brought back is no goods: its deposit stands beside them in either direction."""
    is_back = line.kind == "return" or line.original_line_id is not None or line.quantity.startswith("-")
    return is_back and line.kind != _DEPOSIT


def _status(purchase: Purchase, back: list[LineItem]) -> str:
    """Of what is left of it: that all of it came back is what its link says already."""
    return "completed" if len(back) == len(purchase.line_items) else purchase.status


def _others(purchase: Purchase, back: list[LineItem]) -> list[LineItem]:
    ids = {line.line_id for line in back}
    return [line for line in purchase.line_items if line.line_id not in ids]


def _apart(purchase: Purchase, back: list[LineItem]) -> tuple[int, int]:
    """What was bought beside, and what came back. A total may be of both, or of what was bought alone."""
    total = purchase.totals.gross_minor
    if len(back) == len(purchase.line_items):
        return 0, abs(total)
    money = sum(abs(line.gross_minor) for line in back)
    sold = sum(line.gross_minor for line in _others(purchase, back) if line.kind != _DEPOSIT)
    return (total if total == sold else total + money), money


def _refund(purchase: Purchase, of: str, back: list[LineItem], money: int) -> Refund:
    return Refund(
        transaction_id=of,
        refund_id=purchase.transaction_id,
        source_version=purchase.source_version,
        status="refund",
        end_date_time=purchase.end_date_time,
        store=purchase.store,
        price_currency=purchase.price_currency,
        totals=RefundTotals(gross_minor=money),
        line_items=[
            RefundLine(
                original_line_id=line.original_line_id or line.line_id,
                quantity=line.quantity.removeprefix("-"),
                gross_minor=abs(line.gross_minor),
            )
            for line in back
        ],
        provenance=purchase.provenance,
        time_suspect=purchase.time_suspect,
    )


def _lowered(purchase: Purchase, back: list[LineItem]) -> Purchase:
    """A return without its receipt: it earns nothing, and lowers what its customer has spent."""
    ids = {line.line_id for line in back}
    lines = [_negative(line) if line.line_id in ids else line for line in purchase.line_items]
    total = purchase.totals.gross_minor
    if len(back) == len(lines):
        total = -abs(total)
    totals = purchase.totals.model_copy(update={"gross_minor": total})
    return purchase.model_copy(update={"line_items": lines, "totals": totals, "status": _status(purchase, back)})


def _negative(line: LineItem) -> LineItem:
    quantity = line.quantity if line.quantity.startswith("-") else f"-{line.quantity}"
    return line.model_copy(update={"kind": "return", "gross_minor": -abs(line.gross_minor), "quantity": quantity})
