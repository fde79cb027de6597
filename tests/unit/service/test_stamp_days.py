"""A cap a day, when news of older days comes: what a regular's age has nothing to do with."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.events import PurchaseChanged
from stamgast.domain.stamp_days import BLOCK
from stamgast.domain.units import DAY
from stamgast.service import ledger_keys
from tests.builders import ANNA, T0, bought, bundle, card, changed, program, taken_back
from tests.fakes.in_memory import Owner

CAP = 2
SHOP = program(card("bread", 1000, per="amount", amount=100, max_per_day=CAP), card("other", 1000))
BOUGHT_LATE = T0 + 400 * DAY
days = st.integers(0, 6 * BLOCK)
pieces = st.integers(1, 200)


def sale(name: str, day: int, count: int, recorded: int = BOUGHT_LATE) -> PurchaseChanged:
    return bought(name, T0 + day * DAY, spend=count * 100, recorded=recorded)


def stamps_of(owner: Owner) -> int:
    return owner.state().cards["bread"].balance


def on_paper(kept: dict[str, tuple[int, int]]) -> int:
    by_day = Counter[int]()
    for day, count in kept.values():
        by_day[day] += count
    return sum(min(CAP, count) for count in by_day.values())


@pytest.fixture(scope="module")
def regular() -> Owner:
    """Who came every second day of a thousand."""
    owner = Owner(bundle(SHOP))
    for day in range(0, 1000, 2):
        owner.apply(sale(f"t{day}", day, 1, T0 + day * DAY))
    return owner


def copy_of(owner: Owner) -> Owner:
    other = Owner(owner.bundle)
    other.states, other.ledgers = dict(owner.states), {ANNA: dict(owner.ledgers[ANNA])}
    return other


def as_before(owner: Owner) -> Owner:
    """As the version before would have written it: its ledger has no days, or those that it left as they were."""
    other = copy_of(owner)
    state = other.state()
    for each in state.cards.values():
        each.by_day = None
    other.put(state)
    return other


@given(st.lists(st.tuples(days, pieces), min_size=1, max_size=12), st.data())
def test_in_whatever_order_days_are_told_the_card_and_what_is_kept_of_its_days_are_the_same(sales, data):
    told = [sale(f"t{number}", day, count) for number, (day, count) in enumerate(sales)]
    owners = []
    for order in (told, data.draw(st.permutations(told))):
        owner = Owner(bundle(SHOP))
        for event in order:
            owner.apply(event)
        owners.append(owner)
    one, other = owners
    assert stamps_of(one) == on_paper({f"t{number}": each for number, each in enumerate(sales)})
    assert (one.state(), one.ledgers) == (other.state(), other.ledgers)


@given(st.lists(st.tuples(st.integers(0, 5), days, st.integers(0, 200)), min_size=1, max_size=25), st.data())
def test_edits_refunds_and_a_worker_of_before_in_between_never_lose_what_a_day_earned(steps, data):
    owner = Owner(bundle(SHOP))
    told: dict[str, PurchaseChanged] = {}
    kept: dict[str, tuple[int, int]] = {}
    for which, day, count in steps:
        name = f"t{which}"
        known = told.get(name)
        new = sale(name, day, max(1, count))
        if known is None or known.after is None:
            event = new
        elif not count:
            event = taken_back(known, BOUGHT_LATE)
        else:
            event = changed(known, BOUGHT_LATE, new.after)
        owner.apply(event)
        told[name] = event
        kept[name] = (day, max(1, count)) if event.after is not None and event.after.counts else (day, 0)
        if data.draw(st.integers(0, 5)) == 0:
            owner = as_before(owner)
        assert stamps_of(owner) == on_paper(kept)


@pytest.mark.parametrize("ago", [1, BLOCK, 3 * BLOCK, 700])
def test_a_day_of_years_ago_is_found_without_reading_all_purchases(regular: Owner, ago: int):
    owner = copy_of(regular)
    day = 998 - ago - ago % 2
    before = stamps_of(owner)
    first, second = (sale(f"late{number}", day, 1, T0 + 1000 * DAY) for number in range(2))
    owner.apply(first)
    assert stamps_of(owner) == before + 1
    owner.apply(second)
    assert stamps_of(owner) == before + 1, "two a day"
    owner.apply(taken_back(second, T0 + 1000 * DAY))
    assert stamps_of(owner) == before + 1
    owner.apply(taken_back(first, T0 + 1000 * DAY))
    assert stamps_of(owner) == before
    assert owner.looks == []
    for event in (first, taken_back(first, T0 + 1000 * DAY)):
        fields = ledger_keys(owner.state(), [event], SHOP)
        assert fields is not None
        assert len(fields) <= 3


def test_of_a_card_of_before_the_days_are_counted_once_and_then_stand_as_if_they_always_had(regular: Owner):
    owner, other = as_before(regular), copy_of(regular)
    stale = next(field for field in owner.ledgers[ANNA] if len(field) == 5)
    owner.ledgers[ANNA][stale] = b"\x00\x7f"
    for each in (owner, other):
        each.apply(sale("late", 301, 1, T0 + 1000 * DAY))
    assert (owner.state(), owner.ledgers) == (other.state(), other.ledgers)
    assert ledger_keys(as_before(regular).state(), [sale("late", 301, 1)], SHOP) is None
    assert ledger_keys(owner.state(), [sale("later", 301, 1)], SHOP) is not None


def test_what_stands_of_days_does_not_grow_a_state(regular: Owner):
    assert len(regular.state().cards["bread"].by_day or b"") <= 2 * 2 * BLOCK
    assert regular.state().cards["other"].by_day is None, "it has no cap"


def test_a_card_that_had_no_cap_for_a_while_is_counted_anew(regular: Owner):
    owner = copy_of(regular)
    free = program(card("bread", 1000, per="amount", amount=100), card("other", 1000))
    owner.bundle = bundle(free, number=2)
    owner.apply(sale("free", 100, 1, T0 + 1000 * DAY))
    owner.bundle = bundle(SHOP, number=3)
    before = stamps_of(owner)
    owner.apply(sale("late", 100, 5, T0 + 1000 * DAY))
    assert stamps_of(owner) == before, "two of that day stand already"


def test_a_card_that_was_gone_for_a_while_is_counted_anew(regular: Owner):
    owner = copy_of(regular)
    owner.bundle = bundle(program(card("other", 1000)), number=2)
    owner.apply(sale("t998", 998, 3, T0 + 1000 * DAY))
    owner.apply(changed(sale("t100", 100, 1), T0 + 1000 * DAY, sale("t100", 100, 2).after))
    owner.bundle = bundle(SHOP, number=3)
    before = stamps_of(owner)
    owner.apply(sale("late", 100, 2, T0 + 1000 * DAY))
    assert stamps_of(owner) == before + CAP, "nothing of that day stands on the card any more"
