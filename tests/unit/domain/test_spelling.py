"""What was meant by a mistyped word, in the answers to tills, in files and at the terminal alike."""

from __future__ import annotations

import time

import pytest

from stamgast.domain.currencies import nearest_currency
from stamgast.domain.spelling import meant_by, nearest
from stamgast.pos.warnings import unknown_word

STORES = ("dok-noord", "dok-zuid", "korenmarkt", "sint-pieters", "webshop", "kiosk-1", "kiosk-2")
WORDS = (
    "status",
    "stamp_card_completed",
    "valid_for",
    "description",
    "once_per",
    "send_between",
    "wednesday",
    "visits",
)
TYPOS = [
    (STORES, "dok noord", "dok-noord"),
    (STORES, "DOK_NOORD", "dok-noord"),
    (STORES, "doknoord", "dok-noord"),
    (STORES, "dok-nord", "dok-noord"),
    (STORES, "dok-niird", "dok-noord"),
    (STORES, "dok-oord", "dok-noord"),
    (STORES, "zuid", "dok-zuid"),
    (STORES, "dok-zuud", "dok-zuid"),
    (STORES, "dokzuidd", "dok-zuid"),
    (STORES, "koren", "korenmarkt"),
    (STORES, "korenmrkt", "korenmarkt"),
    (STORES, "korenmarckt", "korenmarkt"),
    (STORES, "Koernmarkt", "korenmarkt"),
    (STORES, "sint pieters", "sint-pieters"),
    (STORES, "st-pieters", "sint-pieters"),
    (STORES, "pieters", "sint-pieters"),
    (STORES, "wbeshop", "webshop"),
    (STORES, "web", "webshop"),
    (STORES, "webshpo", "webshop"),
    (STORES, "kiosk1", "kiosk-1"),
    (STORES, "kisok-2", "kiosk-2"),
    (STORES, "dok", ""),
    (STORES, "amsterdam", ""),
    (STORES, "", ""),
    (STORES, "x", ""),
    (WORDS, "statsu", "status"),
    (WORDS, "stauts", "status"),
    (WORDS, "staus", "status"),
    (WORDS, "statuss", "status"),
    (WORDS, "stamp_card_complete", "stamp_card_completed"),
    (WORDS, "stampcardcompletd", "stamp_card_completed"),
    (WORDS, "valid", "valid_for"),
    (WORDS, "desciption", "description"),
    (WORDS, "once per", "once_per"),
    (WORDS, "onec_per", "once_per"),
    (WORDS, "wendesday", "wednesday"),
    (WORDS, "dinsdag", ""),
    (WORDS, "visist", "visits"),
    (("café", "theé"), "cafe", "café"),
    (("Zoë", "Noor"), "zoe", "Zoë"),
]
CURRENCIES = [
    ("EUS", "EUR"),
    ("EUT", "EUR"),
    ("EYR", "EUR"),
    ("EU", "EUR"),
    ("UER", "EUR"),
    ("eur", "EUR"),
    ("EURR", "EUR"),
    ("euro", "EUR"),
    ("USF", "USD"),
    ("UDS", "USD"),
    ("GBO", "GBP"),
    ("CHG", "CHF"),
    ("DKR", "DKK"),
    ("SEL", "SEK"),
    ("PLM", "PLN"),
    ("CZL", "CZK"),
    ("X", ""),
]


@pytest.mark.parametrize(("known", "written", "meant"), TYPOS)
def test_a_mistyped_word_finds_the_one_that_was_meant(known: tuple[str, ...], written: str, meant: str) -> None:
    assert nearest(written, known) == meant


@pytest.mark.parametrize(("written", "meant"), CURRENCIES)
def test_a_mistyped_currency_is_the_one_that_people_use(written: str, meant: str) -> None:
    assert nearest_currency(written) == meant


def test_the_shops_own_currency_goes_before_one_that_is_as_near() -> None:
    assert nearest_currency("SEL", own="EUR") == "SEK"
    assert (nearest_currency("XEK"), nearest_currency("XEK", own="SEK")) == ("SEK", "SEK")
    assert nearest_currency("OOK", own="DKK") == "NOK", "own or not, what is further off was not meant"
    assert {nearest_currency("CXK", own="CZK"), nearest_currency("DXK", own="DKK")} == {"CZK", "DKK"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("bred", "bread"), ("Bread", "bread"), ("braed", "bread"), ("cake", ""), ("beard", ""), ("breakfast", "")],
)
def test_a_word_that_may_be_one_of_its_own_is_no_mistake(written: str, meant: str) -> None:
    assert meant_by(written, ["bread", "drinks", "take"]) == meant


def test_a_thousand_words_are_looked_through_in_no_time() -> None:
    known = [f"{'a' * 50}{number:06}" for number in range(1_000)]
    begun = time.process_time()
    assert nearest("a" * 64, known) in known
    assert time.process_time() - begun < 5, "a till waits for the answer"


@pytest.mark.parametrize("written", ["dok-nord", "doknoord", "Dok Noord", "dok-noorf", "noord"])
def test_a_mistyped_store_of_a_redemption_is_told_with_the_nearest(written: str) -> None:
    assert unknown_word("/store", written, STORES, "", kind="unknown_store").nearest == "dok-noord"
