"""What a payment system tells beside the till: it adds to the transaction, names who paid, and is never a sale."""

import itertools
from typing import Any

import msgspec
import pytest

from stamgast.domain.claims import Asked, ClaimOutcome, brought, decide
from stamgast.domain.net_purchase import net
from stamgast.domain.payments import MOST, paid
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Payment, Transaction, decode_transaction, encode_transaction
from stamgast.domain.units import DAY
from tests.builders import ANNA, BRAM, T0, line, record, snapshot, sure

NOBODYS: dict[str, Any] = {"lines": [line("1", 700)], "customer": None}
CARD = Payment(1, 700, "EUR", "card", customer=ANNA, card="fp_x", system="stripe")


def told(payment: Payment = CARD, name: str = "stripe:pi_1") -> Asked:
    return Asked("t1", f"paid-{name}-{payment.version}", name, verdict="paid", payment=payment)


def sale(**more: Any) -> Any:
    return decode_record(record(snapshot("t1", **NOBODYS | more), T0)[1]).data


def after(*steps: Any) -> Transaction:
    """A transaction after sales and payments, in this order."""
    transaction = Transaction()
    for step in steps:
        if isinstance(step, Asked):
            transaction = paid(transaction, step) or transaction
        else:
            merge(transaction, step, T0)
    return decode_transaction(encode_transaction(transaction))


def test_whoever_paid_a_sale_of_nobodys_is_credited_and_its_sum_is_the_tills():
    transaction = after(sale(), told(msgspec.structs.replace(CARD, amount=750, tip=50)))
    assert (transaction.whose, sure(net(transaction)).spend) == (ANNA, 700)


def test_the_till_and_a_claim_go_before_the_payment():
    by_till = after(sale(), told(), sale(customer=BRAM, source_version=2))
    assert by_till.whose == BRAM
    claimed = after(sale(), told())
    asked = Asked("t1", "k1", "k1", BRAM, within=14 * DAY)
    assert decide(claimed, asked, T0).outcome is ClaimOutcome.TAKEN
    unknown = after(sale(), told(msgspec.structs.replace(CARD, customer="")))
    unknown.claim = decide(unknown, asked, T0).claim
    assert paid(unknown, told()) is not None
    assert sure(paid(unknown, told(msgspec.structs.replace(CARD, version=2)))).whose == BRAM


def test_in_whatever_order_and_however_often_they_come_the_transaction_ends_alike():
    parts = msgspec.structs.replace(CARD, amount=300), msgspec.structs.replace(CARD, amount=400, customer="")
    newer = msgspec.structs.replace(parts[0], version=2, amount=250)
    steps = [sale(), told(parts[0], "a"), told(newer, "a"), told(parts[1], "b"), told(parts[0], "a")]
    ends = {encode_transaction(_still(after(*order))) for order in itertools.permutations(steps)}
    assert len(ends) == 1
    assert {name: each.amount for name, each in after(*steps).payments.items()} == {"a": 250, "b": 400}
    assert after(*steps).whose == ANNA


def _still(transaction: Transaction) -> Transaction:
    """Without how often it changed."""
    transaction.revision = 0
    return transaction


def test_two_who_paid_one_sale_leave_it_nobodys():
    split = after(sale(), told(), told(msgspec.structs.replace(CARD, customer=BRAM), "stripe:pi_2"))
    assert split.whose == ""


def test_who_paid_is_the_other_once_two_customers_are_one():
    transaction = after(sale(), told())
    merged = sure(brought(transaction, Asked("t1", "b", "b", BRAM, verdict="bring", former=ANNA)))
    assert merged.whose == BRAM
    late = sure(paid(merged, told(msgspec.structs.replace(CARD, version=3))))
    assert late.whose == BRAM


@pytest.mark.parametrize("known", [MOST])
def test_a_transaction_has_so_many_payments_at_most(known: int):
    transaction = after(sale(), *(told(CARD, f"p{n}") for n in range(known + 3)))
    assert len(transaction.payments) == known
