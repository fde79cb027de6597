import pytest

from stamgast.domain.region import Region
from stamgast.identity.phones import BadPhoneError, NobodysPhoneError, normalise_phone

NL, BE = Region("NL"), Region("BE")
FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "0612345678")


@pytest.mark.parametrize(
    "text",
    [
        "0612345678",
        "06-12345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06/12345678",
        "+31 (0)6 12345678",
        "0031612345678",
        "'0612345678",
        "tel:+31612345678",
        "whatsapp:+31612345678",
        "\u202a+31\u00a06\u201012345678\u202c",
        FULL_WIDTH,
        "+31612345678",
    ],
)
def test_every_spelling_of_a_number_is_the_same_number(text):
    assert normalise_phone(text, NL) == "+31612345678"


@pytest.mark.parametrize("text", ["0492123456", "0475123456", "0497123456", "0485 12 34 56"])
def test_a_landline_here_is_a_mobile_next_door_only_where_the_shop_is_said_to_be_at_the_border(text):
    with pytest.raises(BadPhoneError, match=r"landline in NL and a mobile number in BE.*neighbours: \[BE\]"):
        normalise_phone(text, NL)
    with pytest.raises(BadPhoneError, match="not a mobile number"):
        normalise_phone(text, Region("NL", ("DE",)))
    digits = text.replace(" ", "").removeprefix("0")
    assert normalise_phone(text, Region("NL", ("DE", "BE"))) == f"+32{digits}"
    assert normalise_phone(text, BE) == normalise_phone(f"+32{digits}", NL) == f"+32{digits}"


def test_what_is_no_number_here_at_all_is_a_mobile_next_door_unless_that_is_said_not_to_be():
    assert normalise_phone("0612345678", BE) == "+31612345678"
    assert normalise_phone("0470123456", NL) == "+32470123456"
    assert normalise_phone("0612345678", Region("BE", ("FR",))) == "+33612345678"
    with pytest.raises(BadPhoneError):
        normalise_phone("0612345678", Region("BE", ()))


@pytest.mark.parametrize(
    "text",
    ["0000000000", "06 00 00 00 00", "0611111111", "+31 6 9999 9999", "0123456789", "1234567890", "12345678", "9876543210",
     "0499999999", "99999999"],
)  # fmt: skip
def test_what_is_typed_where_there_is_no_number_is_nobodys(text):
    with pytest.raises(NobodysPhoneError, match="not a customer's"):
        normalise_phone(text, BE if text.startswith("04") else NL)


FIVE = ("NL", "BE", "DE", "FR", "LU")


@pytest.mark.parametrize(
    "text",
    [
        "+32470000000",
        "0470 00 00 00",
        "+352621000000",
        "+4915100000000",
        "+491700000000",
        "+33600000000",
    ],
)
@pytest.mark.parametrize("country", FIVE)
def test_a_number_of_zeros_is_nobodys_in_every_country(text, country):
    if text.startswith("04") and country != "BE":
        text = f"+32{text[1:]}"
    with pytest.raises(NobodysPhoneError, match="not a customer's"):
        normalise_phone(text, Region(country))


@pytest.mark.parametrize(
    ("text", "country"),
    [("0612345678", "NL"), ("06 87654321", "NL"), ("0611223344", "NL"), ("0470 12 34 56", "BE"), ("+32499654321", "NL"), ("06 12 34 56 78", "FR"),
     ("0601020304", "FR"), ("0151 12345678", "DE"), ("0170 1234567", "DE"), ("621 123 456", "LU"), ("+31612345678", "BE")],
)  # fmt: skip
def test_what_is_usually_made_up_is_nobodys_where_the_programme_says_usual(text, country):
    assert normalise_phone(text, Region(country)).startswith("+")
    with pytest.raises(NobodysPhoneError, match="not a customer's"):
        normalise_phone(text, Region(country, nobodys=("usual",)))


@pytest.mark.parametrize("text", ["0612345687", "+32470123465", "+33612345687", "+4915112345687", "+352621123465"])
def test_what_is_no_run_is_somebodys_where_it_says_usual_as_well(text):
    assert normalise_phone(text, Region("NL", nobodys=("usual",)))


@pytest.mark.parametrize("text", ["0610000010", "0612345678", "0611111112", "0623456788", "+32470000001"])
def test_a_number_that_only_looks_odd_is_somebodys(text):
    assert normalise_phone(text, NL).startswith("+3")


@pytest.mark.parametrize("text", ["0612345678", "+31612345678", "06-12 34 56 78", "09 223 45 67", "+3292234567"])
def test_what_the_programme_calls_nobodys_is_so_in_every_spelling_even_a_landline(text):
    shop = Region("BE", ("NL",), ("+32 9 223 45 67", "+31 6 12 34 56 78"))
    home = shop if text.startswith(("09", "+")) else shop._replace(country="NL", neighbours=None)
    with pytest.raises(NobodysPhoneError, match="the shop's own"):
        normalise_phone(text, home)
    assert normalise_phone("+31612345679", shop) == "+31612345679"


def test_a_number_of_home_is_read_as_one_of_home_at_the_border_too():
    assert normalise_phone("0612345678", Region("NL", ("BE", "FR"))) == "+31612345678"


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
        "0",
        "6",
        "06",
        "06123456789012345",
        "061234567890",
        "015123456789",
        "0612345678 ext. 5",
        "0612345678;ext=5",
        "0612345678x",
        "O612345678",
        "0612345678 (Jan)",
        "0612345678 of 0698765432",
        "+31612345678+",
        "+491512345678",
    ],
)
@pytest.mark.parametrize("region", [Region("NL"), Region("NL", ("BE", "FR"))])
def test_what_no_message_can_reach_is_refused(text, region):
    with pytest.raises(BadPhoneError) as caught:
        normalise_phone(text, region)
    assert len(text) < 3 or text not in str(caught.value)


@pytest.mark.parametrize("text", ["3.1612345678e10", "3,1612345678E+10", "3.16E+10", "31612345678.0", "'31612345678,0"])
def test_what_a_spreadsheet_made_of_a_number_is_refused_and_says_so(text):
    with pytest.raises(BadPhoneError, match="format the column as text"):
        normalise_phone(text, NL)


@pytest.mark.parametrize("text", ["06123456789", "0612345678a"])
def test_a_typing_error_is_told_apart_from_a_landline(text):
    with pytest.raises(BadPhoneError, match="too many digits|letters"):
        normalise_phone(text, NL)
