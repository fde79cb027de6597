"""States of a version before, whose older days of capped cards nobody has counted yet."""

from stamgast.domain.units import DAY
from streams.maintenance.uncounted_days import as_far_as_known
from tests.builders import ANNA, T0, bought, bundle, card, program
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
