import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.region import Region
from stamgast.identity.phones import BadPhoneError, NobodysPhoneError, normalise_phone
from stamgast.identity.plain_mobiles import is_plain_mobile

MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
NEAR = [
    ("31", "6"),
    ("31", "97"),
    ("32", "4"),
    ("352", "6"),
    ("49", "15"),
    ("49", "16"),
    ("49", "17"),
    ("33", "6"),
    ("33", "7"),
]


@st.composite
def numbers(draw) -> str:
    """Numbers that look like mobiles of countries near us; many of them are none."""
    code, begins = draw(st.sampled_from(NEAR))
    rest = draw(st.text("0123456789", min_size=6, max_size=11))
    return f"+{code}{begins}{rest}"[: draw(st.integers(10, 15))]


@given(numbers())
def test_what_is_known_at_a_glance_is_what_reading_it_would_have_found(text):
    if not is_plain_mobile(text):
        return
    number = phonenumbers.parse(text, "NL")
    assert phonenumbers.number_type(number) in MOBILE
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == text


@pytest.mark.parametrize(
    "text", ["+31612345679", "+32470123456", "+352621123456", "+4915123456789", "+491701234567", "+33612345679"]
)
def test_a_mobile_of_a_country_near_us_is_known_at_a_glance_and_is_itself_wherever_it_is_read(text):
    assert is_plain_mobile(text)
    assert normalise_phone(text, Region("BE")) == normalise_phone(text, Region("NL", (), (text[:-1] + "0",))) == text


@pytest.mark.parametrize(
    "text",
    ["31612345679", "+310612345679", "+3161234567", "+316123456790", "+31 612345679", "+31201234567", "+447911123456", "",
     "+31\uff1612345679", "+31612345679\n"],
)  # fmt: skip
def test_anything_else_is_read_the_long_way(text):
    assert not is_plain_mobile(text)


def test_a_plain_number_that_is_no_customers_is_refused_as_any_other():
    with pytest.raises(NobodysPhoneError, match="typed where there is none"):
        normalise_phone("+31699999999", Region("NL"))
    with pytest.raises(NobodysPhoneError, match=r"program\.yaml"):
        normalise_phone("+31612345679", Region("NL", None, ("06 1234 5679",)))
    with pytest.raises(BadPhoneError, match="machines"):
        normalise_phone("+3197012345678", Region("NL"))
