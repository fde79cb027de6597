"""A customer's page tells what the state remembers, the newest first, and no more of the person than one may see."""

from typing import Any

import pytest

from stamgast.domain.events import AnyEvent, Enrolled
from stamgast.domain.units import DAY
from stamgast.fold import Fold
from stamgast.identity.records import Profile
from stamgast.marketer.customers import CustomerPage, Happened, customer_page
from stamgast.people.enrolment import profile_of
from stamgast.people.enrolment_request import EnrolmentRequest
from tests.builders import ANNA, KEY, MERCHANT, T0, bought, bundle, card, consent, hello_rule, program

PROFILE = Profile(phone="+31612345678", first_name="Anna", name="Jansen", email="anna@example.com", language="nl")
SHOP = bundle(program(card("bread", 1, reward="loaf")), hello_rule())


def page(*events: AnyEvent, in_full: bool = True, profile: Profile | None = PROFILE) -> CustomerPage:
    fold = Fold(KEY)
    for event in events:
        fold.apply(event, SHOP)
    state = fold.state((MERCHANT, ANNA))
    assert state is not None
    return customer_page(ANNA, state, SHOP, T0 + 9 * DAY, profile, in_full=in_full)


JOINED = Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 - DAY)


def test_what_happened_is_told_the_newest_first() -> None:
    found = page(JOINED, consent(), bought("t1", T0))
    told = [each.happened for each in found.timeline]
    assert set(told) == {Happened.JOINED, Happened.CONSENT, Happened.VISIT, Happened.MESSAGE, Happened.VOUCHER}
    assert [each.at for each in found.timeline] == sorted((each.at for each in found.timeline), reverse=True)
    [message] = [each for each in found.timeline if each.happened is Happened.MESSAGE]
    assert (message.what, message.rule) == ("hello", "hello")


def test_a_message_that_was_withheld_says_why_among_the_rules() -> None:
    [rule] = page(JOINED, bought("t1", T0)).rules
    assert rule["rule"] == "hello"


@pytest.mark.parametrize(
    ("in_full", "phone", "name", "codes"), [(True, "+31612345678", "Anna Jansen", 1), (False, "…678", "", 0)]
)
def test_only_who_may_sees_the_person_and_codes(in_full: bool, phone: str, name: str, codes: int) -> None:
    found = page(JOINED, bought("t1", T0), in_full=in_full)
    assert found.person is not None
    assert (found.person.phone, found.person.name) == (phone, name)
    vouchers: list[dict[str, Any]] = found.customer["vouchers"]
    assert sum("code" in each for each in vouchers) == codes


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"name": "Noor"}, "Noor"),
        ({"name": "Noor de Vries"}, "Noor de Vries"),
        ({"first_name": "Noor", "name": "de Vries"}, "Noor de Vries"),
        ({"first_name": "Noor"}, "Noor"),
        ({"first_name": "Jan Peter", "name": "Jan Peter Bos"}, "Jan Peter Bos"),
        ({}, ""),
    ],
)
def test_nobody_is_called_by_their_first_name_twice(given: dict[str, Any], shown: str) -> None:
    profile = profile_of(EnrolmentRequest(phone="0612345678", **given), "+31612345678")
    found = page(JOINED, profile=profile)
    assert found.person is not None
    assert found.person.name == shown


def test_of_somebody_who_was_forgotten_nobody_is_known() -> None:
    assert page(bought("t1", T0), profile=None).person is None
