"""What a rule came to in a month is what of its sums moved in it, however the log is cut into steps."""

from collections import Counter
from typing import Any

import pytest

from rules.actions import Send
from stamgast.domain.activation import RANKS
from stamgast.domain.costs import Costs
from stamgast.domain.day_sums import Per, of_month
from stamgast.domain.events import ActivationOutcome, AnyEvent
from stamgast.domain.rule_months import (
    KEPT_DAYS,
    Known,
    begins_of,
    is_dropped,
    is_monthly,
    known_of,
    moved_in,
    of_month_alone,
)
from stamgast.domain.units import DAY, HOUR
from stamgast.fold import Fold
from stamgast.service import Change, Context, handle
from stamgast.service.case import Bundle
from streams.customers.batch import Result
from streams.customers.counters import added_by
from tests.builders import ANNA, KEY, MERCHANT, at, bought, bundle, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

OCTOBER, NOVEMBER = "2026-10", "2026-11"
IN_NOVEMBER = at("2026-11-03 08:00")
PROFIT = 193
COSTS = Costs(default_margin=550, contact_costs={})


def shop() -> Bundle:
    letter = rule("letter", "purchase", Send("hello", ("sms",)), per="purchase", hold_out=0)
    return bundle(program(costs=COSTS), letter)


def log() -> list[AnyEvent]:
    """A letter arrives at the end of October; what is bought after it is attributed, and given back in November."""
    owner, last_day = Owner(shop()), at("2026-10-29 08:00")
    events: list[AnyEvent] = [consent(ANNA), bought("first", last_day)]
    for event in events:
        owner.apply(event)
    [sent] = [each for change in owner.changes for each in change.submissions]
    outcome: dict[str, Any] = {"merchant": MERCHANT, "customer": ANNA, "activation": sent.activation, "channel": "sms"}
    arrived = ActivationOutcome(at=last_day + HOUR, status="delivered", rank=RANKS["delivered"], **outcome)
    read = ActivationOutcome(at=IN_NOVEMBER, status="read", rank=RANKS["read"], **outcome)
    second = bought("second", last_day + DAY)
    return [*events, arrived, second, bought("third", IN_NOVEMBER), read, taken_back(second, IN_NOVEMBER + DAY)]


def folded() -> dict[str, int]:
    fold, of = Fold(KEY), shop()
    for event in log():
        fold.apply(event, of)
    return {name.removeprefix(f"{MERCHANT}|"): by for name, by in fold.counters.items() if by}


def test_each_month_has_its_own_figures_and_together_they_are_those_since_ever() -> None:
    totals = folded()
    october, november = of_month_alone(OCTOBER, totals), of_month_alone(NOVEMBER, totals)
    assert (october["measure|letter|delivered"], november.get("measure|letter|delivered", 0)) == (1, 0)
    assert (october.get("measure|letter|read", 0), november["measure|letter|read"]) == (0, 1)
    together = Counter(october)
    together.update(november)
    kinds = ("rule|", "measure|letter|")
    since_ever = {name: by for name, by in totals.items() if name.startswith(kinds) and name in together}
    assert {name: by for name, by in together.items() if by} == since_ever
    assert totals[of_month(OCTOBER, Per.DECIDED)] + totals[of_month(NOVEMBER, Per.DECIDED)] == sum(
        by for name, by in totals.items() if name.startswith("rule|")
    )


def test_what_is_given_back_later_is_taken_off_the_month_in_which_it_was_bought() -> None:
    totals = folded()
    assert of_month_alone(OCTOBER, totals).get("measure|letter|profit", 0) == 0
    assert of_month_alone(NOVEMBER, totals)["measure|letter|profit"] == PROFIT


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_step_that_goes_from_one_month_into_the_next_counts_as_one_event_after_the_other(size: int) -> None:
    events, of, owner, found = log(), shop(), Owner(shop()), Counter[str]()
    state, ledger = None, dict[bytes, bytes]()
    for start in range(0, len(events), size):
        change: Change = handle(state, ANNA, events[start : start + size], Context(of, 0, KEY), ledger)
        state = change.state
        ledger = {name: value for name, value in (ledger | change.ledger).items() if value is not None}
        found.update(added_by([Result((MERCHANT, ANNA), None, [change], b"", [])]))
    assert owner is not None
    assert {name.removeprefix(f"{MERCHANT}|"): by for name, by in found.items() if by} == folded()


def test_variants_of_a_message_are_one_rules_and_sides_of_a_comparison_stand_in_no_month() -> None:
    moved = {"measure|letter|t:a|sent": 2, "measure|letter|t:b|sent": 3, "measure|letter|t:a|people": 9, "spend": 4}
    found = Counter[str]()
    for name, by in moved_in(OCTOBER, moved):
        found[name] += by
    assert found == {f"{begins_of(OCTOBER)}measure|letter|sent": 5}
    assert all(map(is_monthly, found))


def test_a_month_is_known_from_when_rules_were_counted_by_month() -> None:
    today = IN_NOVEMBER // DAY
    counted = {of_month(OCTOBER, Per.DECIDED): 4, of_month(NOVEMBER, Per.DECIDED): 5}
    whole, later = counted | {"rule|letter|fired": 9}, counted | {"rule|letter|fired": 30}
    assert [known_of(month, whole, today) for month in ("2026-09", OCTOBER)] == [Known.WHOLE, Known.WHOLE]
    months = ("2026-09", OCTOBER, NOVEMBER)
    assert [known_of(month, later, today) for month in months] == [Known.BEFORE, Known.PART, Known.WHOLE]
    assert known_of(OCTOBER, {"rule|letter|fired": 1}, today) is Known.BEFORE
    assert known_of(OCTOBER, {}, today) is Known.WHOLE, "nothing was ever decided"
    assert known_of("2024-08", whole, today) is Known.DROPPED


def test_months_of_rules_go_after_two_years_and_a_month() -> None:
    name, last = f"{begins_of(OCTOBER)}rule|letter|fired", at("2026-10-31 12:00") // DAY
    assert not is_dropped(name, last + KEPT_DAYS - 1)
    assert is_dropped(name, last + KEPT_DAYS)
    assert not is_dropped(of_month(OCTOBER, Per.DECIDED), last + 10 * KEPT_DAYS)
