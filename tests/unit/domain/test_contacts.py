"""When somebody was spoken to: gaps say what a list of moments with their words says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.contact_policy import KEEP_CONTACTS, forget_old_contacts
from stamgast.domain.contacts import (
    Contact,
    contacts_of,
    count_of,
    moments,
    newest_message,
    newest_of,
    with_one_more,
    without,
    without_newest,
)
from stamgast.domain.customer import Customer
from stamgast.domain.units import DAY

PURPOSES, RULES = ("marketing", "service", ""), ("thanks", "ten:years", "years")
SAID = st.lists(
    st.builds(
        Contact, st.integers(0, 90).map(lambda day: day * DAY), st.sampled_from(PURPOSES), st.sampled_from(RULES)
    ),
    max_size=30,
    unique_by=lambda each: (each.at, each.rule),
).map(sorted)


@given(SAID)
def test_what_is_asked_is_what_the_whole_list_says(said: list[Contact]):
    contacts: Any = {}
    for each in said:
        contacts = with_one_more(contacts, each)
    assert contacts == contacts_of(said)
    assert (count_of(contacts), moments(contacts)) == (len(said), [each.at for each in said])
    for purpose in PURPOSES:
        assert moments(contacts, purpose) == [each.at for each in said if each.purpose == purpose]
    for rule in RULES:
        assert newest_of(contacts, rule) == max((each.at for each in said if each.rule == rule), default=None)
        assert newest_message(contacts, rule) == max(
            (each for each in said if each.purpose and each.rule == rule), default=None
        )
    assert newest_message(contacts) == max((each for each in said if each.purpose), default=None)


@given(SAID, st.sampled_from(PURPOSES), st.sampled_from(RULES))
def test_what_never_left_is_forgotten_and_what_was_handed_in_stays(said: list[Contact], purpose: str, rule: str):
    contacts, whole = contacts_of(said), contacts_of(said)
    mine = [each for each in said if (each.purpose, each.rule) == (purpose, rule)]
    left = [each for each in said if each not in mine[-1:]]
    assert without_newest(contacts, purpose, rule) == contacts_of(left)
    for gone in mine:
        assert without(contacts, gone) == contacts_of([each for each in said if each != gone])
    assert without(contacts, Contact(-1, purpose, rule)) == contacts == whole


@given(SAID, st.integers(90, 150), st.fixed_dictionaries({rule: st.integers(0, 120) for rule in RULES}))
def test_old_ones_go_unless_their_rule_still_looks_back_to_its_newest(
    said: list[Contact], today: int, cool_downs: dict[str, int]
):
    customer, at = Customer(contacts=contacts_of(said)), today * DAY
    newest = {each.rule: each.at for each in said}
    kept = [
        each
        for each in said
        if at - each.at <= KEEP_CONTACTS
        or (each.at == newest[each.rule] and at - each.at < cool_downs[each.rule] * DAY)
    ]
    forget_old_contacts(customer, at, lambda rule: cool_downs[rule] * DAY)
    assert customer.contacts == contacts_of(kept)
