"""Friends whom customers bring: who counts, who does not and why, what both get, and what a refund takes back."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from rules.loader import LoadedMerchant
from stamgast.domain.customer import Customer
from stamgast.domain.events import AnyEvent, Enrolled, Erased, Line, Purchase, PurchaseChanged
from stamgast.domain.referral_events import FriendBought
from stamgast.domain.referrals import Referral, code_of, partition_of, read_code
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import VoucherState
from stamgast.programs.rule_tests import run_tests
from stamgast.service import Bundle, Change
from stamgast.simulate import Simulation
from tests.unit.rules import small_shop

NOON = 20_458 * DAY + 11 * HOUR
PROGRAM = small_shop.PROGRAM + "referral: {reward: coffee, friend_reward: free_loaf, least: 5 EUR, most: 2 per month}\n"
RULE = """
rule: example
status: live
when: referred
then:
  - tag: brings-friends
  - give: free_loaf
    to: friend
"""


class Shop(Simulation):
    """Customers who tell each other, with what each event came to."""

    def __init__(self, rule: str = RULE, program: str = PROGRAM) -> None:
        loaded = load(rule, program)
        super().__init__(Bundle(0, "", loaded.program, loaded.rules))
        self.tells_others = True
        self.told: list[tuple[str, str, str]] = []
        """(customer, what became of an invitation, why not)."""

    def apply(self, event: AnyEvent, bundle: Bundle, partition: int = 0) -> Change:
        change = super().apply(event, bundle, partition)
        lines = (as_line(each) for each in change.told)
        self.told += [(each.customer, each.became, each.reason) for each in lines if each.kind == "referral"]
        return change

    def join(self, customer: str, by: str = "", at: int = NOON, **more: Any) -> None:
        self.happen(Enrolled(merchant="shop", customer=customer, at=at, invited_by=by, **more))

    def buy(self, customer: str, spend: int = 1000, at: int = NOON + HOUR, name: str = "", **more: Any) -> None:
        purchase = Purchase(more.pop("occurred_at", at), "dok-noord", "EUR", spend, lines=(Line("1", spend),), **more)
        self.happen(
            PurchaseChanged(
                merchant="shop", customer=customer, at=at, transaction=name or f"{customer}@{at}", after=purchase,
                happened_at=purchase.occurred_at,
            )
        )  # fmt: skip

    def give_back(self, customer: str, name: str, spend: int = 1000, at: int = NOON + 2 * HOUR) -> None:
        before = Purchase(NOON + HOUR, "dok-noord", "EUR", spend, lines=(Line("1", spend),))
        after = msgspec.structs.replace(before, counts=False, spend=0, refunded=spend)
        self.happen(
            PurchaseChanged(
                merchant="shop", customer=customer, at=at, transaction=name, before=before, after=after, happened_at=at
            )
        )

    def of(self, customer: str) -> Customer:
        return self.state(("shop", customer)) or Customer()

    def open(self, customer: str) -> list[str]:
        vouchers = self.of(customer).vouchers
        return sorted(f"{each.reward}/{each.rule}" for each in vouchers if each.state == VoucherState.OPEN)

    def friends(self, customer: str) -> int:
        return (self.of(customer).referral or Referral()).friends


def load(rule: str = RULE, program: str = PROGRAM) -> LoadedMerchant:
    loaded = small_shop.load(rule, program)
    assert loaded.ok, [problem.render() for problem in loaded.problems]
    return loaded


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.join("els", at=NOON - 30 * DAY)
    return shop


def test_at_a_friends_first_purchase_both_get_something_and_the_rule_fires_for_who_invited(shop: Shop) -> None:
    shop.join("bob", by="els")
    assert shop.friends("els") == 0
    shop.buy("bob")
    assert (shop.friends("els"), shop.of("els").tags) == (1, ["brings-friends"])
    assert shop.open("els") == ["coffee/"]
    assert shop.open("bob") == ["free_loaf/", "free_loaf/example"]
    shop.buy("bob", at=NOON + DAY)
    assert (shop.friends("els"), len(shop.open("els")), len(shop.open("bob"))) == (1, 1, 2)
    assert shop.told == [("bob", "invited", ""), ("els", "counted", "")]


def test_what_is_told_again_is_heard_once(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob")
    again = FriendBought(merchant="shop", customer="els", at=NOON + 3 * HOUR, friend="bob", number=1, counts=True)
    before = shop.states["shop", "els"]
    shop.happen(again)
    shop.join("bob", by="els", at=NOON + 3 * HOUR)
    assert shop.friends("els") == 1
    assert shop.open("els") == ["coffee/"]
    assert msgspec.structs.replace(shop.of("els"), recorded_at=0) == msgspec.structs.replace(
        msgspec.msgpack.decode(before, type=Customer), recorded_at=0
    )


def test_the_friends_refund_takes_it_back_from_both_and_another_purchase_gives_it_again(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", name="t1")
    shop.give_back("bob", "t1")
    assert (shop.friends("els"), shop.open("els"), shop.open("bob")) == (0, [], [])
    late = FriendBought(merchant="shop", customer="els", at=NOON + 3 * HOUR, friend="bob", number=1, counts=True)
    shop.happen(late)
    assert shop.friends("els") == 0, "an older word that comes again changes nothing"
    shop.buy("bob", at=NOON + DAY)
    assert (shop.friends("els"), shop.open("els")) == (1, ["coffee/"])
    assert shop.open("bob") == ["free_loaf/", "free_loaf/example"]
    assert len(shop.of("els").vouchers) == 1, "the same voucher is open again"


@pytest.mark.parametrize(
    ("purchase", "counts"),
    [
        ({"spend": 499}, False),
        ({"spend": 500}, True),
        ({"at": NOON + 90 * DAY}, True),
        ({"at": NOON + 90 * DAY + 1}, False),
        ({"history": True}, False),
        ({"counts": False}, False),
    ],
)
def test_the_purchase_has_to_be_large_and_soon_enough(shop: Shop, purchase: dict[str, Any], counts: bool) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", **purchase)
    assert shop.friends("els") == int(counts)


def test_a_second_purchase_that_is_large_enough_counts_as_well(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", spend=100)
    shop.buy("bob", spend=900, at=NOON + DAY)
    assert shop.friends("els") == 1


def test_a_partial_refund_below_the_least_takes_it_back(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", name="t1")
    before = Purchase(NOON + HOUR, "dok-noord", "EUR", 1000, lines=(Line("1", 1000),))
    after = msgspec.structs.replace(before, spend=400, refunded=600, lines=(Line("1", 400),))
    shop.happen(
        PurchaseChanged(
            merchant="shop", customer="bob", at=NOON + DAY, transaction="t1", before=before, after=after,
            happened_at=NOON + DAY,
        )
    )  # fmt: skip
    assert shop.friends("els") == 0


def test_who_bought_before_is_no_new_friend(shop: Shop) -> None:
    shop.buy("bob", at=NOON - DAY)
    shop.join("bob", by="els")
    shop.buy("bob")
    assert shop.told == [("bob", "refused", "not_new")]
    assert (shop.friends("els"), shop.open("bob")) == (0, [])


def test_nobody_invites_themselves_or_in_a_circle(shop: Shop) -> None:
    shop.join("els", by="els")
    shop.join("bob", by="els")
    shop.join("cas", by="bob", invited_through=("els",))
    shop.join("els", by="cas", invited_through=("bob", "els"))
    assert [each for each in shop.told if each[1] == "refused"] == [
        ("els", "refused", "own"),
        ("els", "refused", "circle"),
    ]


def test_two_who_invite_each_other_at_the_very_moment_bring_nothing_to_whoever_hears_it_second() -> None:
    shop = Shop()
    shop.join("ann", by="bob")
    shop.join("bob", by="ann")
    shop.buy("ann")
    shop.buy("bob", at=NOON + 2 * HOUR)
    assert ("bob", "refused", "circle") in shop.told
    assert ("ann", "refused", "circle") in shop.told
    assert (shop.friends("ann"), shop.friends("bob"), shop.open("ann"), shop.of("ann").tags) == (
        0,
        0,
        ["free_loaf/"],
        [],
    )


def test_the_door_says_why_a_code_brings_nothing(shop: Shop) -> None:
    shop.join("bob", by="els", invitation_refused="household")
    shop.buy("bob")
    assert shop.told == [("bob", "refused", "household")]
    assert shop.open("bob") == []


def test_the_first_who_invited_counts(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.join("bob", by="dirk")
    shop.buy("bob")
    assert shop.told[1] == ("bob", "refused", "invited_already")
    assert (shop.friends("els"), shop.friends("dirk")) == (1, 0)


def test_so_many_friends_count_in_a_month(shop: Shop) -> None:
    for number in range(3):
        shop.join(f"f{number}", by="els", at=NOON + number * 60_000)
    for number in range(3):
        shop.buy(f"f{number}", at=NOON + HOUR + number)
    assert (shop.friends("els"), shop.open("els")) == (2, ["coffee/", "coffee/"])
    assert ("els", "refused", "too_many") in shop.told
    shop.join("f9", by="els", at=NOON + 31 * DAY)
    shop.buy("f9", at=NOON + 31 * DAY + HOUR)
    assert shop.friends("els") == 3, "the next month has room again"


def test_three_friends_are_worth_more() -> None:
    rule = """
