"""States of a version before, whose older days of capped cards nobody has counted yet."""

from stamgast.domain import apart, occasions
from stamgast.domain.days import encode_days
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.ledger import purchases_by_day
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY
from stamgast.service import ended
from streams.maintenance.states_of_before import as_far_as_known
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, consent, hello_rule, program
from tests.fakes.in_memory import Owner


def test_verify_takes_what_is_not_counted_yet_for_no_difference():
    live, folded = (Owner(bundle(program(card("free"), card("bread", 100, max_per_day=1)))) for _ in range(2))
    for owner in (live, folded):
        for day in range(0, 100, 10):
            owner.apply(bought(f"t{day}", T0 + day * DAY))
    state, of_log = live.state(), folded.state()
    state.cards["bread"].by_day = None
    before = {field: value for field, value in live.ledgers[ANNA].items() if len(field) == 8}
    assert before != folded.ledgers[ANNA]
    entries, of_fold = as_far_as_known(state, before, of_log, folded.ledgers[ANNA])
    assert (state, entries) == (of_log, of_fold)


def test_verify_tells_what_differs_in_a_card_whose_days_are_known():
    live, folded = (Owner(bundle(program(card("bread", 100, max_per_day=1)))) for _ in range(2))
    live.apply(bought("t1", T0))
    folded.apply(bought("t1", T0 + DAY))
    state, of_log = live.state(), folded.state()
    as_far_as_known(state, live.ledgers[ANNA], of_log, folded.ledgers[ANNA])
    assert state.cards != of_log.cards


def test_verify_takes_days_of_long_ago_for_no_difference():
    live, folded = (Owner(bundle(program())) for _ in range(2))
    for owner in (live, folded):
        for day in range(0, 1500, 5):
            owner.apply(bought(f"t{day}", T0 + day * DAY))
    state, of_log = live.state(), folded.state()
    state.days = encode_days(sorted(purchases_by_day(live.ledgers[ANNA]).items()))
    assert state.days != of_log.days
    as_far_as_known(state, live.ledgers[ANNA], of_log, folded.ledgers[ANNA])
    assert state == of_log


def test_verify_takes_what_ended_and_is_still_in_the_state_for_no_difference_and_tells_of_what_differs(monkeypatch):
    live, folded = (regular(monkeypatch, keeps=keeps) for keeps in (True, False))
    state, of_log = live.state(), folded.state()
    assert (len(state.vouchers), len(state.activations), len(state.fired["thanks"])) == (12, 8, 12)
    assert (len(of_log.vouchers), len(of_log.activations), len(of_log.fired["thanks"])) == (4, 3, 3)
    entries, of_fold = as_far_as_known(state, live.ledgers[ANNA], of_log, folded.ledgers[ANNA])
    assert (state, entries) == (of_log, of_fold)
    state = live.state()
    state.vouchers[0].state = "open"
    as_far_as_known(state, live.ledgers[ANNA], of_log, folded.ledgers[ANNA])
    assert state != of_log


def regular(monkeypatch, *, keeps: bool) -> Owner:
    """Who was written to at each purchase and used each reward, as a version before kept it or as this one does."""
    if keeps:
        monkeypatch.setattr(apart, "ENDED_AT_HAND", 20)
        monkeypatch.setattr(ended, "KEEP_SETTLED", 8)
        monkeypatch.setattr(occasions, "SHOWN", 12)
    owner = Owner(bundle(program(card("bread", 1, reward="loaf")), hello_rule("thanks", per="purchase")))
    owner.apply(consent())
    for number in range(12):
        now = T0 + number * 10 * DAY
        for each in owner.apply(bought(f"t{number}", now)).submissions:
            arrived = ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=now + 1, activation=each.activation, status="delivered", rank=30,
                channel="sms",
            )  # fmt: skip
            owner.apply(arrived)
        code = owner.state().vouchers[-1].code
        owner.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=now + 2, id=f"q{number}", code=code))
    monkeypatch.undo()
    return owner
