"""The recomputation itself, by figures worked out by hand, and what it says when a state departs from it."""

import json
from dataclasses import replace

from stamgast.domain.costs import Costs
from stamgast.domain.events import Barrier, OptedOut, encode_event
from stamgast.domain.program import LapseModel
from stamgast.domain.units import DAY, HOUR
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bought,
    bundle,
    card,
    consent,
    line,
    program,
    record,
    refund,
    snapshot,
    taken_back,
)
from tests.fakes.in_memory import Owner
from tests.oracle import Oracle, SimpleRule, differences, figures_from_purchases, recompute
from tests.oracle_figures import lapse_gap

SHOP = program(
    card(stamps=3, per="item", categories=["bread"], max_per_day=2),
    costs=Costs(default_margin=500, category_margins={"bread": 600}, acquisition_cost=100),
)


def test_figures_from_raw_purchases_by_hand():
    loaves = [line("1", 700, "2", category="bread"), line("2", 300, category="drinks", cost_minor=100)]
    records = [
        record(snapshot("t1", 1, T0, loaves), T0),
        record(snapshot("t2", 1, T0 + HOUR, [line("1", 350, "1", category="bread")]), T0 + HOUR),
        record(snapshot("t3", 1, T0 + 3 * DAY, loaves), T0 + 3 * DAY),
        record(refund("t3", "r1", 350, lines=[("1", "1", 350)]), T0 + 4 * DAY),
        record(refund("t3", "r1", 350, lines=[("1", "1", 350)]), T0 + 5 * DAY),
        record(snapshot("t4", 1, T0 + 5 * DAY, loaves, status="voided"), T0 + 5 * DAY),
    ]
    found = figures_from_purchases(records, {MERCHANT: SHOP})[MERCHANT, ANNA]
    assert (found.purchases, found.spend, found.refunds) == (3, 1000 + 350 + 650, 350)
    assert found.profit == (420 + 200) + 210 + (210 + 200)
    assert found.days == [20727, 20730]
    card_ = found.cards["bread"]
    assert (card_.balance, len(card_.completed)) == (0, 1), "two on the first day, capped, and one on the other"
    assert found.clv_simple(T0 + 3 * DAY) == 2000 * 3 - 100


def test_a_record_that_is_not_canonical_waits_for_its_canonical_form():
    key, value = record(snapshot(lines=[line()]), T0)
    raw = json.loads(value)
    del raw["stamgastrecordedat"]
    assert figures_from_purchases([(key, json.dumps(raw).encode())], {MERCHANT: SHOP}) == {}


def test_the_lapse_gap_by_hand():
    # two gaps of a week: weight 0.36/(0.36+0.81/2) = 0.470588; m = w ln 7 + (1-w) ln 30; plus 1.644854 x 0.9
    assert abs(lapse_gap([0, 7, 14], LapseModel()) - 66.468) < 0.01
    assert lapse_gap([0, 7], LapseModel()) == 90.0


def test_a_repeated_record_is_recognised_by_its_source():
    event = bought("t1", T0)
    first = replace_source(event, 1)
    log = [first, replace_source(taken_back(event, T0 + HOUR), 2), first]
    oracle = recompute(map(encode_event, log), Oracle(at_start={MERCHANT: SHOP}))
    assert oracle.customers[MERCHANT, ANNA].purchases == 0


def replace_source(event, offset):
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(values | {"source": ("topic", 0, offset, 0)}))


def test_a_purchase_counts_under_the_programme_in_force_when_it_was_applied():
    richer = replace(SHOP, costs=Costs(default_margin=1000))
    programs = {"one": SHOP, "two": richer}
    barriers = [Barrier(merchant=MERCHANT, customer="", at=0, number=n, hash=h) for n, h in ((1, "one"), (2, "two"))]
    log = [barriers[0], bought("t1", T0), barriers[1], bought("t2", T0), barriers[0], bought("t3", T0)]
    oracle = recompute(map(encode_event, log), Oracle(programs))
    assert oracle.customers[MERCHANT, ANNA].profit == 175 + 350 + 350


def test_it_says_which_messages_must_go_which_may_and_which_must_not():
    rules = [SimpleRule("hello", "purchase", sends="hello"), SimpleRule("second", "visits_reached", 2, sends="hello")]
    back = bought("t1", T0)
    log = [
        consent(when=T0 - 1),
        back,
        taken_back(back, T0 + HOUR),
        bought("t2", T0 + DAY),
        bought("t3", T0 + 2 * DAY, recorded=T0 + 3 * DAY),
        OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + 3 * DAY),
        bought("t4", T0 + 4 * DAY),
    ]
    oracle = recompute(map(encode_event, log), Oracle(at_start={MERCHANT: SHOP}, rules={MERCHANT: rules}))
    told = {(w.rule, w.occasion): (w.verdict, w.taken_back) for w in oracle.wanted.values()}
    assert told == {
        ("hello", "t1"): ("send", True),
        ("hello", "t2"): ("send", False),
        ("hello", "t3"): ("late", False),
        ("second", "customer:visits:2"): ("late", False),
        ("hello", "t4"): ("opted_out", False),
    }


def test_what_a_refund_takes_back_goes_also_when_its_rule_is_no_longer_in_force():
    """Or a message that was stopped for a refund looks lost to a proof that changes rules meanwhile."""
    bought_once = bought("t1", T0)
    oracle = Oracle(at_start={MERCHANT: SHOP}, rules={MERCHANT: [SimpleRule("hello", "purchase", sends="hello")]})
    recompute(map(encode_event, [consent(when=T0 - 1), bought_once]), oracle)
    oracle.rules_in_force(MERCHANT, ())
    recompute([encode_event(taken_back(bought_once, T0 + HOUR))], oracle)
    assert [(w.verdict, w.taken_back) for w in oracle.wanted.values()] == [("send", True)]


def test_a_difference_is_told_in_words():
    owner = Owner(bundle(SHOP))
    event = bought("t1", T0)
    owner.apply(event)
    oracle = recompute([encode_event(event)], Oracle(at_start={MERCHANT: SHOP}))
    key = (MERCHANT, ANNA)
    assert differences(oracle.customers, {key: owner.state()}) == []
    wrong = owner.state()
    wrong.spend += 1
    assert differences(oracle.customers, {key: wrong}) == [f"{MERCHANT}:{ANNA}: spend is 351, should be 350"]
    assert differences(oracle.customers, {}) == [f"{MERCHANT}:{ANNA}: has no state, but 1 purchases"]
    assert differences({}, {key: wrong}) == [
        f"{MERCHANT}:{ANNA}: has a state (1 purchases), but no record speaks of them"
    ]
