"""Reasons name place and kind, never what stood there: in a wrong field it may be somebody's name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stamgast.domain.errors import UNREADABLE, why_unreadable
from stamgast.domain.events import Enrolled, decode_event, encode_event
from stamgast.domain.purchase_record import decode_record

NAME = "Jan O'Neil `x` - at home"
SALE = {
    "specversion": "1.0", "id": "e", "source": "/till", "type": "stamgast.purchase.v1",
    "data": {
        "transaction_id": "t1", "source_version": 1, "status": "completed", "end_date_time": "2026-10-01T07:42:10Z",
        "store": {"retail_store_id": "hoek"}, "price_currency": "EUR", "totals": {"gross_minor": 1240},
        "line_items": [{"line_id": "1", "gross_minor": 350, "quantity": "1"}],
    },
}  # fmt: skip


def reasons(document: Any, read: Any) -> list[str]:
    """What is said if this name stands in each of a document's fields in turn, and beside them."""
    said = []
    places = [document, *(each for each in document.values() if isinstance(each, dict))]
    for place in places:
        for field in [*place, NAME]:
            before = place.get(field, ...)
            for wrong in (NAME, {NAME: NAME}, [NAME], 1.5):
                place[field] = wrong
                try:
                    read(msgspec.json.encode(document))
                except UNREADABLE as error:
                    said.append(why_unreadable(error))
            if before is ...:
                del place[field]
            else:
                place[field] = before
    return said


@pytest.mark.parametrize(
    ("document", "read"),
    [
        (SALE, decode_record),
        (msgspec.json.decode(encode_event(Enrolled(merchant="m", customer="c", at=1, language="nl"))), decode_event),
    ],
    ids=["a purchase", "an event"],
)
def test_a_name_in_a_wrong_field_stands_in_no_reason(document: Any, read: Any):
    said = reasons(document, read)
    assert len(said) > 10
    assert not any("Jan" in each or "Neil" in each for each in said)
    assert any("`$." in each for each in said), "where it stood is told"


def test_bytes_that_are_no_text_are_told_by_their_place():
    with pytest.raises(UNREADABLE) as caught:
        decode_event(b'{"type": "\xff"}')
    assert why_unreadable(caught.value) == "no UTF-8 (byte 0)"
