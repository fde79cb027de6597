"""A provider's code means what the table says; what it does not say is never tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.model import Fault
from channels.twilio.errors import error_table, look_up, look_up_http
from stamgast.domain.vocabulary import Treatment


@pytest.mark.parametrize(
    ("code", "fault", "treatment"),
    [
        (21610, Fault.OPT_OUT, Treatment.OPT_OUT),
        ("21211", Fault.BAD_NUMBER, Treatment.BAD_NUMBER),
        (20429, Fault.THROTTLED, Treatment.RETRY_NOW),
        (30003, Fault.TRANSIENT, Treatment.RETRY_LATER),
        (63003, Fault.NOT_ON_CHANNEL, Treatment.FALLBACK),
        (63016, Fault.WINDOW, Treatment.PERMANENT),
        (63041, Fault.TEMPLATE, Treatment.CONFIG),
        (21656, Fault.TEMPLATE, Treatment.FALLBACK),
        (30036, Fault.EXPIRED, Treatment.PERMANENT),
    ],
)
def test_known_codes(code, fault, treatment):
    entry = look_up(code)
    assert (entry.fault, entry.treatment) == (fault, treatment)


@given(st.one_of(st.none(), st.integers(100_000, 999_999), st.text(alphabet="abcxyz")))
def test_an_unknown_code_is_permanent(code):
    entry = look_up(code)
    assert (entry.fault, entry.treatment) == (Fault.UNKNOWN, Treatment.PERMANENT)


def test_a_refusal_without_a_code_is_read_by_its_http_status():
    assert look_up_http("", 401).treatment is Treatment.CONFIG
    assert look_up_http("", 418).treatment is Treatment.PERMANENT
    assert look_up_http("21610", 403).fault is Fault.OPT_OUT


def test_every_row_has_a_sentence_for_people():
    assert all(entry.meaning for entry in error_table().values())
