"""STOP must be heard in four languages, and never heard where nobody said it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.keywords import read_keyword
from channels.model import Keyword


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "stop", " Stop! ", "stop.", "Stop 🙏", "🛑 STOP", "STOP\n", "stop aub", "Stop met sms graag",
        "AFMELDEN", "afmelden graag", "uitschrijven", "stoppen", "Arrêt", "arrêter svp", "Désabonner",
        "DÉSINSCRIRE", "résilier", "abmelden", "Stopp!", "Austragen bitte", "unsubscribe", "STOPALL", "opt-out",
        "Opt out", "optout", "cancel", "END", "quit.", "\uff33\uff34\uff2f\uff30", "st\u00adop",
    ],
)  # fmt: skip
def test_a_plain_wish_to_stop_is_heard(text):
    assert read_keyword(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "🎉", "Ik stop niet met jullie brood eten hoor", "nonstop lekker", "stoplicht", "bus stop",
        "please don't stop", "Tot het einde", "cancel my order", "end of the week", "quit smoking today",
        "endlich", "bedankt!", "Wanneer kan ik stoppen met sparen voor brood?",
    ],
)  # fmt: skip
def test_what_is_no_wish_to_stop_is_left_alone(text):
    assert read_keyword(text) is Keyword.NONE


@pytest.mark.parametrize("text", ["START", "unstop", "aanmelden", "Reprendre", "ANMELDEN!"])
def test_start_is_heard(text):
    assert read_keyword(text) is Keyword.START


@pytest.mark.parametrize("text", ["help", "INFO", "hulp?", "aide", "Hilfe!"])
def test_help_is_heard(text):
    assert read_keyword(text) is Keyword.HELP


def test_what_the_carrier_recognised_wins_over_the_text():
    assert read_keyword("bedankt", "STOP") is Keyword.STOP
    assert read_keyword("stop", "START") is Keyword.START
    assert read_keyword("stop", "SOMETHING_NEW") is Keyword.STOP


@given(st.text(max_size=200))
def test_any_text_has_a_reading(text):
    assert read_keyword(text) in Keyword


@given(st.lists(st.sampled_from(["stop", "brood", "afmelden", "graag", "nu"]), min_size=5, max_size=12))
def test_a_longer_message_is_never_taken_for_a_keyword(words):
    assert read_keyword(" ".join(words)) is Keyword.NONE
