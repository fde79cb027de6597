"""What a rule earned is summed as it happens: both sides alike, true to refunds, and apart from what is attributed."""

from collections import Counter
from typing import Any

from msgspec import structs

from rules.actions import Give, Send
from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS
from stamgast.domain.contact_policy import is_held_out
from stamgast.domain.costs import Costs
from stamgast.domain.counters import Counter as Counted
from stamgast.domain.earned import report
from stamgast.domain.events import (
    ActivationOutcome,
    OptedOut,
    Replied,
)
from stamgast.domain.measuring import MOST_WATCHED, Watched, watch
from stamgast.domain.program import Reward
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import Channel
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, changed, consent, program, rule, sure, taken_back
from tests.fakes.in_memory import Owner
from tests.played_shop import COMPARED, TIPS

PROFIT = 193
"""Of a purchase of 3.50: 55 %, rounded half up in the middle."""


def person(rule_id: str, *, held_out: bool) -> str:
    """Somebody on that side of a rule's comparison of half and half."""
    names = (f"c{number:024}" for number in range(100))
    return next(name for name in names if is_held_out(MERCHANT, rule_id, name, 50) is held_out)


def letter(id_: str = "letter", **more: Any) -> CompiledRule:
    """Once a customer, at the first purchase, to half of them."""
    actions = more.pop("actions", (Send("hello", ("sms",)),))
    return rule(id_, "purchase", *actions, per=more.pop("per", "customer"), **({"hold_out": 50} | more))


