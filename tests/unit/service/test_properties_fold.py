"""Folding a log, with rules that change in the middle and records that come twice, equals its recomputation."""

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.customer import decode_customer
from stamgast.domain.events import AnyEvent, Barrier, encode_event
from stamgast.fold import Fold
from stamgast.simulate import Simulation
from tests.all_vouchers import whole
from tests.builders import ANNA, MERCHANT, bought, bundle, card, card_rule, consent, hello_rule, program
from tests.fakes.in_memory import KEY, InMemoryIntake
from tests.oracle import Oracle, SimpleRule, differences, recompute
from tests.random_sales import disorder, logs, programs


def barrier(number: int) -> Barrier:
    return Barrier(merchant=MERCHANT, customer="", at=0, number=number, hash=f"hash{number}")


@st.composite
def customer_logs(draw: st.DrawFn) -> list[AnyEvent]:
    """What intake makes of a shuffled log, with a second programme from somewhere on, and a stretch read twice."""
    shuffled = draw(disorder(draw(logs())))
    intake = InMemoryIntake()
    events: list[AnyEvent] = [event for key, value in shuffled for event in intake.take(key, value)]
    events.insert(draw(st.integers(0, len(events))), barrier(2))
    start = draw(st.integers(0, len(events)))
    stop = draw(st.integers(start, len(events)))
    return [barrier(1), *events[:stop], *events[start:stop], *events[stop:]]


@given(programs, programs, customer_logs())
def test_a_fold_equals_the_recomputation_also_when_the_programme_changes_and_records_come_twice(first, second, log):
    bundles = {f"hash{number}": bundle(of, number=number) for number, of in ((1, first), (2, second))}
    fold, in_force, seen = Fold(KEY), bundles["hash1"], (0, 0)
    for event in log:
        if isinstance(event, Barrier):
            in_force = max(in_force, bundles[event.hash], key=lambda each: each.number)
        elif event.source is not None and event.source[2:] > seen:  # as the owner's watermark of that source would
            fold.apply(event, in_force)
            seen = event.source[2:]
    oracle = recompute(map(encode_event, log), Oracle({hash_: each.program for hash_, each in bundles.items()}))
    states = {key: whole(decode_customer(value), fold.ledgers.get(key, {})) for key, value in fold.states.items()}
    assert differences(oracle.customers, states) == []


def test_a_simulation_sends_what_the_oracle_expects():
    shop = program(card(stamps=3))
    rules = [card_rule(priority=9), hello_rule()]
    simulation = Simulation(bundle(shop, *rules))
    log: list[AnyEvent] = [consent()]
    for number in range(7):
        when = bought("x", 0).at + 1_790_000_000_000 + number * 86_400_000
        log.append(bought(f"t{number}", when, recorded=when + (3 * 86_400_000 if number == 6 else 0)))
    log[0] = consent(when=log[1].at - 1)
    simulation.feed(log)
    simple = [
        SimpleRule("free-loaf", "stamp_card_completed", "bread", sends="loaf", gives="loaf"),
        SimpleRule("hello", "purchase", sends="hello"),
    ]
    oracle = recompute(map(encode_event, log), Oracle(at_start={MERCHANT: shop}, rules={MERCHANT: simple}))
    wanted = sorted((w.rule, w.verdict) for w in oracle.wanted.values())
    assert [verdict for _, verdict in wanted].count("send") == 8
    sent = sorted(each.rule for each in simulation.happened if each.kind == "send")
    assert sent == sorted(w.rule for w in oracle.wanted.values() if w.verdict == "send")
    withheld = [each.reason for each in simulation.happened if each.kind == "withheld"]
    assert withheld == [w.verdict for w in oracle.wanted.values() if w.verdict != "send"] == ["late"]
    assert {w.customer for w in oracle.wanted.values()} == {(MERCHANT, ANNA)}
