"""What a customer is worth: by formulas and by a model in force, less what winning and reaching them cost."""

from dataclasses import replace
from typing import Any

import pytest

from rules.actions import Give, Send
from rules.loader import load_bundle
from stamgast.domain.activation import RANKS
from stamgast.domain.clv import acquisition_cost, clv_of
from stamgast.domain.customer import Customer
from stamgast.domain.events import ActivationOutcome, Enrolled, TimerDue
from stamgast.domain.units import DAY, Day, Millis
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule, sure, taken_back
from tests.fakes.in_memory import Owner
from tests.models import RECORD_SHOP, model, shop_with

FIRST_DAY: Day = T0 // DAY


PROGRAM = """\
name: Bakery
merchant: bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {shop: {}}
clv: {months: 24, discount: 8%, churn_within: 6 weeks}
closed: ["2026-12-25", 2026-07-20 to 2026-08-02]
lapse: {by: model, alive_below: 0.4, risk_quantile: 0.7}
"""
DATED = """\
costs:
  acquisition: 2 EUR
  acquisition_by_source: {flyer: {2026-01-01: 4 EUR, 2026-09-01: 5 EUR}, friend: 0 EUR}
  contact: {sms: 0.0875 EUR, whatsapp: 0.1323 EUR}
"""
RULE = """\
rule: careful
description: Somebody valuable seems to leave.
status: live
when: became_at_risk
if:
  - churn_probability: {at_least: 60%}
  - clv: {at_least: 10 EUR, method: predicted}
then:
  - tag: {add: worth-a-call}
"""


def due(owner: Owner, when: Millis) -> None:
    while soon := [d for d in owner.state().timers.values() if d <= when]:
        owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(soon)))


def test_clv_by_the_seeds_formula():
    costs = replace(program().costs, acquisition_costs={"flyer": ((0, 10_000),)}, acquisition_cost=0)
    owner = Owner(bundle(program(costs=costs)))
    for month in range(6):
        owner.apply(bought(f"t{month}", T0 + month * 30 * DAY, spend=5_000))
    state = owner.state()
    shop = owner.bundle.program
    assert clv_of(state, shop, T0 + 200 * DAY).simple == 90_000  # 50 x 6 a year x 3 years
    owner.apply(Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 + 200 * DAY, acquisition_source="flyer"))
    assert clv_of(owner.state(), shop, T0 + 200 * DAY).simple == 80_000
    assert clv_of(owner.state(), shop, T0 + 730 * DAY).simple == 35_000, "older: 3 purchases a year"


def test_a_reward_for_a_value_to_come_is_given_once_when_it_is_passed_and_goes_with_the_purchases_that_made_it():
    passes = lambda fact: fact.before < 8_000 <= fact.after  # noqa: E731
    owner = Owner(
        bundle(shop_with(model()), rule("rich", "predicted_clv_changed", Give("loaf"), fires=passes, earned=True))
    )
    bread = [bought(f"t{week}", T0 + week * 7 * DAY, spend=4_000) for week in range(8)]
    values, given = [], []
    for event in bread:
        owner.apply(event)
        values.append(sure(clv_of(owner.state(), owner.bundle.program, event.at).predicted))
        given.append(len(owner.state().vouchers))
    assert values == sorted(values)
    assert given == [int(value >= 8_000) for value in values]
    assert 0 < sum(given) < 8
    for event in bread[1:]:
        owner.apply(taken_back(event, T0 + 60 * DAY))
    assert [voucher.state for voucher in owner.state().vouchers] == ["withdrawn"]


def test_net_value_is_what_was_made_and_what_is_to_come_less_what_winning_the_customer_cost():
    owner = Owner(bundle(shop_with(model())))
    owner.apply(bought("t1", T0, spend=4_000))
    clv = clv_of(owner.state(), owner.bundle.program, T0)
    assert clv.predicted is not None
    assert clv.net == clv.historic + sure(clv.predicted) - 250
    assert clv_of(owner.state(), program(), T0).net is None, "no model, nothing to come is known"


PARETO = {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67}
SETS: tuple[dict[str, Any], ...] = (
    {"model": "mbg_nbd", "parameters": RECORD_SHOP},
    {
        "model": "combined",
        "parameters": {
            "weeks": 6.0, "constant": -0.43, "logit_p": 0.68, "log_purchase_days": 0.53, "least_p": 0.02
        },
        "members": {"mbg_nbd": RECORD_SHOP, "pareto_nbd": PARETO},
        "weights": {"mbg_nbd": 0.6, "pareto_nbd": 0.4},
    },
    {"model": "alike", "parameters": {"rate": 0.02}},
)  # fmt: skip


@pytest.mark.parametrize("parameters", SETS, ids=[each["model"] for each in SETS])
def test_rules_speak_of_churn_and_of_value_to_come_and_what_is_unknown_is_not_met(parameters):
    fitted: dict[str, Any] = parameters | {"spend": {"p": 6.25, "q": 3.744, "v": 15.44}}
    files = {"program.yaml": PROGRAM, "rules/careful.yaml": RULE}
    tags = []
    nothing: dict[str, Any] = {}
    for clv in (fitted, nothing):
        loaded = load_bundle(files, "bakery", clv)
        assert [str(problem) for problem in loaded.problems] == []
        owner = Owner(bundle(loaded.program, *loaded.rules.all))
        owner.apply(consent())
        owner.apply(bought("t1", T0, spend=9_000))
        due(owner, owner.state().timers["risk"])
        tags.append(owner.state().tags)
    assert tags == [["worth-a-call"], []]
    assert len(loaded.program.closed.days) == 15
    assert (loaded.program.horizon.months, loaded.program.horizon.churn_days) == (24, 42)


