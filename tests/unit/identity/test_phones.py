import pytest

from stamgast.identity.phones import BadPhoneError, normalise_phone

FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "0612345678")


@pytest.mark.parametrize(
    "text",
    ["0612345678", "06-12345678", "06 12 34 56 78", "+31 (0)6 12345678", "0031612345678", FULL_WIDTH, "+31612345678"],
)
def test_every_spelling_of_a_number_is_the_same_number(text):
    assert normalise_phone(text, "NL") == "+31612345678"


def test_a_number_that_is_a_landline_here_and_a_mobile_next_door_is_the_mobile():
    assert normalise_phone("0475123456", "NL") == "+32475123456"
    assert normalise_phone("0612345678", "BE") == "+31612345678"
    assert normalise_phone("0475123456", "BE") == "+32475123456"


@pytest.mark.parametrize(
    "text",
    [
        "061234567",
        "0201234567",
        "+31201234567",
        "097012345678",
        "telefoon",
        "",
        "112",
        "06123456789012345",
        "0612345678 ext. 5",
    ],
)
def test_what_no_message_can_reach_is_refused(text):
    with pytest.raises(BadPhoneError) as caught:
        normalise_phone(text, "NL")
    assert not text or text not in str(caught.value)
