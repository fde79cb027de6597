"""A bill that several known customers paid: each has a purchase of what they paid, and all of them sum up to the bill.

The first has the bill's own id, its lines (so that what was bought stamps once), and what nobody known has paid. Those
of the others have no lines, and the bill's id with their number.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from stamgast.domain.units import Minor
from stamgast.pos.adapter import Document
from stamgast.pos.systems import amounts, ids

_PAID: Final = "paid_minor"
_KINDS: Final = {"deposit": "deposit_minor", "gift_card": "gift_card_sold_minor"}
"""Lines of these kinds have a total of their own; all others are of the gross."""
_OF_LINE: Final = ("tax_minor", "discount_minor", "cost_minor")


class Payment(NamedTuple):
    """Who paid, if that is known, how much, and how."""

    customer: dict[str, Any] | None
    amount: Minor
    tender: dict[str, Any]


class Share(NamedTuple):
    """One customer's part of a bill."""

    customer: dict[str, Any] | None
    amount: Minor
    tenders: list[dict[str, Any]]


def shares_of(payments: Iterable[Payment]) -> list[Share]:
    """One for each customer, in the order in which they paid; what nobody known has paid is with the first of them."""
    amount: dict[str, Minor] = {}
    customers: dict[str, dict[str, Any]] = {}
    tenders: dict[str, list[dict[str, Any]]] = {}
    nobodys, every = Share(None, 0, []), list[dict[str, Any]]()
    for each in payments:
        every.append(each.tender)
        if each.customer is None:
            nobodys = nobodys._replace(amount=nobodys.amount + each.amount, tenders=[*nobodys.tenders, each.tender])
            continue
        name = each.customer.get("provider_customer_id") or each.customer["phone"]
        customers.setdefault(name, each.customer)
        amount[name] = amount.get(name, 0) + each.amount
        tenders.setdefault(name, []).append(each.tender)
    shares = [Share(customer, amount[name], tenders[name]) for name, customer in customers.items()]
    if len(shares) < 2:
        return [(shares or [nobodys])[0]._replace(tenders=every)]
    first = shares[0]
    shares[0] = first._replace(amount=first.amount + nobodys.amount, tenders=[*nobodys.tenders, *first.tenders])
    return shares


def id_of(bill: str, number: int) -> str:
    """Of the purchase of the so-manieth who paid, from 0."""
    return bill if number == 0 else ids.fitting(f"{bill}:{number + 1}")


def shared(bill: Document, shares: Sequence[Share]) -> list[Document]:
    """The purchases of a bill; itself where one person paid it, or nothing was paid."""
    weights = [max(0, each.amount) for each in shares]
    if len(shares) < 2 or not any(weights):
        return [bill]
    totals = _divided(bill["totals"], weights)
    documents = []
    for number, (share, own) in enumerate(zip(shares, totals, strict=True)):
        changes = {
            "transaction_id": id_of(bill["transaction_id"], number),
            "customer": share.customer,
            "totals": own,
            "tenders": share.tenders,
            "line_items": _lines(bill["line_items"], bill["totals"], own) if number == 0 else [],
        }
        documents.append(bill | changes)
    return documents


def _divided(whole: dict[str, Minor], weights: Sequence[int]) -> list[dict[str, Minor]]:
    """Each total in proportion to what was paid. Where they do not sum up, the first has what is left over."""
    parts: list[dict[str, Minor]] = [{} for _ in weights]
    for name, value in whole.items():
        for part, own in zip(parts, amounts.spread(value, weights), strict=True):
            part[name] = own
    if _PAID in whole:
        beside = [name for name in whole if name not in {_PAID, "tax_minor", "discount_minor"}]
        for part in parts:
            part[_PAID] = sum(part[name] for name in beside)
        parts[0][_PAID] += whole[_PAID] - sum(part[_PAID] for part in parts)
    return [
        {name: own for name, own in part.items() if own or whole[name] == 0 or name == "gross_minor"} for part in parts
    ]


def _lines(lines: list[dict[str, Any]], whole: dict[str, Minor], own: dict[str, Minor]) -> list[dict[str, Any]]:
    """The bill's lines, their money lowered to what the first paid; the largest takes what rounding leaves."""
    lower: list[dict[str, Any]] = []
    for name in ("gross_minor", *_KINDS.values()):
        some = [line for line in lines if _KINDS.get(line.get("kind", ""), "gross_minor") == name]
        if not some:
            continue
        rate = Fraction(own.get(name, 0), whole[name]) if whole.get(name) else Fraction(1)
        found = [
            line | {key: int(line[key] * rate) for key in ("gross_minor", *_OF_LINE) if key in line} for line in some
        ]
        largest = max(found, key=lambda line: line["gross_minor"])
        told = sum(line["gross_minor"] for line in some)
        if told == whole.get(name):
            largest["gross_minor"] += own.get(name, 0) - sum(line["gross_minor"] for line in found)
        lower += found
    order = {line["line_id"]: number for number, line in enumerate(lines)}
    return sorted(lower, key=lambda line: order[line["line_id"]])
