"""The parts of a purchase's document that every system fills alike: totals, customer, store, where it came from."""

from collections.abc import Iterable
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Context, Document
from stamgast.pos.systems import ids
from stamgast.pos.systems.customers import is_phone
from stamgast.pos.systems.lines import told

_MOST_TENDERS: Final = 100
_MOST_ROUNDED: Final = 5
_NO_CUSTOMER: Final = frozenset({"walkin", "walk-in", "walk in", "guest", "anonymous"})


def totals(gross: Minor, tax: Minor | None, paid: Minor | None, **beside: Minor) -> dict[str, Minor]:
    """Totals of which each of `beside` (tip, surcharge, shipping, deposit, …) stands there only if it is not zero."""
    found = {"gross_minor": gross, "tax_minor": tax, "paid_minor": paid}
    return told(found | {f"{name}_minor": value for name, value in beside.items() if value})


def customer(
    context: Context,
    system: str,
    own: str | None,
    *,
    account: str = "",
    phone: str | None = None,
    membership: str | None = None,
) -> dict[str, Any] | None:
    """Who bought it, by whatever the system knows; None for nobody, and for the customer that stands for nobody."""
    if membership is not None and membership.lower() in _NO_CUSTOMER:
        return None
    found = told(
        {
            "provider_customer_id": ids.customer_id(context, system, own, account) if own else None,
            "phone": phone if phone and is_phone(phone) else None,
            "membership_number": ids.fitting(membership) if membership else None,
        }
    )
    return found or None


def store(context: Context, places: Iterable[str | None], workstation: str | None = None) -> dict[str, Any]:
    """The store of the first of these places that the connection maps, its account being the last; else the first."""
    own = context.connection.account or context.connection.name
    named = [*(ids.fitting(each) for each in places if each), own]
    place = next((each for each in named if each in context.connection.stores), named[0])
    return told({"retail_store_id": context.store_of(place), "workstation_id": workstation})


def provenance(context: Context, system: str, account: str | None = None, **more: Any) -> dict[str, Any]:
    """Which system and account said so; `test`, `offline`, `channel` and `operator_id` where they say something."""
    own = context.connection.account or account
    found = {"provider": system, "account": ids.fitting(own) if own else None, "adapter": system}
    return told(found | {name: value for name, value in more.items() if value})


def link(context: Context, system: str, of: str | None, account: str = "", relation: str = "return_of") -> Document:
    """What a return is a return of; a return without its receipt is not linked."""
    if not of:
        return {"relation": relation, "linked": False}
    return {"relation": relation, "transaction_id": ids.transaction_id(context, system, of, account)}


def tenders(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as the contract takes."""
    return [told(each) for each in found][:_MOST_TENDERS]


def cash_rounding(paid: Minor, owed: Minor, tender_types: Iterable[str]) -> Minor:
    """What paying in cash was rounded by: to 5 or 10 of the smallest units, so at most half of that."""
    off = paid - owed
    return off if abs(off) <= _MOST_ROUNDED and "cash" in tender_types else 0
