"""What the owner counts of the shop as a whole is what its customers' states and purchases come to, in any order."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.actions import AddStamps
from stamgast.domain.calendar import date_of
from stamgast.domain.card_funnel import funnels, holding, stamps_of
from stamgast.domain.customer import decode_customer
from stamgast.domain.day_sums import BEFORE, DROPPED, KEPT, Kept, Per, Sums, is_dropped, month_of, of_day, of_month
from stamgast.domain.days import decode_days
from stamgast.domain.events import AnyEvent, Erased, PurchaseChanged
from stamgast.domain.ledger import decode_entry, field_of
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import DAY
from stamgast.domain.value_bins import NEVER_BOUGHT, bin_of, value_bins
from stamgast.fold import Fold
from tests.builders import ANNA, BRAM, KEY, MERCHANT, T0, bought, bundle, card, program, rule, taken_back
from tests.fakes.in_memory import InMemoryIntake
from tests.random_sales import RECORDED, disorder, logs, programs


def counted(fold: Fold) -> dict[str, int]:
    """A merchant's counters that are not nothing."""
    begins = f"{MERCHANT}|"
    return {name.removeprefix(begins): by for name, by in fold.counters.items() if by}


_LONG_AGO = RECORDED // DAY - KEPT


def _of_states(fold: Fold) -> Counter[str]:
    """Bins, cards and customers of days and months, found by looking at everybody."""
    found: Counter[str] = Counter()
    for value in fold.states.values():
        state = decode_customer(value)
        found[bin_of(state.purchases, state.profit)] += 1
        for name, held in state.cards.items():
            found[stamps_of(name)] += held.balance
            if held.balance:
                found[holding(name, held.balance)] += 1
        days = [day for day, _ in decode_days(state.days)]
        found.update(of_day(day, Per.VISITS) for day in days if day > _LONG_AGO)
        found.update({of_month(month_of(day), Per.CUSTOMERS) for day in days})
    return found


def _same(fold: Fold, expected: Counter[str]) -> None:
    kinds = ("value|", "day|", "month|")
    is_now = {n: by for n, by in counted(fold).items() if n.startswith(kinds) or "|on|" in n or n.endswith("|stamps")}
    assert is_now == {name: by for name, by in expected.items() if by}


@given(programs, logs(), st.data())
def test_counters_are_what_looking_at_everybody_would_find(of: Any, log: Any, data: st.DataObject):
    shuffled = data.draw(disorder(log))
    intake, fold, shop = InMemoryIntake(), Fold(KEY), bundle(of)
    last: dict[tuple[str, str], PurchaseChanged] = {}
    for event in (event for key, value in shuffled for event in intake.take(key, value)):
        fold.apply(event, shop)
        last[event.customer, event.transaction] = event
    expected = _of_states(fold)
    for (customer, transaction), event in last.items():
        value = fold.ledgers[MERCHANT, customer].get(field_of(transaction))
        if event.after is not None and value is not None:
            entry = decode_entry(value, list(decode_customer(fold.states[MERCHANT, customer]).cards))
            store = event.after.store if event.after.store in of.stores else ""
            for what, by in ((Per.PURCHASES, entry.counts), (Per.SPEND, entry.spend), (Per.PROFIT, entry.profit)):
                expected[of_day(entry.day, what, store)] += by if not entry.held and entry.day > _LONG_AGO else 0
                expected[of_month(month_of(entry.day), what, store)] += by if not entry.held else 0
    _same(fold, expected)


def shop(*events: AnyEvent, rules: Any = (), **more: Any) -> Fold:
    fold, of = Fold(KEY), bundle(program(card("bread", 3, reward="loaf"), **more), *rules)
    for event in events:
        fold.apply(event, of)
    return fold


def test_who_crosses_a_bound_of_value_moves_to_the_next_bin_and_back_with_a_refund():
    fold = shop(bought("t1", T0, spend=1_500), bought("t2", T0, customer=BRAM, spend=100))
    assert [each.customers for each in value_bins(counted(fold))][:3] == [0, 2, 0]
    large = bought("t3", T0 + DAY, spend=2_000)
    fold.apply(large, bundle(program()))
    assert [each.customers for each in value_bins(counted(fold))][:3] == [0, 1, 1]
    fold.apply(taken_back(large, T0 + 2 * DAY), bundle(program()))
    assert [each.customers for each in value_bins(counted(fold))][:3] == [0, 2, 0]


