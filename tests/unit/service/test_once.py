"""What a rule has fired for is never fired for again, however much happens between and in whatever order."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.actions import Give, Send
from stamgast.domain.activation import RANKS
from stamgast.domain.contacts import count_of
from stamgast.domain.events import ActivationOutcome, Purchase, PurchaseChanged
from stamgast.domain.occasions import (
    PERIODS,
    REMEMBERED,
    card_occasion,
    field_of_firing,
    is_among,
    may_have_fallen_out,
    with_one_more,
)
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.domain.vocabulary import OncePer
from tests.builders import ANNA, BRAM, MERCHANT, T0, bought, bundle, changed, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

MANY = REMEMBERED * 3


def partly_refunded(sale: PurchaseChanged, when: int, refunded: int) -> PurchaseChanged:
    assert sale.after is not None
    rest = Purchase(
        occurred_at=sale.after.occurred_at, store="shop", currency="EUR", spend=350 - refunded, refunded=refunded
    )
    return changed(sale, when, rest)


def issued(owner: Owner) -> list[str]:
    """Occasions that gave a voucher, as they were given."""
    return [voucher.cause for change in owner.changes for voucher in change.issued]


def firings(owner: Owner, rule_id: str) -> int:
    return sum(change.counters.get(f"rule|{rule_id}|fired", 0) for change in owner.changes)


def test_the_second_refund_of_a_purchase_is_no_other_occasion_however_many_were_refunded_between():
    owner = Owner(bundle(program(), rule("sorry", "refunded", Give("coffee"), earned=True)))
    sales = [bought(f"t{number}", T0 + number * HOUR) for number in range(MANY)]
    owner.apply(*sales)
    once = [partly_refunded(sale, T0 + 40 * DAY + number, 100) for number, sale in enumerate(sales)]
    owner.apply(*once)
    for number, sale in enumerate(once):
        owner.apply(partly_refunded(sale, T0 + 50 * DAY + number, 200))
    assert issued(owner) == [f"t{number}" for number in range(MANY)]
    assert firings(owner, "sorry") == MANY


def test_a_purchase_that_was_void_for_a_while_is_thanked_for_once():
    owner = Owner(bundle(program(), rule("thanks", "purchase", Give("coffee"), earned=True)))
    first = bought("t0", T0)
    owner.apply(first)
    back = taken_back(first, T0 + MINUTE)
    owner.apply(back)
    owner.apply(*(bought(f"t{number}", T0 + number * HOUR) for number in range(1, MANY)))
    owner.apply(changed(back, T0 + 40 * DAY, first.after))
    assert firings(owner, "thanks") == MANY


def test_a_purchase_that_went_to_somebody_else_and_came_back_is_thanked_for_once():
    owner = Owner(bundle(program(), rule("thanks", "purchase", Give("coffee"), earned=True)))
    first = bought("t0", T0)
    owner.apply(first)
    owner.apply(changed(first, T0 + MINUTE, None))
    owner.apply(*(bought(f"t{number}", T0 + number * HOUR) for number in range(1, MANY)))
    owner.apply(bought("t0", T0, recorded=T0 + 40 * DAY))
    assert firings(owner, "thanks") == MANY
    assert owner.state().purchases == MANY
    owner.apply(bought("t0", T0, customer=BRAM, recorded=T0 + 41 * DAY))
    assert firings(owner, "thanks") == MANY + 1, "of another customer it is another occasion"


def test_a_day_that_is_told_of_late_is_no_other_day():
    owner = Owner(bundle(program(), rule("daily", "purchase", Give("coffee"), per="day")))
    owner.apply(*(bought(f"t{number}", T0 + number * DAY) for number in range(MANY)))
    late = [bought(f"late{number}", T0 + number * DAY, recorded=T0 + 99 * DAY) for number in range(-3, MANY)]
    for sale in late:
        owner.apply(sale)
    assert firings(owner, "daily") == MANY + 3, "the three days before the first are days of their own"


def test_a_message_that_was_taken_back_comes_again_however_many_others_ended_meanwhile():
    def delivered(owner: Owner, when: int) -> None:
        for activation in owner.state().activations:
            if activation.state == "submitted":
                owner.apply(
                    ActivationOutcome(
                        merchant=MERCHANT, customer=ANNA, at=when, activation=activation.id, status="delivered",
                        rank=RANKS["delivered"],
                    )
                )  # fmt: skip

    owner = Owner(bundle(program(), rule("thanks", "purchase", Send("hello", ("sms",)))))
    owner.apply(consent())
    owner.apply(bought("busy", T0))  # on its way: what follows is held
    first = bought("t0", T0 + 1)
    owner.apply(first)
    back = taken_back(first, T0 + 2)
    owner.apply(back)
    for number in range(1, MANY):
        delivered(owner, T0 + number * HOUR - 1)
        owner.apply(bought(f"t{number}", T0 + number * HOUR))
    delivered(owner, T0 + 40 * DAY)
    assert all(activation.occasion != "t0" for activation in owner.state().activations)
    again = changed(back, T0 + 41 * DAY, first.after)
    owner.apply(again)
    [sent] = [each for each in owner.state().activations if each.occasion == "t0"]
    assert (sent.state, sent.generation) == ("submitted", 1)
    ids = [submission.activation for change in owner.changes for submission in change.submissions]
    assert len(ids) == len(set(ids))
    delivered(owner, T0 + 42 * DAY)
    for number in range(MANY):
        owner.apply(bought(f"u{number}", T0 + 43 * DAY + number * HOUR))
        delivered(owner, T0 + 43 * DAY + number * HOUR + 1)
    gone = taken_back(again, T0 + 60 * DAY)
    owner.apply(gone)
    owner.apply(changed(gone, T0 + 61 * DAY, first.after))
    assert all(activation.occasion != "t0" for activation in owner.state().activations), "it went once"


@pytest.mark.parametrize("days", [40, 90, 365])
def test_a_cool_down_is_as_long_as_it_says(days):
    rules = (
        rule("rare", "purchase", Send("hello", ("sms",)), cool_down=days * DAY),
        rule("often", "purchase", Send("receipt", ("sms",)), priority=10),
    )
    owner = Owner(bundle(program(), *rules))
    owner.apply(consent(), consent(purpose="utility"))
    sent: list[int] = []
    for day in range(days + 3):
        change = owner.apply(bought(f"t{day}", T0 + day * DAY))
        waiting = [*change.submissions]
        while waiting:
            submission = waiting.pop()
            sent += [day] if submission.rule == "rare" else []
            outcome = ActivationOutcome(
                merchant=MERCHANT, customer=ANNA, at=T0 + day * DAY + 1, activation=submission.activation,
                status="delivered", rank=RANKS["delivered"],
            )  # fmt: skip
            waiting += owner.apply(outcome).submissions
    assert sent == [0, days]
    assert count_of(owner.state().contacts) < 80


def days_of(numbers: Iterable[int]) -> list[str]:
    return [f"day:{20_000 + number}" for number in numbers]


OCCASIONS = {
    "day": lambda number: f"day:{20_000 + number}",
    "week": lambda number: f"week:{2026 + number // 50:04}-W{number % 50 + 1:02}",
    "month": lambda number: f"month:{2026 + number // 12}-{number % 12 + 1:02}",
    "year": lambda number: f"year:{2026 + number}",
    "card": lambda number: card_occasion("bread:2", number + 1),
    "quiet_spell": lambda number: f"quiet:{20_000 + number}",
    "reward": lambda number: f"given:3-CODE{number}",
    "tier": lambda number: f"tier:gold:{20_000 + number}",
    "segment": lambda number: f"entered:vip:{20_000 + number}",
    "friend": lambda number: f"friend:c{number}",
}


def test_every_kind_of_occasion_is_tried_here():
    """But for a purchase's, which the ledger remembers, and a customer's, of which there are as many as thresholds.

    An event's id is known by itself for as long as it may be posted again, and an occasion before the newest ones
    does not come again. What came of a draw the state knows by itself.
    """
    known = {OncePer.PURCHASE, OncePer.CUSTOMER, OncePer.EVENT, OncePer.OCCASION, OncePer.DRAW}
    assert set(OCCASIONS) == set(OncePer) - known


@given(st.sampled_from(sorted(OCCASIONS)), st.lists(st.integers(0, 60), max_size=200))
def test_whatever_comes_in_whatever_order_is_fired_for_once(word, numbers):
    """The state remembers some, the ledger what fell out; what lies between two runs may count as fired for."""
    remembered: list[str] = ["customer:visits:10"]
    ledger: set[str] = set()
    fired: list[str] = []
    for number in numbers:
        occasion = OCCASIONS[word](number)
        again = is_among(occasion, remembered) or (
            may_have_fallen_out(occasion, word, remembered) and occasion in ledger
        )
        if occasion in fired:
            assert again, f"{occasion} would be fired for again"
        elif word in PERIODS or word in {"reward", "tier", "segment"}:
            assert not again, f"{occasion} would never be fired for"
        elif again:
            assert min(numbers) < number, "only what lies between two of them"
        if not again:
            fired.append(occasion)
            remembered, fallen = with_one_more(remembered, occasion, word)
            ledger |= {fallen} if fallen else set()
        assert len(remembered) <= REMEMBERED
    assert "customer:visits:10" in remembered


@given(st.lists(st.integers(0, 60), max_size=60), st.sampled_from(["day", "card", "quiet_spell", "customer"]))
def test_what_was_remembered_under_another_word_makes_room_first(numbers, word):
    remembered = [f"till:{number}" for number in range(REMEMBERED)]
    for number in numbers:
        occasion = OCCASIONS[word](number) if word in OCCASIONS else f"customer:visits:{number}"
        if not is_among(occasion, remembered):
            remembered, _ = with_one_more(remembered, occasion, word)
        assert is_among(occasion, remembered)


@pytest.mark.parametrize("per", ["day", "week", "month", "year"])
def test_what_fell_out_of_the_list_takes_a_bit_and_not_a_field_of_the_ledger(per: str):
    length = {"day": DAY, "week": 7 * DAY, "month": 31 * DAY, "year": 366 * DAY}[per]
    owner = Owner(bundle(program(), rule("often", "purchase", Give("coffee"), per=per)))
    owner.apply(*(bought(f"t{number}", T0 + number * length) for number in range(MANY * 3)))
    fields = [field for field in owner.ledgers[ANNA] if field.startswith(b"f")]
    assert len(fields) <= 1 + MANY * 3 * length // (360 * DAY)
    for number in range(MANY * 3):
        owner.apply(bought(f"late{number}", T0 + number * length, recorded=T0 + MANY * 4 * length))
    assert firings(owner, "often") == MANY * 3


def test_a_day_that_an_older_version_kept_by_itself_is_still_known():
    owner = Owner(bundle(program(), rule("daily", "purchase", Give("coffee"), per="day")))
    owner.apply(*(bought(f"t{number}", T0 + number * DAY) for number in range(1, MANY)))
    owner.ledgers[ANNA][field_of_firing("daily", f"day:{T0 // DAY}")] = b"1"
    owner.apply(bought("late", T0, recorded=T0 + MANY * DAY))
    assert firings(owner, "daily") == MANY - 1
