"""Budgets that are leased to partitions: never more is spent than there is, whoever says what, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.purses import Chest, Lease, Name, Purse, Wish, granted, purse_of, spend, with_lease

NAME: Name = ("shop", "rule:example/month")
PERIOD = "2026-10"
CHARGED = (f"{NAME[1]}@{PERIOD}",)


@dataclass
class Partition:
    """What one partition's log has led to, what is on its way to it, and what it knows."""

    number: int
    purses: dict[Name, tuple[Purse, ...]] = field(default_factory=dict)
    coming: list[Lease] = field(default_factory=list)
    had: list[Lease] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    """Amounts that were paid and did not come back."""
    back: int = 0
    applied: int = 0

    @property
    def purse(self) -> Purse:
        return purse_of(self.purses, NAME, PERIOD)

    def take(self, lease: Lease) -> None:
        self.applied += 1
        self.purses[NAME] = with_lease(self.purses.get(NAME, ()), PERIOD, lease)

    def pay(self, amount: int) -> bool:
        self.applied += 1
        if spend(self.purses, "shop", CHARGED, amount):
            self.paid.append(amount)
            return True
        return False


class Shop:
    """Partitions and the chest, with a log between them that may hold anything twice."""

    def __init__(self, whole: int, partitions: int) -> None:
        self.whole = whole
        self.partitions = [Partition(number) for number in range(partitions)]
        self.chests: tuple[Chest, ...] = ()
        self.wishes: list[Wish] = []

    @property
    def spent(self) -> int:
        return sum(sum(each.paid) for each in self.partitions)

    def wish(self, of: Partition, need: int, number: int) -> None:
        self.wishes.append(Wish(PERIOD, of.number, len(self.partitions), number, need, of.back, of.applied))

    def answer(self, wish: Wish) -> None:
        self.chests, lease = granted(self.chests, self.whole, wish)
        assert lease is not None
        self.partitions[wish.by].coming.append(lease)


def act(shop: Shop, data: st.DataObject) -> None:
    """Something happens, be it sensible or not: owners that died, were paused, or know nothing say it."""
    one = data.draw(st.sampled_from(shop.partitions))
    match data.draw(
        st.sampled_from(("wish", "wish", "answer", "answer", "lease", "lease", "again", "pay", "pay", "back"))
    ):
        case "wish":
            number = one.purse.number + data.draw(st.integers(0, 2))
            shop.wish(one, data.draw(st.integers(1, shop.whole)), number)
        case "answer" if shop.wishes:
            shop.answer(data.draw(st.sampled_from(shop.wishes)))
        case "lease" if one.coming:
            one.had.append(one.coming.pop(0))
            one.take(one.had[-1])
        case "again" if one.had:
            one.take(data.draw(st.sampled_from(one.had)))
        case "pay":
            one.pay(data.draw(st.integers(1, shop.whole)))
        case "back" if one.paid:
            one.applied += 1
            one.back += one.paid.pop(data.draw(st.integers(0, len(one.paid) - 1)))


@given(st.integers(1, 200), st.integers(1, 5), st.data())
def test_all_partitions_together_never_spend_more_than_the_budget(
    whole: int, partitions: int, data: st.DataObject
) -> None:
    shop = Shop(whole, partitions)
    for _ in range(data.draw(st.integers(0, 80))):
        act(shop, data)
        assert shop.spent <= whole
        assert all(each.purse.room >= 0 for each in shop.partitions)


@given(st.integers(10, 400), st.integers(1, 8), st.integers(2, 10), st.data())
def test_nearly_all_of_it_can_be_spent(whole: int, partitions: int, price: int, data: st.DataObject) -> None:
    """Whoever needs money gets it while there is some: what stays in purses is less than a price in each."""
    shop = Shop(whole, partitions)
    waiting = {each.number for each in shop.partitions}
    while waiting:
        one = shop.partitions[data.draw(st.sampled_from(sorted(waiting)))]
        if one.pay(price):
            continue
        shop.wish(one, price - one.purse.room, one.purse.number + 1)
        shop.answer(shop.wishes.pop())
        one.take(one.coming.pop())
        if one.purse.dry:
            waiting.remove(one.number)
    assert whole - price * partitions < shop.spent <= whole


def test_the_first_leases_are_large_and_the_last_ones_small() -> None:
    chests: tuple[Chest, ...] = ()
    amounts = []
    for number in range(1, 200):
        chests, lease = granted(chests, 10_000, Wish(PERIOD, 0, 2, number, 10, 0, -1))
        assert lease is not None
        amounts.append(lease.amount)
    assert amounts[0] == 1_250, "an eighth: a quarter of its half"
    assert amounts[:40] == sorted(amounts[:40], reverse=True)
    assert 10_000 - 10 < sum(amounts) <= 10_000
    assert amounts[-1] == 0


def test_a_wish_that_comes_twice_gets_the_same_answer_and_a_lease_that_comes_twice_counts_once() -> None:
    wish = Wish(PERIOD, 1, 4, 1, 10, 0, 5)
    once, lease = granted((), 1_000, wish)
    twice, again = granted(once, 1_000, wish)
    assert (once, lease) == (twice, again)
    assert lease is not None
    known = with_lease((), PERIOD, lease)
    assert with_lease(known, PERIOD, lease) == known


def test_of_a_time_long_past_nothing_is_given_any_more() -> None:
    chests: tuple[Chest, ...] = ()
    for period in ("2026-08", "2026-09", "2026-10"):
        chests, _ = granted(chests, 100, Wish(period, 0, 1, 1, 100, 0, 0))
    assert [each.period for each in chests] == ["2026-09", "2026-10"]
    assert granted(chests, 100, Wish("2026-08", 0, 1, 2, 10, 0, 0)) == (chests, None)


def test_more_money_is_there_at_once_and_less_stops_at_what_is_leased() -> None:
    chests, _ = granted((), 100, Wish(PERIOD, 0, 1, 1, 100, 0, 0))
    chests, dry = granted(chests, 100, Wish(PERIOD, 0, 1, 2, 1, 0, 0))
    assert dry == Lease(2, 0, 0)
    chests, more = granted(chests, 150, Wish(PERIOD, 0, 1, 3, 40, 0, 0))
    assert more is not None
    assert more.amount == 40
    _, less = granted(chests, 50, Wish(PERIOD, 0, 1, 4, 1, 0, 0))
    assert less == Lease(4, 0, 0)
