"""The callback's URL says whose message it reports on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.model import CallbackKey, MalformedWebhookError
from channels.twilio.callback_url import read_callback_key, status_callback_url

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(TEXT, TEXT, TEXT, TEXT, TEXT | st.just(""), st.sampled_from([0, 2, 99]), st.sampled_from(["", "BE"]))
def test_what_is_written_into_the_url_is_read_back(
    merchant, customer, activation, attempt, address_hash, parts, country
):
    key = CallbackKey(merchant, customer, activation, attempt, address_hash, parts, country)
    url = status_callback_url("https://shop.example/base/", key)
    address, _, query = url.partition("?")
    assert address == "https://shop.example/base/twilio/status"
    assert read_callback_key(query) == key


@pytest.mark.parametrize("more", ["&n=2MessageSid", "&n=0", "&n=-1", "&n=100", "&n=2&n=3", "&k=be", "&k=BELG"])
def test_what_it_says_of_the_price_counts_only_as_we_write_it(more):
    key = read_callback_key("m=a&c=b&x=c&a=d" + more)
    assert (key.parts, key.country) == (0, "")


@pytest.mark.parametrize("query", ["", "m=a&c=b&x=c", "m=a&c=b&x=c&a=", "m=a&m=b&c=b&x=c&a=d", "&".join(["m=a"] * 60)])
def test_a_url_that_does_not_say_it_exactly_once_is_malformed(query):
    with pytest.raises(MalformedWebhookError):
        read_callback_key(query)
