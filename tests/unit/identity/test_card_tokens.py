"""The token of a card's page: 128 bits that say nothing, and open one card."""

import re

from hypothesis import given
from hypothesis import strategies as st

from stamgast.identity.card_tokens import CardTokens
from stamgast.identity.ids import Identifier, customer_id

KEY = bytes(range(32))
TOKENS = CardTokens(KEY)
CUSTOMERS = st.integers(0, 10**6).map(lambda n: customer_id(KEY, "shop", Identifier("phone", f"+316{n:08}")))


@given(CUSTOMERS, st.integers(0, 255))
def test_a_token_opens_the_card_that_it_was_made_for(customer: str, edition: int):
    token = TOKENS.of("shop", customer, edition)

    assert TOKENS.open(token, ["other", "shop"]) == ("shop", customer, edition)
    assert TOKENS.open(token, ["other"]) is None
    assert re.fullmatch(r"[a-z2-7]{31}", token)
    assert customer[1:9] not in token


@given(CUSTOMERS)
def test_another_merchant_edition_or_key_is_another_token(customer: str):
    tokens = {
        TOKENS.of("shop", customer),
        TOKENS.of("shop", customer, 1),
        TOKENS.of("shop2", customer),
        CardTokens(b"x" * 32).of("shop", customer),
    }

    assert len(tokens) == 4
    assert CardTokens(b"x" * 32).open(TOKENS.of("shop", customer), ["shop"]) is None


@given(st.one_of(st.text(max_size=40), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=31, max_size=31)))
def test_whatever_stands_in_an_address_opens_nothing_by_chance(text: str):
    assert TOKENS.open(text, ["shop"]) is None


@given(CUSTOMERS, st.integers(0, 30))
def test_a_token_that_was_changed_anywhere_names_another_card_or_none(customer: str, place: int):
    token = TOKENS.of("shop", customer)
    changed = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]

    found = TOKENS.open(changed, ["shop"])
    assert found is None or found.customer != customer
