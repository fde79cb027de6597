"""Claims among the purchases of a partition: who may write them, and one that is too large to be told."""

import json
from typing import Any

import pytest

from stamgast.domain.claims import Asked, encode_claim
from stamgast.domain.events import PurchaseChanged, decode_event
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import DAY
from stamgast.producing import PROOF
from streams.intake.canonical import Read, UnreadableError
from streams.intake.claims import ReadClaim, claimed, read_any
from streams.intake.merge import NotMergedError
from tests.builders import ANNA, BRAM, MERCHANT, T0, line, record, refund, snapshot
from tests.fakes.records import LogRecord
from tests.foreign_records import PROOFS

ASKED = Asked("t1", "k1", "k1", ANNA, within=DAY)
KEY, VALUE = encode_claim(MERCHANT, ASKED, T0)


def read(value: bytes = VALUE, *, key: bytes = KEY, is_here: bool = True, **more: Any) -> Read | ReadClaim:
    return read_any(LogRecord(0, value, key, **more), is_here=is_here, proofs=PROOFS)


def test_a_claim_of_ours_is_read_as_it_was_written():
    found = read()
    assert isinstance(found, ReadClaim)
    assert (found.merchant, found.transaction, found.recorded_at, found.asked) == (MERCHANT, "t1", T0, ASKED)


def test_a_claim_of_others_or_under_another_key_is_none():
    with pytest.raises(UnreadableError, match="POST"):
        read(headers=((PROOF, b"x"),))
    with pytest.raises(UnreadableError, match="its key"):
        read(key=f"{MERCHANT}:t2".encode())
    with pytest.raises(UnreadableError, match="its key"):
        read(is_here=False)


@pytest.mark.parametrize("name", ["stamgastrecordedat", "data"])
def test_half_a_claim_is_no_purchase_either(name):
    document = json.loads(VALUE)
    del document[name]
    with pytest.raises(UnreadableError, match="not a purchase"):
        read(json.dumps(document, separators=(",", ":")).encode())


def test_a_purchase_that_speaks_of_claims_is_a_purchase():
    key, value = record(snapshot(lines=[line("1", 700)]), T0)
    document = json.loads(value) | {"note": {"type": "stamgast.claim.v1"}}
    assert isinstance(read(json.dumps(document, separators=(",", ":")).encode(), key=key), Read)


def test_a_receipt_that_no_event_can_hold_is_told_and_stays_nobodys():
    transaction = Transaction()
    back = [("1" * 200, "1", 1)] * 100
    sale = snapshot(lines=[line("1", 10**9)], customer=None, price_currency="EUR")
    merge(transaction, decode_record(record(sale, T0)[1]).data, T0)
    for number in range(100):  # all of them in another currency, so that each goes along
        foreign = refund(refund_id=f"r{number}", gross=100, lines=back) | {"price_currency": "USD"}
        merge(transaction, decode_record(record(foreign, T0)[1]).data, T0)
    claim = read()
    assert isinstance(claim, ReadClaim)
    with pytest.raises(NotMergedError, match="bytes with its refunds"):
        claimed(transaction, claim, T0, ("t", 0), lambda _: None)
    assert transaction.whose == ""


def brought(transaction: Transaction, former: str, into: str) -> Any:
    asked = Asked("t1", "m1", "m1", into, verdict="bring", former=former)
    key, value = encode_claim(MERCHANT, asked, T0 + 10 * DAY)
    claim = read(value, key=key)
    assert isinstance(claim, ReadClaim)
    return claimed(transaction, claim, T0 + 10 * DAY, ("t", 0), lambda _: None)


def test_of_two_who_are_one_both_are_told_once_and_as_of_the_day_of_the_sale():
    transaction = Transaction()
    merge(transaction, decode_record(record(snapshot(lines=[line("1", 700)], customer=ANNA), T0)[1]).data, T0)
    made = brought(transaction, ANNA, BRAM)
    left, came = [decode_event(value) for _, value in made.events]
    assert [key.decode() for key, _ in made.events] == [f"{MERCHANT}:{ANNA}", f"{MERCHANT}:{BRAM}"]
    assert isinstance(left, PurchaseChanged)
    assert isinstance(came, PurchaseChanged)
    assert (left.after, came.before, came.after) == (None, None, left.before)
    assert came.after is not None
    assert came.happened_at == came.after.occurred_at < came.at - DAY, "it is old news, and nobody is written to"
    assert [each.source and each.source[3] for each in (left, came)] == [0, 1], "a repeat of either is known"
    assert made.answers == {}
    again = brought(made.state, ANNA, BRAM)
    assert (again.value, again.events) == (None, [])
