"""Whatever order a till's messages arrive in, and however often: the same sums, stamps, days, timers and vouchers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.customer import Customer
from stamgast.domain.events import PurchaseChanged, encode_event
from stamgast.domain.program import Program
from tests.builders import MERCHANT, bundle
from tests.fakes.in_memory import InMemoryIntake, Owner
from tests.oracle import Oracle, differences, figures_from_purchases, recompute
from tests.random_sales import Recorded, disorder, logs, programs


def events_of(log: list[Recorded]) -> list[PurchaseChanged]:
    intake = InMemoryIntake()
    return [event for key, value in log for event in intake.take(key, value)]


def states_after(log: list[Recorded], program: Program) -> dict[tuple[str, str], Customer]:
    owner = Owner(bundle(program))
    for event in events_of(log):
        owner.apply(event)
    return {(MERCHANT, customer): owner.whole(customer) for customer in owner.states}


def essence(states: dict[tuple[str, str], Customer]) -> dict[str, Any]:
    """What must not depend on any order. Withdrawn vouchers tell a story that may differ; open ones may not."""
    return {
        customer: {
            "sums": (state.purchases, state.spend, state.profit, state.refunds),
            "days": (state.visits, state.first_day, state.last_day, state.days, state.gaps),
            "stage": state.stage,
            "timers": state.timers,
            "cards": {
                id_: (card.balance, card.completed)
                for id_, card in state.cards.items()
                if card.balance or card.completed
            },
            "open": sorted((v.code, v.reward, v.cause) for v in state.vouchers if v.state == "open"),
        }
        for (_, customer), state in states.items()
        if state.purchases or state.refunds or any(card.balance or card.completed for card in state.cards.values())
    }


@given(st.data(), programs, logs())
def test_any_permutation_and_duplication_of_deliveries_ends_alike(data, program, log):
    shuffled = data.draw(disorder(log))
    assert essence(states_after(shuffled, program)) == essence(states_after(log, program))


@given(st.data(), programs, logs())
def test_states_equal_a_recomputation_from_all_raw_deliveries(data, program, log):
    shuffled = data.draw(disorder(log))
    expected = figures_from_purchases(shuffled, {MERCHANT: program})
    found = states_after(shuffled, program)
    for state in found.values():
        state.vouchers, state.timers = [], {k: v for k, v in state.timers.items() if not k.startswith("voucher:")}
    found = {key: state for key, state in found.items() if key in expected or state.purchases or state.spend}
    assert differences(expected, found) == []


@given(st.data(), programs, logs())
def test_states_equal_a_recomputation_from_the_customers_log(data, program, log):
    shuffled = data.draw(disorder(log))
    oracle = recompute(map(encode_event, events_of(shuffled)), Oracle(at_start={MERCHANT: program}))
    assert differences(oracle.customers, states_after(shuffled, program)) == []
