"""What rules wait for: set, moved, kept over restarts and publications, and never for what is past."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from rules.loader import load_bundle
from stamgast.domain.events import (
    AnyEvent,
    Enrolled,
    Erased,
    Line,
    PurchaseChanged,
    Reviewed,
    TimerDue,
)
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.service import Bundle
from stamgast.service.awaited import wanted
from stamgast.simulate import Simulation
from tests.builders import ANNA, MERCHANT, T0, at, bought, changed, consent, taken_back
from tests.fakes.in_memory import Owner

PROGRAM = f"""
merchant: {MERCHANT}
name: Bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {{shop: {{}}}}
cards: {{bread: {{stamps: 30, categories: [bread]}}}}
rewards: {{loaf: {{names: {{nl: Brood}}, valid_for: 30 days}}}}
templates: {{hello: {{}}}}
messaging: {{sms_sender: "+31201234568", caps: {{marketing: [100 per day]}}}}
feed: {{stale_after: 2 days}}
"""
WATCH = "watch: [RYE]\n"
TIERS = "tiers: {by: spend, in: 12 months, levels: {silver: 10 EUR, gold: 20 EUR}, grace: 30 days}\n"
KEY = (MERCHANT, ANNA)


def in_force(
    *whens: str, program: str = PROGRAM, then: str = "[{send: hello}]", number: int = 1, more: str = ""
) -> Bundle:
    files = {"program.yaml": program, "templates/nl/hello.j2": "Hallo! Stop? Antwoord STOP"}
    for place, when in enumerate(whens):
        files[f"rules/r{place}.yaml"] = f"rule: r{place}\nstatus: live\nwhen: {when}\n{more}then: {then}\n"
    loaded = load_bundle(files)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    return Bundle(number, f"hash{number}", loaded.program, loaded.rules)


def enrolled(birthday: str | None = None, when: Millis = T0) -> Enrolled:
    return Enrolled(merchant=MERCHANT, customer=ANNA, at=when, birthday=birthday)


def played(bundle: Bundle, events: Iterable[AnyEvent], until: Millis) -> list[Millis]:
    """When a message went out."""
    simulation = Simulation(bundle, mind_holdout=False)
    simulation.feed([consent(when=T0 - DAY), *events])
    simulation.advance(until)
    assert simulation.failures == []
    return [each.at for each in simulation.happened if each.kind == "send"]


def loaf(name: str, when: Millis, *, amount: int = 350, recorded: Millis | None = None) -> PurchaseChanged:
    return bought(name, when, recorded=recorded, spend=amount, lines=(Line("1", amount, sku="RYE", category="bread"),))


EVERYTHING = (
    "{not_seen_for: 30 days}", "{spend_reached: {amount: 20 EUR, in: 12 months}}", "{spend_reached: 20 EUR}",
    "{bought: {category: bread}}", "{bought: {product: RYE, time: first}}", "tier_changed", "{anniversary: {of: first_visit}}",
)  # fmt: skip


def test_an_import_of_years_of_history_fires_nothing():
    bundle = in_force(*EVERYTHING, program=PROGRAM + TIERS + WATCH)
    history = [
        loaf(f"t{number}", T0 - (3_000 - number * 60) * DAY, recorded=T0 + number, amount=2_000) for number in range(46)
    ]
    assert played(bundle, history, T0 + 20 * DAY) == []
    simulation = Simulation(bundle)
    simulation.feed(history)
    state = simulation.state(KEY)
    assert state is not None
    assert state.tier is not None, "value and tier are what they come to all the same"


def test_who_has_been_away_for_long_when_a_rule_comes_into_force_is_not_told_of_as_if_it_were_news():
    simulation = Simulation(in_force())
    simulation.feed([consent(when=T0 - DAY), loaf("t1", T0)])
    simulation.bring_into_force(in_force("{not_seen_for: 30 days}", number=2), T0 + 100 * DAY)
    simulation.feed([Reviewed(merchant=MERCHANT, customer=ANNA, at=T0 + 100 * DAY)])
    simulation.advance(T0 + 300 * DAY)
    assert [each for each in simulation.happened if each.kind == "send"] == []
    back = T0 + 301 * DAY
    simulation.feed([loaf("t2", back)])
    simulation.advance(back + 40 * DAY)
    assert [each.at for each in simulation.happened if each.kind == "send"] == [at("2027-08-28 07:00")]


def test_a_publication_finds_everybody_whom_its_rules_wait_for():
    owner = Owner(in_force())
    owner.apply(enrolled("12-24"))
    after = in_force("birthday", number=2)
    assert owner.state().timers == {}
    assert wanted(owner.state(), after, T0) == {"birthday:0": at("2026-12-23 23:00")}
    owner.bundle = after
    owner.apply(Reviewed(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR))
    assert owner.state().timers == {"birthday:0": at("2026-12-23 23:00")}
    owner.bundle = in_force("{birthday: {before: 1 week}}", number=3)
    owner.apply(Reviewed(merchant=MERCHANT, customer=ANNA, at=T0 + 2 * HOUR))
    assert owner.state().timers == {"birthday:7": at("2026-12-16 23:00")}


def test_a_timer_that_is_due_is_not_lost_when_something_else_happens_before_it_is_run():
    owner = Owner(in_force("birthday"))
    owner.apply(consent(when=T0), enrolled("10-05"))
    due = owner.state().timers["birthday:0"]
    owner.apply(loaf("t1", due + HOUR))
    assert owner.state().timers["birthday:0"] == due
    change = owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due + 9 * HOUR, due=due))
    assert len(change.submissions) == 1
    assert owner.state().timers["birthday:0"] > due + 300 * DAY, "and then it is the next one"


def test_a_timer_that_comes_days_late_sends_nothing():
    owner = Owner(in_force("birthday"))
    owner.apply(consent(when=T0), enrolled("10-05"))
    due = owner.state().timers["birthday:0"]
    change = owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due + 4 * DAY, due=due))
    assert (change.submissions, [note.reason for note in change.notes]) == ([], ["late"])


@pytest.mark.parametrize("name", ["reward_expires_in: 3 days", "reward_expires_in: {in: 3 days, reward: loaf}"])
def test_each_of_several_vouchers_is_told_of_once_before_it_ends(name: str):
    bundle = in_force(f"{{{name}}}", then="[{tag: seen}]")
    simulation = Simulation(bundle)
    for day in (0, 1, 1, 4):
        simulation.hand_out(KEY, "loaf", T0 + day * DAY)
    simulation.advance(T0 + 40 * DAY)
    state = simulation.state(KEY)
    assert state is not None
    seen = state.fired["r0"]
    assert len(seen) == len(set(seen)) == 4


def test_nobody_is_called_absent_while_the_feed_is_stale():
    bundle = in_force("{not_seen_for: 30 days}")
    stale = replace(bundle, program=replace(bundle.program, feed_healthy=False))
    simulation = Simulation(bundle)
    simulation.feed([consent(when=T0 - DAY), loaf("t1", T0)])
    simulation.bring_into_force(stale, T0 + DAY)
    simulation.advance(T0 + 60 * DAY)
    assert [each for each in simulation.happened if each.kind == "send"] == []
    simulation.bring_into_force(bundle, T0 + 60 * DAY)
    simulation.advance(T0 + 63 * DAY)
    assert len([each for each in simulation.happened if each.kind == "send"]) == 1


def test_what_was_spent_is_known_from_the_first_event_on_though_nobody_asked_before():
    owner = Owner(in_force("purchase"))
    for month in range(6):
        owner.apply(loaf(f"t{month}", T0 + month * 30 * DAY, amount=300))
    assert (owner.state().spending, owner.state().bought) == (None, {}), "nothing is kept that nobody asks for"
    owner.bundle = in_force("{spend_reached: {amount: 20 EUR, in: 12 months}}", then="[{tag: seen}]", number=2)
    owner.apply(loaf("t6", T0 + 180 * DAY, amount=300))
    assert owner.state().tags == ["seen"], "21 EUR within the year"
    owner.bundle = in_force("purchase", number=3)
    owner.apply(loaf("t7", T0 + 181 * DAY))
    assert owner.state().spending is None


def test_spend_within_a_span_is_reached_again_in_another_year():
    bundle = in_force("{spend_reached: {amount: 10 EUR, in: 3 months}}")
    sales = [loaf(f"t{year}-{number}", T0 + (year * 365 + number) * DAY) for year in range(3) for number in range(4)]
    assert len(played(bundle, sales, T0 + 900 * DAY)) == 3


def test_a_refund_counts_what_was_bought_anew():
    owner = Owner(in_force("{bought: {category: bread, time: 3}}", then="[{give: loaf}]", more="earned: true\n"))
    sales = [loaf(f"t{number}", T0 + number * DAY) for number in range(3)]
    owner.apply(*sales)
    assert (owner.state().bought["category:bread"].times, len(owner.state().vouchers)) == (3, 1)
    owner.apply(taken_back(sales[2], T0 + 5 * DAY))
    known = owner.state().bought["category:bread"]
    assert (known.times, known.day * DAY) == (2, T0 // DAY * DAY + DAY)
    assert owner.state().vouchers[0].state == "withdrawn"
    part = changed(
        sales[1], T0 + 6 * DAY, bought("x", T0 + DAY, spend=100, lines=(Line("2", 100, category="drinks"),)).after
    )
    owner.apply(part)
    known = owner.state().bought["category:bread"]
    assert (known.times, known.day * DAY) == (1, T0 // DAY * DAY)


def test_of_many_things_those_bought_longest_ago_are_forgotten():
    names = [f"S{number}" for number in range(70)]
    bundle = in_force("purchase", program=PROGRAM + f"watch: [{', '.join(names)}]\n")
    owner = Owner(bundle)
    for number, name in enumerate(names):
        owner.apply(bought(name, T0 + number * DAY, lines=(Line("1", 350, sku=name),)))
    assert set(owner.state().bought) == {f"product:{name}" for name in names[-64:]}


def test_who_had_earned_a_tier_before_there_were_any_has_it_and_it_is_no_news():
    owner = Owner(in_force("purchase", then="[{tag: seen}]"))
    owner.apply(consent(when=T0 - DAY))
    for number in range(4):
        owner.apply(loaf(f"t{number}", T0 + number * DAY, amount=300))
    owner.bundle = in_force("tier_changed", program=PROGRAM + TIERS, number=2)
    change = owner.apply(loaf("t4", T0 + 9 * DAY, amount=300))
    held = owner.state().tier
    assert held is not None
    assert (held.name, change.submissions) == ("silver", [])
    assert len(owner.apply(loaf("t5", T0 + 10 * DAY, amount=600)).submissions) == 1
    owner.bundle = in_force("purchase", number=3)
    owner.apply(loaf("t6", T0 + 11 * DAY))
    assert owner.state().tier is None


@pytest.mark.parametrize(
    ("downgrade", "tiers"), [("earned", ["none"]), ("one_step", ["silver", "none"]), ("never", [])]
)
def test_a_tier_is_lost_in_the_way_that_the_programme_says(downgrade: str, tiers: list[str]):
    program = PROGRAM + TIERS.replace("grace: 30 days", f"grace: 30 days, downgrade: {downgrade}")
    ways = [f"{{tier_changed: {{to: {name}, way: down}}}}" for name in ("silver", "none")]
    simulation = Simulation(in_force(*ways, program=program))
    simulation.feed([consent(when=T0 - DAY), loaf("t1", T0, amount=2_000)])
    simulation.advance(T0 + 600 * DAY)
    sent = [(each.rule, each.at) for each in simulation.happened if each.kind == "send"]
    assert [{"r0": "silver", "r1": "none"}[rule] for rule, _ in sent] == tiers
    if tiers:
        assert sent[0][1] == at("2027-10-31 08:00"), "a year and thirty days after, in the morning"


def test_a_refund_takes_a_tier_back_at_once_with_what_it_brought():
    owner = Owner(in_force("{tier_changed: {to: gold}}", program=PROGRAM + TIERS, then="[{give: loaf}]"))
    owner.apply(loaf("t1", T0, amount=1_200))
    sale = loaf("t2", T0 + DAY, amount=900)
    owner.apply(sale)
    assert [voucher.state for voucher in owner.state().vouchers] == ["open"]
    owner.apply(taken_back(sale, T0 + 3 * DAY))
    held = owner.state().tier
    assert held is not None
    assert (held.name, [voucher.state for voucher in owner.state().vouchers]) == ("silver", ["withdrawn"])


def test_a_message_about_a_voucher_does_not_go_once_it_is_used():
    simulation = Simulation(in_force("reward_given"))
    evening = at("2026-10-01 21:00")
    simulation.feed([consent(when=T0 - DAY)])
    simulation.hand_out(KEY, "loaf", evening)
    state = simulation.state(KEY)
    assert state is not None
    assert [activation.state for activation in state.activations] == ["held"]
    code = state.vouchers[0].code
    simulation.feed([VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=evening + HOUR, code=code, id="till")])
    simulation.advance(evening + DAY)
    assert [each.reason for each in simulation.happened if each.kind == "withheld"] == ["no_longer_true"]


def test_a_forgotten_customer_waits_for_nothing():
    owner = Owner(in_force("birthday", "{not_seen_for: 30 days}", program=PROGRAM + TIERS))
    owner.apply(enrolled("12-24"), loaf("t1", T0, amount=2_000))
    assert {"birthday:0", "unseen:30", "tier"} <= set(owner.state().timers)
    owner.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + DAY))
    assert not {"birthday:0", "unseen:30", "tier"} & set(owner.state().timers)


def test_where_nothing_is_asked_for_a_state_is_not_a_byte_larger_than_its_new_fields():
    owner = Owner(in_force("purchase"))
    owner.apply(loaf("t1", T0))
    state = owner.state()
    assert (state.spending, state.bought, state.tier) == (None, {}, None)
    assert set(state.timers) == {"lapse", "risk"}
