"""An SMS costs by its parts; what people read must be what they pay for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.sms_parts import count_parts, fits_gsm7, transliterate

GSM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 @£$¥èéùìòÇØøÅåΔßÉäöñüà€[]{}~^|\\"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "gsm7", 0, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("ë" * 70, "ucs2", 70, 1),
        ("ë" * 71, "ucs2", 71, 2),
        ("ë" * 134, "ucs2", 134, 2),
        ("ë" * 135, "ucs2", 135, 3),
        ("🎉" * 35, "ucs2", 70, 1),
        ("🎉" * 36, "ucs2", 72, 2),
        ("é à ö ä ü ß ñ @ £", "gsm7", 17, 1),
        ("façade", "ucs2", 6, 1),
    ],
)
def test_a_text_takes_the_parts_that_the_carrier_bills(text, encoding, units, parts):
    counted = count_parts(text)
    assert (counted.encoding, counted.units, counted.count) == (encoding, units, parts)


def test_a_two_unit_character_never_straddles_two_parts():
    # 152 + € does not fit into the 153 of the first part, so 153 septets of text need the second one to hold 154.
    assert count_parts("a" * 152 + "€" + "a" * 151).count == 2
    assert count_parts("a" * 152 + "€" + "a" * 152).count == 3
    # 66 + an emoji does not fit into 67.
    assert count_parts("ë" * 66 + "🎉" + "ë" * 66).count == 3


def test_one_name_doubles_the_price_and_transliteration_halves_it_again():
    text = "Hoi Zoë, je spaarkaart is vol! Haal je gratis brood bij ons op, deze maand nog. Groetjes, Bakkerij Noord"
    assert len(text) <= 160
    assert count_parts(text).count == 2
    assert count_parts(transliterate(text)).count == 1


def test_what_has_no_equivalent_stays_so_that_nothing_is_lost():
    assert transliterate("Zoë\u2019s façade \u2013 cœur… 🎉") == "Zoe's facade - coeur... 🎉"
    assert transliterate("élève Ørsted ä ß €") == "élève Ørsted ä ß €"
    assert transliterate("e\u0301") == "é"


def test_what_would_mean_something_else_without_its_mark_stays():
    assert transliterate("10² m, 5³") == "10² m, 5³"
    assert transliterate("Łódź, Ðuro, İzmir, Iş", keep="ó") == "Lódz, Duro, Izmir, Is"


@given(st.text(alphabet=GSM, max_size=500))
def test_gsm_text_is_left_alone_and_counted_in_gsm(text):
    assert transliterate(text) == text
    assert count_parts(text).encoding == "gsm7"


@given(st.text(max_size=400))
def test_transliteration_is_stable_and_never_costs_more_than_the_plain_letters(text):
    once = transliterate(text)
    assert transliterate(once) == once
    if all(fits_gsm7(character) for character in text):
        assert count_parts(once).encoding == "gsm7"


@given(st.text(max_size=700), st.text(min_size=1, max_size=50))
def test_more_text_never_takes_fewer_parts(text, more):
    assert count_parts(text + more).count >= count_parts(text).count