rule: example
status: live
when: referred
once_per: customer
if: [{referrals: {at_least: 3}}]
then: [{give: free_loaf}]
"""
    shop = Shop(rule, PROGRAM.replace(", most: 2 per month", ""))
    for number in range(4):
        shop.join(f"f{number}", by="els", at=NOON + number * 60_000)
    for number in range(4):
        assert ("free_loaf/example" in shop.open("els")) == (number > 2)
        shop.buy(f"f{number}", at=NOON + HOUR + number)


def test_more_than_a_state_remembers_are_each_heard_once() -> None:
    shop = Shop(program=PROGRAM.replace(", most: 2 per month", ""))
    for number in range(40):
        shop.join(f"f{number}", by="els", at=NOON + number * 60_000)
        shop.buy(f"f{number}", at=NOON + number * 60_000 + 1_000)
    issued = shop.counters["shop|reward|coffee|issued"]
    for number in range(40):
        shop.happen(
            FriendBought(merchant="shop", customer="els", at=NOON + DAY, friend=f"f{number}", number=1, counts=True)
        )
    assert (shop.friends("els"), issued, shop.counters["shop|reward|coffee|issued"]) == (40, 40, 40)


def test_late_news_gives_what_was_earned_and_says_nothing() -> None:
    rule = RULE + "  - send: hello\n    by: sms\n"
    shop = Shop(rule)
    shop.join("bob", by="els")
    shop.buy("bob", at=NOON + DAY, occurred_at=NOON + HOUR)
    assert shop.friends("els") == 1
    assert [each.reason for each in shop.happened if each.reason] == ["late"]


def test_who_is_forgotten_brings_nobody_any_more_and_is_told_nothing_of_friends(shop: Shop) -> None:
    shop.join("bob", by="els")
    change = shop.apply(Erased(merchant="shop", customer="els", at=NOON + 60_000), shop.bundle)
    assert list(change.codes.values()) == [None]
    shop.buy("bob")
    assert (shop.open("els"), shop.of("els").tags) == ([], [])
    assert shop.open("bob") == ["free_loaf/"], "the friend has what they were promised"


def test_a_friend_who_is_forgotten_stays_counted_and_their_refund_takes_it_back(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", name="t1")
    shop.happen(Erased(merchant="shop", customer="bob", at=NOON + HOUR + 1))
    assert shop.friends("els") == 1
    shop.give_back("bob", "t1")
    assert (shop.friends("els"), shop.open("els")) == (0, [])


def test_who_becomes_another_takes_their_friends_and_code_along(shop: Shop) -> None:
    shop.join("bob", by="els")
    shop.buy("bob", name="t1")
    shop.join("new", at=NOON + HOUR)
    change = shop.apply(Erased(merchant="shop", customer="els", at=NOON + HOUR + 1, into="new"), shop.bundle)
    assert list(change.codes.values()) == ["new"]
    for event in change.tells:
        shop.happen(event)
    assert (shop.friends("new"), shop.open("new"), shop.open("els")) == (1, ["coffee/"], [])
    shop.give_back("bob", "t1")
    assert (shop.friends("new"), shop.open("new")) == (0, [])


def test_a_code_is_the_same_in_every_reading_and_typed_as_people_type() -> None:
    code = code_of(b"key", 37, "shop", "els")
    assert code == code_of(b"key", 37, "shop", "els") != code_of(b"key", 37, "shop", "bob")
    assert partition_of(code) == 37
    assert read_code(f" {code.lower().replace('-', ' ')} ") == code
    assert read_code(code.replace("0", "O").replace("1", "l")) == code
    assert [read_code(text) for text in ("", "05K7P", code + "X", "*****-*****", "HELP")] == [""] * 5


def test_each_customer_of_a_shop_with_friends_has_a_code_that_can_be_looked_up(shop: Shop) -> None:
    change = shop.apply(Enrolled(merchant="shop", customer="bob", at=NOON), shop.bundle)
    assert change.codes == {code_of(b"simulation", 0, "shop", "bob"): "bob"}
    assert not shop.apply(Enrolled(merchant="shop", customer="bob", at=NOON), shop.bundle).codes
    plain = small_shop.load()
    nobody = Simulation(Bundle(0, "", plain.program, plain.rules))
    assert not nobody.apply(Enrolled(merchant="shop", customer="bob", at=NOON), nobody.bundle).codes


def test_rules_are_tested_with_friends() -> None:
    rule = (
        RULE
        + """
