"""Receipts' numbers that come again: of another store, or of another day, they are other transactions.

`transaction_scope` of a programme says within what a till's transaction ids are its own. Where that is not the whole
merchant, store (and day) of the sale go into the id at the door, before the key is made, so that everything behind it
knows but one id. A refund and a link have to say of which sale they are.
"""

from datetime import date
from typing import Any, Final

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.program import Program
from stamgast.domain.purchase_record import millis_of
from stamgast.pos.canonical import Purchase, Refund, SaleReference
from stamgast.pos.plain_sale import PlainSale, Told, changed
from stamgast.pos.problems import Problem, RefusedError, pointer

_LONGEST: Final = 200


def scoped(purchase: Told, program: Program, place: str = "") -> Told:
    """A purchase under the id by which it is told apart. Raises RefusedError if that cannot be said, or it is a return
    of itself.
    """
    found = purchase if program.transaction_scope == "merchant" else _told_apart(purchase, program, place)
    if isinstance(found, Purchase) and found.transaction_link is not None:
        _refuse_link_to_itself(found, place)
    return found


def scoped_id(program: Program, name: str, store: str | None, day: date | None) -> str:
    """The id by which a transaction is told apart that is named beside no purchase. Raises RefusedError if that cannot
    be said.
    """
    if program.transaction_scope == "merchant":
        return name
    of = _Sales(program, "")
    found = of.id_of(name, store, day, "")
    if of.problems:
        raise RefusedError(of.problems)
    return found


def _refuse_link_to_itself(purchase: Purchase, place: str) -> None:
    link = purchase.transaction_link
    if (
        link
        and link.relation != "replaces"
        and link.transaction_id == purchase.transaction_id
        and not purchase.link_settled
    ):
        detail = "transaction_id of the link is the receipt's own: nothing can be a return of itself"
        allowed = "the transaction_id of the sale; or the sale's own with a higher source_version, status refunded"
        raise RefusedError(
            [{"pointer": pointer(place, ["transaction_link", "transaction_id"]), "detail": detail, "allowed": allowed}]
        )


def _told_apart(purchase: Told, program: Program, place: str) -> Told:
    of = _Sales(program, place)
    changes: dict[str, Any] = {}
    if isinstance(purchase, Refund):
        sale = purchase.sale or SaleReference()
        own = None if purchase.store is None else purchase.store.retail_store_id
        store, day = sale.retail_store_id or own, sale.business_day_date
        changes["transaction_id"] = of.id_of(purchase.transaction_id, store, day, "sale")
    else:
        changes["transaction_id"] = of.id_of(purchase.transaction_id, *_own(purchase, program), "")
        link = purchase.transaction_link if isinstance(purchase, Purchase) else None
        if link is not None and link.transaction_id is not None:
            store = link.retail_store_id or purchase.store.retail_store_id
            name = of.id_of(link.transaction_id, store, link.business_day_date, "transaction_link")
            changes["transaction_link"] = link.model_copy(update={"transaction_id": name})
    if of.problems:
        raise RefusedError(of.problems)
    return changed(purchase, **changes)


class _Sales:
    def __init__(self, program: Program, place: str) -> None:
        self._scope = program.transaction_scope
        self._place = place
        self.problems: list[Problem] = []

    def id_of(self, name: str, store: str | None, day: date | None, where: str) -> str:
        """The id of a sale; `where` its store and day are looked for, if they are missing."""
        words = [store, day.isoformat() if day else None] if self._scope == "store_day" else [store]
        for field, word in zip(("retail_store_id", "business_day_date"), words, strict=False):
            if word is None:
                self._refuse([where, field], f"{field} of the sale is missing: ids are told apart by {self._scope}")
        found = ":".join([*(word or "" for word in words), name])
        if len(found) > _LONGEST:
            why = f"transaction_id is longer than {_LONGEST} characters with what tells it apart ({self._scope})"
            self._refuse(["transaction_id"], why)
        return found

    def _refuse(self, parts: list[str], why: str) -> None:
        allowed = "program.yaml says `purchases: {transaction_scope: …}`: merchant where no id comes twice"
        self.problems.append({"pointer": pointer(self._place, parts), "detail": why, "allowed": allowed})


def _own(purchase: Purchase | PlainSale, program: Program) -> tuple[str, date]:
    store = program.stores.get(purchase.store.retail_store_id)
    zone, begins = (program.time_zone, 0) if store is None else (store.time_zone, store.day_start)
    day = purchase.business_day_date or date_of(business_day(millis_of(purchase.end_date_time), zone, begins))
    return purchase.store.retail_store_id, day
