"""What names somebody is collected in one order, whatever door it came through."""

import pytest

from stamgast.domain.purchase_record import CustomerRef
from stamgast.domain.region import Region
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import identifiers_of, opened, perhaps_named_by, usable_identifiers_of
from stamgast.identity.sealed import Identifiers
from stamgast.people.enrolment_request import EnrolmentRequest
from stamgast.pos.canonical import CustomerReference

NL = Region("NL")
EVERYTHING = {"phone": "0612345678", "membership_number": "M1", "provider_customer_id": "P1"}
IN_ORDER = [("phone", "+31612345678"), ("membership", "M1"), ("provider", "P1")]


def named(identifiers):
    return [(each.kind, each.value) for each in identifiers]


@pytest.mark.parametrize("kind", [CustomerRef, CustomerReference, EnrolmentRequest, Identifiers])
def test_every_door_collects_the_same_identifiers_in_the_same_order(kind):
    assert named(identifiers_of(kind(**EVERYTHING), NL)) == IN_ORDER


def test_what_was_sealed_counts_before_what_stands_beside_it():
    reference = CustomerRef(sealed="x", membership_number="M1", provider_customer_id="P1")
    inside = Identifiers(phone="0687654321", membership_number="M2")
    whose = opened(reference, lambda _sealed: inside)
    assert named(identifiers_of(whose, NL)) == [("phone", "+31687654321"), ("membership", "M2"), ("provider", "P1")]


def test_a_phone_that_is_none_is_told_and_not_left_out():
    with pytest.raises(BadPhoneError):
        identifiers_of(CustomerRef(phone="020 1234567", membership_number="M1"), NL)


def test_a_phone_that_is_none_holds_nobody_up_who_is_named_by_something_else_as_well():
    usable = usable_identifiers_of(CustomerRef(phone="020 1234567", membership_number="M1"), NL)
    assert named(usable.identifiers) == [("membership", "M1")]
    assert "not a mobile number" in usable.bad_phone
    with pytest.raises(BadPhoneError):
        usable_identifiers_of(CustomerRef(phone="020 1234567"), NL)


def test_a_text_of_no_stated_kind_may_be_all_of_them():
    assert named(perhaps_named_by("0612345678", NL)) == [
        ("phone", "+31612345678"),
        ("membership", "0612345678"),
        ("provider", "0612345678"),
    ]
    assert named(perhaps_named_by("M1", NL)) == [("membership", "M1"), ("provider", "M1")]