tests:
  - name: both get something
    given: a friend buys for 20 EUR
    expect: [{give: coffee}, {tag: brings-friends}, {give: free_loaf, to: friend}]
  - name: too little
    given: [{friend: {buys: 4.99 EUR}}]
    expect: [{nothing: true}]
  - name: given back
    given: a friend buys, then the friend gives it back
    expect: [{tag: brings-friends}, {give: free_loaf, to: friend}, {withdraw: coffee}]
  - name: the loaf is not for the customer
    given: a friend buys
    expect: [{tag: brings-friends}, {give: free_loaf}]
"""
    )
    results = run_tests(load(rule))
    assert [(result.case.name, result.passed) for result in results] == [
        ("both get something", True), ("too little", True), ("given back", True),
        ("the loaf is not for the customer", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "program", "what"),
    [
        (RULE, small_shop.PROGRAM, "has no `referral`"),
        (RULE.replace("referred", "purchase"), PROGRAM, "is about no friend"),
        (RULE.replace("to: friend", "to: freind"), PROGRAM, "freind"),
        (RULE, PROGRAM.replace("reward: coffee", "reward: cofee"), "cofee"),
        (RULE, PROGRAM.replace("2 per month", "2 per week"), "no number of friends a month"),
        (RULE, PROGRAM.replace("least: 5 EUR", "within: 400 days"), "from a day to a year"),
        (
            RULE + "tests: [{name: x, given: the friend gives it back, expect: [{nothing: true}]}]\n",
            PROGRAM,
            "no friend",
        ),
    ],
)
def test_each_mistake_is_told(rule: str, program: str, what: str) -> None:
    assert any(what in problem.message for problem in small_shop.load(rule, program).problems)


def test_without_the_section_nothing_comes_of_an_invitation_that_stands() -> None:
    shop = Shop()
    shop.join("bob", by="els")
    shop.bundle = replace(shop.bundle, program=replace(shop.bundle.program, referral=None))
    shop.buy("bob")
    assert shop.friends("els") == 0
