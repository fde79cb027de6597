"""Regulars of many years: what a state let go of stands with their purchases."""

from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain import days
from stamgast.domain.customer import encode_customer
from stamgast.domain.units import DAY
from stamgast.service import ledger_keys
from tests.builders import T0, bought, bundle, program, taken_back
from tests.fakes.in_memory import Owner

_SUMS = ("purchases", "visits", "spend", "first_day", "last_day", "gaps", "stage", "timers", "tags")


def counters(owner: Owner) -> dict[str, int]:
    found: dict[str, int] = {}
    for change in owner.changes:
        for name, by in change.counters.items():
            found[name] = found.get(name, 0) + by
    return {name: value for name, value in found.items() if value}


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=1, max_size=30), st.data())
def test_a_shop_counts_the_same_whether_a_state_has_all_days_or_only_the_newest(steps: list[Any], data: st.DataObject):
    whole, brief = Owner(bundle(program())), Owner(bundle(program()))
    told = []
    for number, (day, back) in enumerate(steps):
        now = T0 + (401 + number) * DAY
        event = bought(f"t{number}", T0 + day * DAY, recorded=now)
        told.append(event)
        events = [event]
        if back:
            events.append(taken_back(told.pop(data.draw(st.integers(0, len(told) - 1))), now + 1))
        for each in events:
            whole.apply(each)
            with patch.object(days, "PLENTY", 8), patch.object(days, "KEPT", 20):
                brief.apply(each)
    for name in _SUMS:
        assert getattr(brief.state(), name) == getattr(whole.state(), name), name
    assert counters(brief) == counters(whole)
    assert brief.ledgers == whole.ledgers


def test_a_state_is_no_larger_after_ten_years_than_after_three():
    owner, sizes = Owner(bundle(program())), []
    for day in range(0, 3650, 3):
        owner.apply(bought(f"t{day}", T0 + day * DAY))
        sizes.append(len(encode_customer(owner.state())))
    assert abs(sizes[-1] - sizes[365]) < 20
    assert ledger_keys(owner.state(), [bought("old", T0, recorded=T0 + 3650 * DAY)], program()) is None
    assert owner.looks == [], "nothing that comes live asks for more than the state"
    visits = owner.state().visits
    owner.apply(bought("old", T0 + DAY, recorded=T0 + 3650 * DAY))
    assert owner.state().visits == visits + 1
