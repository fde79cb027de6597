"""What a claim of a receipt comes to, beside what its till says of it."""

from typing import Any

import msgspec
import pytest

from stamgast.domain.claims import Asked, ClaimOutcome, Limit, brought, decide, decode_waiting_claim, line_of
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction, decode_transaction, encode_transaction
from stamgast.domain.units import DAY
from tests.builders import ANNA, BRAM, T0, line, record, refund, snapshot, sure

NOBODYS: dict[str, Any] = {"lines": [line("1", 700)], "customer": None}
WITHIN = 14 * DAY


def sold(*deliveries: dict[str, Any]) -> Transaction:
    transaction = Transaction()
    for delivery in deliveries:
        merge(transaction, decode_record(record(delivery, T0)[1]).data, T0)
    return transaction


def asked(name: str = "k1", customer: str = ANNA, **more: Any) -> Asked:
    return Asked("t1", name, name, customer, within=WITHIN, **more)


def word(verdict: Any, claim: str = "k1") -> Asked:
    return Asked("t1", "w1", claim, verdict=verdict)


def after(transaction: Transaction, *requests: Asked, at: int = T0) -> ClaimOutcome:
    """What the last of them comes to."""
    outcome = ClaimOutcome.NO_RECEIPT
    for each in requests:
        transaction.claim, outcome = decide(transaction, each, at)
    return outcome


@pytest.fixture
def sale() -> Transaction:
    return sold(snapshot("t1", **NOBODYS))


def test_the_first_claim_gets_it_and_its_repeat_the_same_answer(sale):
    assert after(sale, asked()) is ClaimOutcome.CLAIMED
    assert sale.whose == ANNA
    assert after(sale, asked("k2", BRAM)) is ClaimOutcome.TAKEN
    assert after(sale, asked()) is ClaimOutcome.CLAIMED
    assert sale.whose == ANNA


def test_it_may_be_claimed_to_the_last_moment_of_the_window_and_not_after(sale):
    moment = sure(sale.snapshot).occurred_at
    assert after(sale, asked(), at=moment + WITHIN + 1) is ClaimOutcome.TOO_LATE
    assert sale.whose == ""
    assert after(sale, asked(), at=moment + WITHIN) is ClaimOutcome.CLAIMED


def test_one_that_is_too_many_is_nobodys_until_a_person_has_looked(sale):
    assert after(sale, asked(over=(Limit.OPERATOR,), operator_id="o1")) is ClaimOutcome.IN_REVIEW
    assert sale.whose == ""
    told = decode_waiting_claim(line_of(sale) or b"")
    assert (told.customer, told.over, told.operator, told.spend) == (ANNA, (Limit.OPERATOR,), "o1", 700)
    assert after(sale, asked("k2", BRAM)) is ClaimOutcome.TAKEN
    assert after(sale, word("confirm", "k2")) is ClaimOutcome.NO_CLAIM
    assert after(sale, word("confirm"), at=T0 + 30 * DAY) is ClaimOutcome.CLAIMED
    assert (sale.whose, line_of(sale)) == (ANNA, None)
    assert after(sale, word("refuse")) is ClaimOutcome.NO_CLAIM


def test_what_was_refused_is_nobodys_and_may_be_claimed(sale):
    after(sale, asked(over=(Limit.STORE,)), word("refuse"))
    assert (sale.whose, sale.claim, line_of(sale)) == ("", None, None)
    assert after(sale, asked("k2", BRAM)) is ClaimOutcome.CLAIMED


def test_a_till_that_names_somebody_knows_better_whatever_came_first():
    hers = snapshot("t1", 2, lines=[line("1", 700)], customer=BRAM)
    transaction = sold(snapshot("t1", **NOBODYS))
    after(transaction, asked())
    merge(transaction, decode_record(record(hers, T0)[1]).data, T0)
    assert transaction.whose == BRAM
    assert after(sold(snapshot("t1", **NOBODYS), hers), asked()) is ClaimOutcome.TAKEN
    waits = sold(snapshot("t1", **NOBODYS))
    after(waits, asked(over=(Limit.CUSTOMER,)))
    merge(waits, decode_record(record(hers, T0)[1]).data, T0)
    assert after(waits, word("confirm")) is ClaimOutcome.TAKEN
    assert (waits.whose, waits.claim) == (BRAM, None)


@pytest.mark.parametrize("more", [{"status": "voided"}, {"status": "open"}, {"provenance": {"test": True}}])
def test_what_does_not_count_cannot_be_claimed(more):
    assert after(sold(snapshot("t1", **NOBODYS) | more), asked()) is ClaimOutcome.NOTHING_LEFT


def test_what_was_given_back_in_part_can_be_claimed_and_all_of_it_cannot():
    whole = snapshot("t1", **NOBODYS)
    assert after(sold(whole, refund("t1", gross=300)), asked()) is ClaimOutcome.CLAIMED
    assert after(sold(whole, refund("t1", gross=700)), asked()) is ClaimOutcome.NOTHING_LEFT
    assert after(sold(refund("t1", gross=700)), asked()) is ClaimOutcome.NO_RECEIPT
    assert after(Transaction(), asked()) is ClaimOutcome.NO_RECEIPT


def test_a_transaction_from_before_there_were_claims_is_read_and_one_with_a_claim_comes_back(sale):
    before = Transaction.__struct_fields__.index("claim")
    old = msgspec.msgpack.encode(msgspec.structs.astuple(sale)[:before])
    assert decode_transaction(old) == sale
    after(sale, asked(over=(Limit.CUSTOMER,)))
    assert decode_transaction(encode_transaction(sale)) == sale


def moved(transaction: Transaction, former: str, into: str) -> Transaction | None:
    return brought(transaction, Asked("t1", "m1", "m1", into, verdict="bring", former=former))


def test_what_was_bought_by_somebody_who_is_another_is_the_others_and_what_still_names_them_means_the_other():
    hers = sold(snapshot("t1", customer=ANNA))
    his = sure(moved(hers, ANNA, BRAM))
    assert (hers.whose, his.whose) == (ANNA, BRAM), "and the one before is as it was"
    for version in (1, 2):
        merge(his, decode_record(record(snapshot("t1", version, customer=ANNA), T0)[1]).data, T0)
        assert his.whose == BRAM
    assert decode_transaction(encode_transaction(his)) == his
    assert moved(his, ANNA, BRAM) is None, "once is enough"


def test_whoever_is_merged_on_takes_along_what_came_before_and_back_again_is_no_circle():
    last = sure(moved(sure(moved(sold(snapshot("t1", customer=ANNA)), ANNA, BRAM)), BRAM, "c" * 25))
    assert (last.whose, set(last.formerly)) == ("c" * 25, {ANNA, BRAM})
    back = sure(moved(last, "c" * 25, ANNA))
    assert (back.whose, set(back.formerly)) == (ANNA, {BRAM, "c" * 25})


def test_what_its_till_gave_to_somebody_else_meanwhile_stays_theirs():
    sale = sold(snapshot("t1", customer=ANNA), snapshot("t1", 2, customer=BRAM))
    assert moved(sale, ANNA, "c" * 25) is None
    assert moved(sale, BRAM, BRAM) is None


def test_a_claim_that_waits_goes_over_with_whoever_made_it(sale):
    after(sale, asked(over=(Limit.CUSTOMER,)))
    his = sure(moved(sale, ANNA, BRAM))
    assert (his.whose, sure(his.claim).customer, sure(his.claim).waits) == ("", BRAM, True)