def test_parameters_that_cannot_be_scored_with_hold_the_bundle_up_and_say_why():
    loaded = load_bundle({"program.yaml": PROGRAM}, "bakery", {"model": "mbg_nbd", "parameters": {"r": 1.0}})
    assert not loaded.ok
    assert "needs the parameter alpha" in loaded.problems[0].message


def test_mistakes_about_value_and_silence_are_told_at_their_place():
    wrong = PROGRAM.replace("2026-07-20 to 2026-08-02", "2026-08-02 to 2026-07-20").replace("by: model", "by: modle")
    wrong = wrong.replace("risk_quantile: 0.7", "risk_quantile: 0.98").replace("6 weeks", "soon")
    told = [(p.line, p.message) for p in load_bundle({"program.yaml": wrong}, "bakery").problems]
    assert [line for line, _ in told] == [7, 8, 9, 9]
    assert "ends before it begins" in told[1][1]


def test_what_messages_cost_is_booked_once_to_the_customer_and_taken_off_the_net_value():
    costs = replace(program().costs, contact_costs={"sms": 8_750}, acquisition_cost=300)
    owner = Owner(bundle(shop_with(model(), costs=costs), rule("hello", "purchase", Send("hello", ("sms",)))))
    owner.apply(consent())
    (sent,) = owner.apply(bought("t1", T0, spend=4_000)).submissions
    for status in ("accepted", "sent", "delivered"):
        owner.apply(
            ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=T0, activation=sent.activation, status=status,
                rank=RANKS[status], channel="sms", parts=2,
            )
        )  # fmt: skip
    clv = clv_of(owner.state(), owner.bundle.program, T0)
    assert clv.contact_cost == 18  # two parts of 8.75 cents
    assert clv.net == clv.historic + sure(clv.predicted) - 300 - 18
    assert clv.clv_to_cac == (clv.historic + sure(clv.predicted) - 18) / 300
    assert clv.earns_its_cost


def test_a_message_that_never_left_costs_nothing():
    costs = replace(program().costs, contact_costs={"sms": 8_750})
    owner = Owner(bundle(program(costs=costs), rule("hello", "purchase", Send("hello", ("sms",)))))
    owner.apply(consent())
    (sent,) = owner.apply(bought("t1", T0)).submissions
    refused = ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=T0, activation=sent.activation, status="failed", rank=RANKS["failed"]
    )
    owner.apply(refused)
    assert clv_of(owner.state(), owner.bundle.program, T0).contact_cost == 0


def test_a_source_costs_what_it_did_when_the_customer_came():
    shop = load_bundle({"program.yaml": PROGRAM + DATED}, "bakery").program
    assert [shop.costs.acquisition("flyer", day) for day in (20_000, 20_600, 20_700)] == [200, 400, 500]
    assert shop.costs.acquisition("friend", 20_700) == 0
    assert shop.costs.contact_costs == {"sms": 8_750, "whatsapp": 13_230}
    for first, cost in ((20_600, 400), (20_700, 500)):
        assert acquisition_cost(Customer(source="flyer", first_day=first, joined_at=21_000 * DAY), shop.costs) == cost


ABROAD = """\
exchange: {USD: {2026-01-01: 0.9, 2026-10-02: 0.8}, JPY: 0.006}
cards: {ten: {stamps: 5, per: 10 EUR}}
"""


def test_purchases_in_another_currency_count_at_the_rate_of_their_day():
    shop = load_bundle({"program.yaml": PROGRAM + ABROAD}, "bakery").program
    owner = Owner(bundle(shop))
    for name, day, currency, spend in (("a", 0, "USD", 2_501), ("b", 1, "USD", 2_000), ("c", 1, "JPY", 1_000)):
        owner.apply(bought(name, T0 + day * DAY, currency=currency, spend=spend))
    state = owner.state()
    assert (state.purchases, state.spend) == (3, 2_251 + 1_600 + 600)  # 22.509 rounds to 22.51
    assert state.cards["ten"].balance == 3
    owner.apply(taken_back(bought("b", T0 + DAY, currency="USD", spend=2_000), T0 + 3 * DAY))
    assert owner.state().spend == 2_251 + 600


def test_a_purchase_without_a_rate_for_its_day_waits_and_gives_nothing():
    shop = load_bundle({"program.yaml": PROGRAM + ABROAD}, "bakery").program
    owner = Owner(bundle(shop))
    owner.apply(bought("t1", T0 - 400 * DAY, currency="USD", spend=2_000))
    owner.apply(bought("t2", T0, currency="GBP", spend=2_000))
    assert (owner.state().purchases, owner.state().spend, list(owner.reviews)) == (0, 0, ["t1", "t2"])


def test_a_rate_that_is_none_is_told():
    wrong = PROGRAM + "exchange: {EUR: 1, dollar: 0.9, USD: cheap}\n"
    problems = load_bundle({"program.yaml": wrong}, "bakery").problems
    told, hints = [problem.message for problem in problems], [problem.hint for problem in problems]
    assert told[0].startswith('`exchange`: "EUR" is not another currency')
    assert told[1].startswith('`exchange`: "dollar" is not another currency')
    assert hints[1] == 'Did you mean "USD"?'
    assert "must be a number" in told[2]
