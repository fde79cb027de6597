"""What a till sees of a customer, and which sentences it reads to them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_terms import WHOLE, Terms, Worth
from stamgast.identity.records import Profile
from stamgast.web.pages.till.serving import read_total
from stamgast.web.pages.till.showing import person_of, wordings
from stamgast.web.problem import Problem

NOW = 1_790_848_800_000
DAY = 86_400_000
CUSTOMER = "c" + "a" * 24
PROFILE = Profile(phone="+31612345678", first_name="Noor", name="Noor Dekker", email="noor@example.nl", language="fr")


@pytest.fixture(scope="module")
def program() -> Program:
    return load_merchant(Path(__file__).parents[4] / "config" / "merchants" / "bakkerij-noord").program


def voucher(letter: str, days: int, state: VoucherState = VoucherState.OPEN, terms: Terms | None = None) -> Voucher:
    return Voucher(
        code=f"A5-{letter * 16}",
        reward="free_loaf",
        state=state,
        cause="",
        rule="",
        issued_at=NOW - DAY,
        expires_at=NOW + days * DAY,
        terms=terms,
    )


def test_the_code_that_was_scanned_comes_first_and_what_is_over_is_not_there(program):
    state = Customer(
        cards={"bread": Card(balance=4)},
        vouchers=[
            voucher("A", 3),
            voucher("B", 9),
            voucher("C", -1),
            voucher("D", 9, VoucherState.REDEEMED),
        ],
    )
    person = person_of((CUSTOMER, program, state, PROFILE), "en", NOW, "A5-" + "B" * 16)
    assert [each.code[3] for each in person.vouchers] == ["B", "A"]
    assert (person.cards[0].stamps, person.cards[0].of) == (4, 7)
    assert not any(each.wants_total for each in person.vouchers)


def test_of_a_voucher_that_takes_off_money_the_total_is_asked_and_one_that_is_not_good_yet_says_from_when(program):
    half = Terms(worth=Worth(share=WHOLE // 2), usable_from=NOW + 2 * DAY)
    [shown] = person_of(
        (CUSTOMER, program, Customer(vouchers=[voucher("A", 9, terms=half)]), PROFILE), "en", NOW
    ).vouchers
    assert (shown.wants_total, shown.worth) == (True, "50%")
    assert date.fromisoformat(shown.not_before) > date(2026, 10, 1)


def test_a_till_sees_no_more_of_a_person_than_what_they_are_called(program):
    person = person_of((CUSTOMER, program, Customer(), PROFILE), "en", NOW)
    assert person.name == "Noor"
    assert not any(word in repr(person) for word in ("612345678", "Dekker", "example.nl"))


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [("12,50", "EUR", 1250), ("12.5", "EUR", 1250), ("7", "EUR", 700), ("800", "JPY", 800)],
)
def test_a_total_is_typed_with_a_point_or_a_comma(typed: str, currency: str, minor: int):
    assert read_total(typed, currency) == minor


@pytest.mark.parametrize("typed", ["", "12.505", "-3", "0", "1.234,50", "twelve", "NaN", "Infinity", "1e99", "sNaN"])
def test_what_is_no_amount_of_money_is_refused(typed: str):
    with pytest.raises(Problem, match="12.50"):
        read_total(typed, "EUR")


def test_what_is_read_to_somebody_is_in_their_language_and_names_the_shop(program):
    read = wordings(program)
    assert [each.language for each in read] == [each[:2] for each in program.languages]
    assert all(program.name in " ".join(each.sentences) for each in read)
    assert len({each.sentences[0] for each in read}) == len(read)
