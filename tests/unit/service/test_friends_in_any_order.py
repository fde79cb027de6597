"""Whatever is told twice, late or in another order between two streams: friends, vouchers and counters are as reckoned.

The oracle knows purchases alone: who was invited, what is left of each purchase, and when. It knows no number, no
ledger and no event.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stamgast.domain.events import AnyEvent, Enrolled, Line, Purchase, PurchaseChanged
from stamgast.domain.referrals import Referral
from stamgast.domain.units import DAY, MINUTE
from stamgast.domain.vocabulary import VoucherState
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from tests.unit.rules import small_shop

NOON = 20_458 * DAY + 39_600_000
LEAST = 500
PROGRAM = small_shop.PROGRAM + "referral: {reward: coffee, friend_reward: free_loaf, least: 5 EUR, within: 30 days}\n"
RULE = """
rule: example
status: live
when: referred
then:
  - give: free_loaf
  - give: coffee
    to: friend
"""
FRIENDS = 4
STEPS = st.lists(
    st.tuples(
        st.integers(0, FRIENDS - 1),
        st.sampled_from(["buy", "buy", "less", "nothing", "more"]),
        st.sampled_from([100, 499, 500, 2_000]),
        st.integers(0, 3 * DAY),
        st.lists(st.integers(0, 40), max_size=3),
    ),
    max_size=25,
)
"""(friend, what, amount, time that passes, which of what was told before is told again)."""


@dataclass
class Oracle:
    """What each friend's purchases come to: the first one that is enough counts for as long as it is."""

    left: list[dict[int, int]] = field(default_factory=lambda: [{} for _ in range(FRIENDS)])
    counting: list[int | None] = field(default_factory=lambda: [None] * FRIENDS)

    def sees(self, friend: int, purchase: int, left: int, *, in_time: bool) -> None:
        self.left[friend][purchase] = left
        counting = self.counting[friend]
        if counting == purchase and left < LEAST:
            self.counting[friend] = None
        elif counting is None and left >= LEAST and in_time:
            self.counting[friend] = purchase

    @property
    def friends(self) -> int:
        return sum(each is not None for each in self.counting)


class Two(Simulation):
    """The streams of a shop: what one tells another is kept, to be told whenever the test says."""

    def __init__(self) -> None:
        loaded = small_shop.load(RULE, PROGRAM)
        assert loaded.ok
        super().__init__(Bundle(0, "", loaded.program, loaded.rules))
        self.told: list[AnyEvent] = []

    def apply(self, event: AnyEvent, bundle: Bundle, partition: int = 0) -> Any:
        change = super().apply(event, bundle, partition)
        self.told += change.tells
        return change

    def open(self, customer: str) -> list[str]:
        state = self.state(("shop", customer))
        vouchers = [] if state is None else state.vouchers
        return sorted(each.reward for each in vouchers if each.state == VoucherState.OPEN)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_friends_are_as_reckoned_whatever_is_told_again(steps: list[tuple[int, str, int, int, list[int]]]) -> None:
    shop, oracle, now, heard = Two(), Oracle(), NOON, 0
    shop.happen(Enrolled(merchant="shop", customer="els", at=now - DAY))
    for friend in range(FRIENDS):
        shop.happen(Enrolled(merchant="shop", customer=f"f{friend}", at=now, invited_by="els"))
    bought: list[list[PurchaseChanged]] = [[] for _ in range(FRIENDS)]
    for friend, what, amount, passes, again in steps:
        now += passes + MINUTE
        mine = bought[friend]
        if what == "buy" or not mine:
            event = _bought(friend, len(mine), amount, now)
            mine.append(event)
        else:
            place = amount % len(mine)
            event = _changed(mine[place], {"less": amount // 2, "nothing": 0, "more": amount + 500}[what], now)
            mine[place] = event
        shop.happen(event)
        place = int(event.transaction.rpartition("-")[2])
        after = event.after
        assert after is not None
        oracle.sees(friend, place, after.spend, in_time=after.occurred_at <= NOON + 30 * DAY)
        for told in [*shop.told[heard:], *(shop.told[each % len(shop.told)] for each in again if shop.told)]:
            shop.happen(msgspec.structs.replace(told, at=now))  # what a re-run step, or a sleeper, tells once more
        while heard < len(shop.told):  # what those led to in turn
            shop.happen(msgspec.structs.replace(shop.told[heard], at=now))
            heard += 1
        state = shop.state(("shop", "els"))
        assert state is not None
        assert (state.referral or Referral()).friends == oracle.friends
        assert shop.open("els") == ["coffee"] * oracle.friends + ["free_loaf"] * oracle.friends
        for number, counting in enumerate(oracle.counting):
            assert shop.open(f"f{number}") == ([] if counting is None else ["coffee", "free_loaf"])


def _bought(friend: int, number: int, amount: int, at: int) -> PurchaseChanged:
    purchase = Purchase(at, "dok-noord", "EUR", amount, lines=(Line("1", amount),))
    return PurchaseChanged(
        merchant="shop", customer=f"f{friend}", at=at, transaction=f"f{friend}-{number}", after=purchase, happened_at=at
    )


def _changed(event: PurchaseChanged, left: int, at: int) -> PurchaseChanged:
    before = event.after
    assert before is not None
    after = msgspec.structs.replace(before, spend=left, counts=left > 0, lines=(Line("1", left),) if left else ())
    return msgspec.structs.replace(event, at=at, before=before, after=after, happened_at=at)
