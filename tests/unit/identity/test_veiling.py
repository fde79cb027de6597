"""What decisions need of a person stands behind a veil; the proof of a consent under the person's own key."""

from stamgast.domain.costs import Costs
from stamgast.domain.customer import Customer
from stamgast.domain.veil import NO_VEIL
from stamgast.identity.proofs import Proof, open_proof, seal_proof
from stamgast.identity.sealing import DataKey
from stamgast.identity.veiling import Veils
from tests.builders import program

VEIL = Veils(b"i" * 32).of("winkel")
JAN = ("winkel", "c1")


def test_a_birthday_is_read_by_the_house_alone_and_equal_ones_look_different():
    hidden = [VEIL.hide_birthday("10-21") for _ in range(2)]
    assert len(set(hidden)) == 2
    assert [VEIL.birthday(each) for each in hidden] == ["10-21", "10-21"]
    assert all("10-21" not in each for each in hidden)
    for other in (Veils(b"j" * 32).of("winkel"), Veils(b"i" * 32).of("bakkerij")):
        assert other.birthday(hidden[0]) == ""
    assert NO_VEIL.birthday(hidden[0]) == ""


def test_a_birthday_from_before_is_read_as_it_stands():
    assert VEIL.birthday("10-21") == NO_VEIL.birthday("10-21") == "10-21"
    assert VEIL.birthday("") == ""
    assert VEIL.birthday("~nonsense") == ""


def test_a_source_is_the_same_for_the_same_name_in_every_process_and_another_for_another_merchant():
    assert VEIL.source("flyer") == Veils(b"i" * 32).of("winkel").source("flyer")
    assert VEIL.source("flyer") not in {VEIL.source("friend"), Veils(b"i" * 32).of("bakkerij").source("flyer")}
    assert "flyer" not in VEIL.source("flyer")


def test_what_a_source_costs_is_known_by_its_name_and_by_what_stands_for_it():
    costs = Costs(acquisition_cost=250, acquisition_costs={"flyer": ((0, 400),)})
    known = program(costs=costs).behind(VEIL)
    sources = ("flyer", VEIL.source("flyer"), VEIL.source("friend"), "")
    assert [known.costs.acquisition(source, 20_000) for source in sources] == [400, 400, 250, 250]
    assert known.veil.birthday(Customer(birthday=VEIL.hide_birthday("02-29")).birthday) == "02-29"


def test_a_proof_opens_for_its_customer_until_their_key_is_gone():
    key = DataKey.new()
    sealed = seal_proof(key, JAN, Proof("2026-01", "counter"))
    assert "2026-01" not in sealed
    assert open_proof(key, JAN, sealed) == Proof("2026-01", "counter")
    assert open_proof(None, JAN, sealed) is None
    assert open_proof(DataKey.new(), JAN, sealed) is None
    assert open_proof(key, ("winkel", "c2"), sealed) is None
    assert open_proof(key, JAN, f"{key.id}.nonsense") is None
    assert "counter" not in repr(Proof("2026-01", "counter"))


def test_a_code_is_six_digits_of_its_request_and_merchant():
    veils = Veils(b"k" * 32)
    codes = [veils.of("shop").code(f"code:{number}") for number in range(200)]

    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(set(codes)) > 190
    assert veils.of("shop").code("code:1") == codes[1] != veils.of("other").code("code:1")