class Shop:
    """Customers of one shop; `sums` are its counters of what rules came to."""

    def __init__(self, *rules: CompiledRule, **more: Any) -> None:
        costs = Costs(default_margin=550, contact_costs={Channel.SMS: 7500})
        rewards = {"loaf": Reward("loaf", {"nl": "brood"}, cost=110)}
        self.owner = Owner(bundle(program(**({"costs": costs, "rewards": rewards} | more)), *rules))

    def buys(self, who: str, name: str, when: Millis, **more: Any) -> Any:
        event = bought(name, when, customer=who, **more)
        self.owner.apply(event)
        return event

    def arrives(self, who: str, when: Millis, status: str = "delivered") -> None:
        sent = [each for change in self.owner.changes for each in change.submissions if each.customer == who][-1]
        self.owner.apply(
            ActivationOutcome(
                merchant=MERCHANT, customer=who, at=when, activation=sent.activation, status=status,
                rank=RANKS[status], channel="sms",
            )
        )  # fmt: skip

    @property
    def sums(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for change in self.owner.changes:
            total.update(change.counters)
        start = f"{Counted.MEASURE}|"
        return {name.removeprefix(start): by for name, by in total.items() if name.startswith(start) and by}

    def side(self, rule_id: str, arm: str) -> dict[str, int]:
        start = f"{rule_id}|{arm}|"
        return {name.removeprefix(start): by for name, by in self.sums.items() if name.startswith(start)}


def test_both_sides_are_watched_from_the_decision_on_and_what_set_it_off_does_not_count():
    shop = Shop(letter())
    for held_out, arm in ((True, "h"), (False, "t")):
        who = person("letter", held_out=held_out)
        shop.owner.apply(consent(who))
        shop.buys(who, f"first{arm}", T0)
        assert shop.side("letter", arm) == {"people": 1}
        shop.buys(who, f"second{arm}", T0 + 7 * DAY)
        shop.buys(who, f"late{arm}", T0 + 7 * DAY + 1)
        net = PROFIT * 1000
        assert shop.side("letter", arm) == {"people": 1, "converted": 1, "net": net, "squares": net**2}


def test_who_has_agreed_to_nothing_is_on_neither_side():
    shop = Shop(letter())
    shop.buys(person("letter", held_out=True), "a", T0)
    shop.buys(person("letter", held_out=False), "b", T0)
    assert shop.sums == {"letter|reached": 2}


def test_a_refund_an_edit_and_a_late_purchase_end_in_the_same_sums():
    shop = Shop(letter())
    who = person("letter", held_out=True)
    shop.owner.apply(consent(who))
    shop.buys(who, "first", T0)
    second = shop.buys(who, "second", T0 + DAY)
    shop.buys(who, "third", T0 + 2 * DAY, recorded=T0 + 30 * DAY)
    shop.buys(who, "before", T0 - DAY, recorded=T0 + 30 * DAY)
    assert shop.side("letter", "h")["net"] == 2 * PROFIT * 1000
    shop.owner.apply(taken_back(second, T0 + 40 * DAY))
    assert shop.side("letter", "h") == {
        "people": 1, "converted": 1, "net": PROFIT * 1000, "squares": (PROFIT * 1000) ** 2,
    }  # fmt: skip


def test_a_customer_counts_once_however_often_the_rule_decides():
    shop = Shop(letter(per="purchase"))
    who = person("letter", held_out=True)
    shop.owner.apply(consent(who))
    for day in range(4):
        shop.buys(who, f"t{day}", T0 + day * DAY)
    net = 3 * PROFIT * 1000
    assert shop.side("letter", "h") == {"people": 1, "converted": 1, "net": net, "squares": net**2}


def test_messages_and_rewards_are_taken_off_what_they_earned():
    shop = Shop(letter(actions=(Give("loaf"), Send("hello", ("sms",)))))
    who = person("letter", held_out=False)
    shop.owner.apply(consent(who))
    shop.buys(who, "first", T0)
    shop.arrives(who, T0 + 1)
    code = shop.owner.state(who).vouchers[0].code
    used = VoucherRedeemed(merchant=MERCHANT, customer=who, at=T0 + DAY, id="till-1", code=code)
    shop.owner.apply(used)
    assert shop.side("letter", "t")["net"] == -(7500 + 110_000)
    assert {shop.sums[f"letter|{each}"] for each in ("sent", "delivered", "redeemed")} == {1}
    assert (shop.sums["letter|messages"], shop.sums["letter|rewards"]) == (7500, 110)
    shop.owner.apply(
        RedemptionTakenBack(
            merchant=MERCHANT, customer=who, at=T0 + 2 * DAY, id="till-2", code=code, redemption="till-1"
        )
    )
    assert shop.side("letter", "t")["net"] == -7500
    assert "letter|redeemed" not in shop.sums


def test_a_purchase_is_attributed_to_the_last_message_that_arrived_and_to_no_other():
    shop = Shop(letter("one", hold_out=0), letter("two", hold_out=0, per="purchase"))
    shop.owner.apply(consent())
    shop.buys(ANNA, "t0", T0)
    shop.arrives(ANNA, T0 + HOUR)
    shop.arrives(ANNA, T0 + 2 * HOUR)
    shop.arrives(ANNA, T0 + 3 * HOUR, "read")
    between = shop.buys(ANNA, "t1", T0 + HOUR + 1, recorded=T0 + 4 * HOUR)
    shop.buys(ANNA, "t2", T0 + DAY)
    shop.buys(ANNA, "t3", T0 + 9 * DAY)
    found = {name: by for name, by in shop.sums.items() if name.endswith(("purchases", "revenue", "profit"))}
    assert found == {
        "one|purchases": 1, "one|revenue": 350, "one|profit": PROFIT,
        "two|purchases": 1, "two|revenue": 350, "two|profit": PROFIT,
    }  # fmt: skip
    shop.owner.apply(taken_back(between, T0 + 10 * DAY))
    assert "one|purchases" not in shop.sums
    assert shop.sums["two|read"] == 1


def test_an_opt_out_counts_against_the_message_before_it():
    shop = Shop(letter(hold_out=0))
    shop.owner.apply(consent())
    shop.buys(ANNA, "t0", T0)
    shop.arrives(ANNA, T0 + HOUR)
    shop.owner.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + DAY))
    assert shop.sums["letter|opted_out"] == 1


def test_a_reply_counts_for_the_message_before_it_and_a_customer_is_reached_once():
    shop = Shop(letter(per="purchase", hold_out=0))
    shop.owner.apply(consent())
    reply = Replied(merchant=MERCHANT, customer=ANNA, at=T0, channel="sms", keyword="yes")
    shop.owner.apply(reply)
    for day in range(3):
        shop.buys(ANNA, f"t{day}", T0 + day * DAY)
    shop.arrives(ANNA, T0 + 3 * DAY)
    shop.owner.apply(structs.replace(reply, at=T0 + 4 * DAY))
    assert (shop.sums["letter|replied"], shop.sums["letter|reached"]) == (1, 1)


