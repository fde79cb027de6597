"""What a voucher takes off is said as people write it, and of one whose rest is kept what is left."""

import pytest

from stamgast.domain.voucher_terms import Terms, Worth
from stamgast.people.worth_words import times_left, worth_in_words


def used(worth: Worth, *totals: int, uses: int = 1) -> Terms:
    terms = Terms(uses=uses, worth=worth)
    for number, total in enumerate(totals):
        terms.use(f"r{number}", "", total)
    return terms


@pytest.mark.parametrize(
    ("terms", "language", "said"),
    [
        (used(Worth(amount=1_000)), "nl", "€\u00a010,00"),
        (used(Worth(amount=1_000)), "en", "€10.00"),
        (used(Worth(amount=1_000)), "de-AT", "10,00\u00a0€"),
        (used(Worth(amount=123_456)), "fr", "1\u00a0234,56\u00a0€"),
        (used(Worth(amount=1_000, keeps_rest=True), 750), "nl", "€\u00a02,50"),
        (used(Worth(amount=1_000), 750, uses=3), "nl", "€\u00a010,00"),
        (used(Worth(share=125)), "nl", "12,5%"),
        (used(Worth(share=100)), "sv", "10%"),
        (Terms(uses=5), "nl", ""),
        (None, "nl", ""),
    ],
)
def test_it_is_written_as_it_is_read(terms: Terms | None, language: str, said: str):
    assert worth_in_words(terms, "EUR", language) == said


def test_currencies_without_cents_have_none():
    assert worth_in_words(used(Worth(amount=800)), "JPY", "en") == "JP¥800"


def test_what_counts_is_the_rest_or_the_uses():
    assert times_left(used(Worth(amount=1_000, keeps_rest=True), 750)) == 1
    assert times_left(used(Worth(amount=500), 750, uses=3)) == 2
    assert times_left(None) == 1