def test_the_forgotten_stay_where_they_stand_and_who_never_bought_is_counted_apart():
    fold = shop(bought("t1", T0), Erased(merchant=MERCHANT, customer=ANNA, at=T0 + DAY))
    assert sum(each.customers for each in value_bins(counted(fold))) == 1
    fold = shop(Erased(merchant=MERCHANT, customer=BRAM, at=T0))
    assert counted(fold)[NEVER_BOUGHT] == 1


def test_stamps_of_rules_stand_on_cards_and_are_owed_like_any_others():
    two = rule("two", "purchase", AddStamps((("bread", 1),)), per="customer")
    fold = shop(bought("t1", T0), rules=(two,))
    assert counted(fold)[stamps_of("bread")] == 2
    [funnel] = funnels(counted(fold), program(card("bread", 3, reward="loaf")), {"bread": {"coffee"}})
    assert (funnel.holding, funnel.rewards) == ([0, 1], ["coffee", "loaf"])
    fold.apply(bought("t2", T0 + DAY), bundle(program(card("bread", 3, reward="loaf")), two))
    [funnel] = funnels(counted(fold), program(card("bread", 3, reward="loaf")), {})
    assert (funnel.holding, funnel.stamps, funnel.full, funnel.given, funnel.redeemed) == ([0, 0], 0, 1, 1, 0)


def test_a_reward_is_used_on_the_day_of_its_use_and_taken_back_when_the_till_does():
    events = [bought(f"t{number}", T0 + number * DAY) for number in range(3)]
    fold = shop(*events)
    [voucher] = decode_customer(fold.states[MERCHANT, ANNA]).vouchers
    of = bundle(program(card("bread", 3, reward="loaf")))
    used = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 9 * DAY, code=voucher.code, id="r1")
    fold.apply(used, of)
    day = T0 // DAY + 9
    assert counted(fold)[of_day(day, Per.REDEEMED)] == counted(fold)[of_month(month_of(day), Per.REDEEMED)] == 1
    back = RedemptionTakenBack(merchant=MERCHANT, customer=ANNA, at=used.at + 1, code=voucher.code, redemption="r1")
    fold.apply(back, of)
    assert of_day(day, Per.REDEEMED) not in counted(fold)


def test_days_long_gone_are_not_counted_by_day_and_their_months_are():
    long_ago = bought("t1", T0 - (KEPT + 1) * DAY, recorded=T0)
    kept = Kept.of(counted(shop(long_ago)))
    assert not kept.days
    assert kept.month(month_of(T0 // DAY - KEPT - 1)) == Sums(purchases=1, spend=350, profit=193, customers=1)


def test_a_week_and_a_store_are_sums_of_days_and_a_visitor_of_two_days_counts_twice():
    sales = [bought("t1", T0), bought("t2", T0 + 1), bought("t3", T0 + DAY, store="bar"), bought("t4", T0, store="?")]
    kept = Kept.of(counted(shop(*sales)))
    today = T0 // DAY
    assert kept.days_of(range(today, today + 2)) == Sums(purchases=4, spend=1_400, profit=772, visits=2)
    assert kept.days_of([today], "shop") == Sums(purchases=2, spend=700, profit=386)
    assert kept.days_of([today], "") == Sums(purchases=1, spend=350, profit=193), "of a store that nobody named"
    month = month_of(today)
    assert (kept.month(month).customers, kept.stores_of_month(month)) == (1, ["", "bar", "shop"])


def test_what_was_counted_before_months_were_is_of_no_month():
    kept = Kept.of({of_month(BEFORE, Per.PURCHASES): 7, of_month("2026-10", Per.PURCHASES): 2})
    assert (kept.before.purchases, kept.month("2026-10").purchases) == (7, 2)


def test_counters_of_days_are_dropped_a_week_after_the_last_that_may_be_added():
    today = T0 // DAY
    assert is_dropped(of_day(today - DROPPED, Per.SPEND, "a|b"), today)
    assert not is_dropped(of_day(today - DROPPED + 1, Per.SPEND), today)
    assert not is_dropped(of_month("2001-01", Per.SPEND), today)
    assert not is_dropped("customers", today)
    assert date_of(today).isoformat() == "2026-10-01"
