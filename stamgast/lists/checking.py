"""Rows of a list held against what the door would say, as far as that needs nobody's answer: nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from stamgast.domain.program import Program
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import identifiers_of_sale
from stamgast.lists.members import Member, Members, in_words
from stamgast.lists.receipts import Draft, Receipts, Rejected, Unit
from stamgast.people.enrolment import identifiers_in
from stamgast.pos.canonical import Refund
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Refused, read_item


def checked(reader: Receipts | Members, program: Program) -> Iterator[tuple[Unit, list[Draft | Member | Rejected]]]:
    """Each unit of a list, and what its rows mean."""
    for unit in reader.units():
        read = [each for found in reader.read(unit) for each in _held_against(found, program)]
        yield unit, read


def _held_against(found: Draft | Member | Rejected, program: Program) -> list[Draft | Member | Rejected]:
    if isinstance(found, Rejected):
        return [found]
    if isinstance(found, Member):
        try:
            identifiers_in(found.given, program.home)
        except RefusedError as error:
            return [Rejected(found.line, in_words(error.problems))]
        return [found]
    why = _why_not(found, program)
    return [Rejected(line, why) for line in found.lines] if why else [found]


def _why_not(draft: Draft, program: Program) -> str:
    item = read_item(draft.document, "")
    if isinstance(item, Refused):
        return in_words(item.problems)
    purchase = item.purchase
    if isinstance(purchase, Refund) or purchase.customer is None:
        return ""
    try:
        identifiers_of_sale(purchase.customer, program.region_of(purchase.store.retail_store_id))
    except BadPhoneError as error:
        return f"phone {error}"
    return ""