def test_messages_that_are_compared_have_a_side_each_and_the_rule_has_all_of_them():
    shop = Shop(letter(actions=(COMPARED,), per="purchase"))
    held, others = person("letter", held_out=True), [f"c{number:024}" for number in range(100, 140)]
    for who in (held, *others):
        shop.owner.apply(consent(who))
        shop.buys(who, f"{who}-0", T0)
        if not is_held_out(MERCHANT, "letter", who, 50):
            shop.arrives(who, T0 + HOUR)
        shop.buys(who, f"{who}-1", T0 + DAY)
    found = report({f"{Counted.MEASURE}|{name}": by for name, by in shop.sums.items()}, program(), ["letter"])
    figures = found["rules"]["letter"]
    assert set(figures["variants"]) == {"a", "b"}
    for name in ("people", "converted", "profit_minor"):
        parts = [each[name] for each in figures["variants"].values()]
        assert all(parts)
        assert sum(parts) == figures["arms"]["treated"][name]
    for name in ("sent", "delivered"):
        assert sum(each[name] for each in figures["variants"].values()) == figures[name] > 5
    bought_after = [each["attributed"]["purchases"] for each in figures["variants"].values()]
    assert sum(bought_after) == figures["attributed"]["purchases"] == figures["sent"]
    assert figures["variants"]["a"]["uplift"]["per_customer_minor"] is not None
    told = [as_line(line) for change in shop.owner.changes for line in change.told if line.kind == "decision"]
    assert {line.variant for line in told} == {"a", "b"}, "facts say which one each customer gets, or would have got"
    assert figures["reached"] == len(others) + 1


def test_where_a_rule_waits_before_it_speaks_both_sides_are_watched_from_when_its_time_has_come():
    shop = Shop(letter(actions=(TIPS,)))
    for held_out, arm in ((True, "h"), (False, "t")):
        who = person("letter", held_out=held_out)
        shop.owner.apply(consent(who))
        shop.buys(who, f"first{arm}", T0)
        shop.buys(who, f"meanwhile{arm}", T0 + DAY)
        assert shop.side("letter", arm) == {"people": 1}
        shop.buys(who, f"second{arm}", T0 + 10 * DAY)
        shop.buys(who, f"late{arm}", T0 + 10 * DAY + 1)
        net = PROFIT * 1000
        assert shop.side("letter", arm) == {"people": 1, "converted": 1, "net": net, "squares": net**2}
    told = [as_line(line) for change in shop.owner.changes for line in change.told if line.kind == "decision"]
    assert [(each.became, each.due) for each in told] == [("held_out", T0 + 3 * DAY), ("waits", T0 + 3 * DAY)]


def test_windows_that_meet_are_one_whichever_begins_first():
    watched = Watched("t", [])
    for begin in (T0, T0 + 10 * DAY, T0 + 3 * DAY):
        watch(watched, begin, 2 * DAY)
    assert watched.windows == [T0, T0 + 2 * DAY, T0 + 3 * DAY, T0 + 5 * DAY, T0 + 10 * DAY, T0 + 12 * DAY]
    watch(watched, T0 + 4 * DAY, 6 * DAY)
    assert watched.windows == [T0, T0 + 2 * DAY, T0 + 3 * DAY, T0 + 12 * DAY]


def test_a_purchase_that_moves_to_another_moment_leaves_the_window():
    shop = Shop(letter())
    who = person("letter", held_out=True)
    shop.owner.apply(consent(who))
    shop.buys(who, "t0", T0)
    second = shop.buys(who, "t1", T0 + DAY)
    moved = bought("t1", T0 + 8 * DAY, customer=who).after
    shop.owner.apply(changed(second, T0 + 9 * DAY, sure(moved)))
    assert shop.side("letter", "h") == {"people": 1}


def test_what_is_remembered_of_one_customer_is_bounded():
    shop = Shop(*(letter(f"rule{number:02}", hold_out=100, per="purchase") for number in range(20)))
    shop.owner.apply(consent())
    for day in range(60):
        shop.buys(ANNA, f"t{day}", T0 + 10 * day * DAY)
    watched = shop.owner.state().watched
    assert len(watched) == MOST_WATCHED
    assert max(len(each.windows) for each in watched.values()) <= 16
