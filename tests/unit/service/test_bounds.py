"""Whatever one event can do is bounded: at each bound, and one beyond (docs/adr/0057)."""

from typing import Any

import msgspec
import pytest

from rules.actions import Give, Send, Tag
from stamgast.domain import stamps
from stamgast.domain.apart import AT_HAND
from stamgast.domain.contact_policy import MOST_CONTACTS
from stamgast.domain.customer import Card, decode_customer, encode_customer
from stamgast.domain.errors import DomainError
from stamgast.domain.events import Line, TimerDue
from stamgast.domain.ledger import decode_entry
from stamgast.domain.purchase_record import MOST_LINES, decode_record
from stamgast.domain.purchases import MOST_REFUND_LINES, MOST_REFUNDS, merge
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import past
from stamgast.service.handle import MOST_CONSENTS
from stamgast.service.left import MOST_FIRINGS, MOST_MESSAGES, MOST_VOUCHERS
from stamgast.service.messages import MOST_WAITING
from stamgast.service.tags import MOST_TAGS
from streams.intake.canonical import read_record
from streams.intake.merge import NotMergedError, merged
from streams.intake.record_mac import Proofs
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bought,
    bundle,
    card,
    card_rule,
    consent,
    hello_rule,
    line,
    program,
    record,
    refund,
    rule,
    snapshot,
    taken_back,
)
from tests.fakes.in_memory import Owner
from tests.fakes.past import Past
from tests.fakes.records import LogRecord

MANY = 13_800_000


def test_a_million_cards_are_counted_and_taken_out_as_one():
    paper, definition = Card(), card("bread", 7)
    stamps.move_balance(paper, definition, 7 * MANY, Past())
    assert (paper.completed, paper.balance) == (MOST_COMPLETED, 7 * (MANY - MOST_COMPLETED))
    paper = Card(balance=3, completed=MANY, sizes=[[7, MANY]])
    steps = stamps.move_balance(paper, definition, -7 * MANY, Past())
    assert (paper.balance, paper.completed, paper.sizes) == (3, 0, [])
    assert [(step.kind, step.ordinal, step.cards) for step in steps] == [
        ("taken", MANY + 1, 1),
        ("uncompleted", 1, MANY),
    ]


def test_cards_are_taken_out_down_to_the_newest_whose_reward_was_used_and_by_the_size_they_had():
    paper = Card(balance=1, completed=10, sizes=[[5, 4], [7, 6]])
    steps = stamps.move_balance(paper, card("bread", 7), -57, Past(used=[2]))
    assert [(step.ordinal, step.cards, step.after) for step in steps[1:]] == [(5, 6, -14), (3, 2, -4)]
    assert (paper.balance, paper.completed, paper.sizes) == (-4, 2, [[5, 2]])


@pytest.mark.parametrize(("more", "completed", "left"), [(0, MOST_COMPLETED, 0), (1, MOST_COMPLETED, 1)])
def test_an_event_completes_so_many_cards_and_what_is_above_stays_on_the_card(more: int, completed: int, left: int):
    """It takes a card that has become smaller: a purchase that brings so many waits for a person."""
    paper = Card(balance=MOST_COMPLETED + more - 1)
    steps = stamps.move_balance(paper, card("bread", 1), 1, Past())
    assert (paper.completed, paper.balance) == (completed, left)
    assert len(steps) == 2 * MOST_COMPLETED + more
    stamps.move_balance(paper, card("bread", 1), 1, Past())
    assert (paper.completed, paper.balance) == (MOST_COMPLETED + 1 + more, 0), "the next stamp completes the rest"


def test_the_cards_of_a_customer_share_what_an_event_completes():
    owner = Owner(bundle(program(card("a", 2), card("b", 2))))
    owner.apply(bought("t1", T0))
    state = owner.state()
    state.cards["a"].balance = state.cards["b"].balance = MOST_COMPLETED - 1
    owner.states[ANNA] = encode_customer(state)
    owner.bundle = bundle(program(card("a", 1), card("b", 1)))
    owner.apply(bought("t2", T0 + DAY))
    papers = owner.state().cards
    assert (papers["a"].completed, papers["b"].completed, papers["b"].balance) == (MOST_COMPLETED, 0, MOST_COMPLETED)


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_event_sets_off_so_many_rules(beyond: int):
    rules = [hello_rule(f"r{n}", by=("whatsapp",)) for n in range(MOST_FIRINGS + beyond)]
    owner = Owner(bundle(program(), *rules))
    counters = owner.apply(bought("t1", T0)).counters
    assert sum(by for name, by in counters.items() if name.endswith("|fired")) == MOST_FIRINGS
    assert (
        sum(by for name, by in counters.items() if name.endswith("|too_many")) == beyond + MOST_FIRINGS - MOST_MESSAGES
    )


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_event_asks_for_so_many_messages(beyond: int):
    rules = [hello_rule(f"r{n:03}", template="receipt") for n in range(MOST_MESSAGES + beyond)]
    owner = Owner(bundle(program(), *rules))
    owner.apply(consent(purpose="utility"))
    change = owner.apply(bought("t1", T0))
    assert len(owner.state().activations) == len(change.notes) == MOST_MESSAGES
    assert change.counters.get("suppressed|too_many", 0) == beyond


def test_so_many_messages_of_a_customer_wait():
    owner = Owner(bundle(program(), *[hello_rule(f"r{n:03}") for n in range(10)]))
    owner.apply(consent())
    for number in range(MOST_WAITING // 10):
        owner.apply(bought(f"t{number}", T0 + number * MINUTE))
    assert sum(a.state != "ended" for a in owner.state().activations) == MOST_WAITING
    change = owner.apply(bought("t", T0 + HOUR))
    assert sum(a.state != "ended" for a in owner.state().activations) == MOST_WAITING
    assert {note.reason for note in change.notes} == {"too_many"}, "and it says why it is not sent"


def test_so_many_messages_go_to_anybody_in_a_month():
    owner = Owner(bundle(program(), hello_rule()))
    owner.apply(consent(when=T0 - 40 * DAY))
    state = owner.state()
    state.contacts = {"marketing:old": [T0 - 30 * DAY, *[0] * (MOST_CONTACTS - 2)]}
    owner.states[ANNA] = encode_customer(state)
    assert len(owner.apply(bought("t1", T0)).submissions) == 1
    state = owner.state()
    state.activations = []
    owner.states[ANNA] = encode_customer(state)
    assert owner.apply(bought("t2", T0 + HOUR)).counters["suppressed|frequency_cap"] == 1
    assert len(owner.apply(bought("t3", T0 + 2 * DAY)).submissions) == 1, "a month later there is room again"


@pytest.mark.parametrize("beyond", [0, 1])
def test_an_event_gives_so_many_vouchers(beyond: int):
    rules = [rule(f"r{n}", "purchase", Give("loaf"), earned=True) for n in range(MOST_VOUCHERS - 1)]
    extra = rule("z", "purchase", *[Give("coffee"), Give("loaf")][: 1 + beyond], earned=True)
    owner = Owner(bundle(program(), *rules, extra))
    change = owner.apply(bought("t1", T0))
    assert len(owner.whole().vouchers) == len(change.issued) == MOST_VOUCHERS
    assert change.counters.get("reward|loaf|too_many", 0) == beyond


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_customer_has_so_many_tags(beyond: int):
    tags = tuple(f"tag{n}" for n in range(MOST_TAGS + beyond))
    owner = Owner(bundle(program(), rule("r", "purchase", Tag(add=tags))))
    change = owner.apply(bought("t1", T0))
    assert owner.state().tags == list(tags[:MOST_TAGS])
    assert change.counters.get("tags|too_many", 0) == beyond


def test_a_customer_agrees_to_so_many_purposes():
    owner = Owner(bundle(program()))
    for number in range(MOST_CONSENTS):
        owner.apply(consent(purpose=f"purpose{number}"))
    owner.apply(consent(purpose="purpose0"))
    with pytest.raises(DomainError, match="nobody agrees to more than 50"):
        owner.apply(consent(purpose="another"))


def test_vouchers_that_end_together_end_in_one_event_and_cards_that_go_together_in_one_too():
    shop = program(card("bread", 1, per="item", reward="loaf", most_rewards=MOST_COMPLETED))
    owner = Owner(bundle(shop))
    event = bought("t1", T0, lines=(Line("1", 350, MOST_COMPLETED * 1000),))
    owner.apply(event)
    again = Owner(bundle(shop))
    again.apply(event)
    due = owner.state().vouchers[0].expires_at
    ended = owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due)).counters["reward|loaf|expired"]
    due = owner.state().timers["vouchers"]
    apart = owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due)).counters["reward|loaf|expired"]
    assert (ended, apart) == (AT_HAND, MOST_COMPLETED - AT_HAND)
    assert [voucher.state for voucher in owner.whole().vouchers] == ["expired"] * MOST_COMPLETED
    change = again.apply(taken_back(event, T0 + HOUR))
    assert [voucher.state for voucher in again.whole().vouchers] == ["withdrawn"] * MOST_COMPLETED
    assert change.counters["card|bread|completed"] == -MOST_COMPLETED
    assert change.counters["reward|loaf|withdrawn"] == MOST_COMPLETED


def test_what_an_event_at_every_bound_adds_to_a_state_and_to_its_step_is_bounded_in_bytes():
    shop = program(card("bread", 1, per="item", reward="loaf", most_rewards=MOST_COMPLETED))
    rules = [card_rule(f"full{n}", actions=(Give("coffee"), Give("loaf"), Send("loaf", ("sms",)))) for n in range(4)]
    owner = Owner(bundle(shop, *rules))
    owner.apply(consent())
    change = owner.apply(bought("t1", T0, lines=(Line("1", 350, MOST_COMPLETED * 1000),)))
    assert (len(change.issued), len(change.notes)) == (MOST_VOUCHERS, MOST_MESSAGES)
    assert len(owner.states[ANNA]) < 250_000
    assert decode_customer(owner.states[ANNA]) == change.state


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_record_has_so_many_lines_and_names_so_long(beyond: int):
    def takes(data: dict[str, object]) -> bool:
        try:
            return bool(decode_record(record(data, T0)[1]).data)
        except msgspec.ValidationError:
            return False

    assert takes(snapshot(lines=[line(str(n)) for n in range(MOST_LINES + beyond)])) is (beyond == 0)
    for name in ("sku", "category", "line_id"):
        assert takes(snapshot(lines=[line() | {name: "x" * (200 + beyond)}])) is (beyond == 0)
    assert takes(snapshot("t" * (200 + beyond))) is (beyond == 0)
    assert takes(refund("t1", "r" * (200 + beyond))) is (beyond == 0)


def test_a_transaction_has_so_many_refunds_and_lines_of_refunds():
    def tell(data: dict[str, object]) -> None:
        merge(transaction, decode_record(record(data, T0)[1]).data, T0)

    transaction = Transaction()
    for number in range(MOST_REFUNDS):
        tell(refund(id_=f"r{number}", gross=1))
    tell(refund(id_="r0", gross=2, source_version=2))
    with pytest.raises(ValueError, match="at most 1000 refunds"):
        tell(refund(id_="another", gross=1))
    transaction = Transaction()
    lines = [(str(n), "1", 1) for n in range(MOST_LINES)]
    for number in range(MOST_REFUND_LINES // MOST_LINES):
        tell(refund(id_=f"r{number}", gross=1, lines=lines))
    with pytest.raises(ValueError, match="with 10000 lines together"):
        tell(refund(id_="another", gross=1, lines=[("1", "1", 1)]))


def test_a_morning_of_late_purchases_reads_no_entry_of_the_ledger(monkeypatch):
    """Of a customer with 20,000 purchases, 300 of an offline till took 45 seconds on the loop."""
    owner = Owner(bundle(program(card("bread", 7, max_per_day=1))))
    owner.apply(*[bought(f"t{n}", T0 + n * DAY) for n in range(200)])
    read: list[bytes] = []

    def decode(value: bytes, cards: Any) -> Any:
        read.append(value)
        return decode_entry(value, cards)

    monkeypatch.setattr(past, "decode_entry", decode)
    late = [bought(f"late{n}", T0 + n * DAY, recorded=T0 + 200 * DAY) for n in range(50)]
    owner.apply(*late, bought("late", T0 - DAY, recorded=T0 + 200 * DAY))
    assert read == []
    assert (owner.state().purchases, owner.state().cards["bread"].completed) == (251, 28)
    owner.apply(
        *[taken_back(event, T0 + 201 * DAY) for event in late], taken_back(bought("t60", T0 + 60 * DAY), T0 + 201 * DAY)
    )
    assert (owner.state().purchases, owner.state().cards["bread"].completed) == (200, 28), "200 days are left"


def test_versions_that_together_are_larger_than_an_event_may_be_end_as_a_dead_letter_and_not_the_step():
    """Each may be as large as any; a refund makes an event of both, before and after."""

    def told(number: int, first: str) -> dict[str, object]:
        lines = [line(f"{first}{n}-{'x' * 180}", 100, sku="s" * 190) for n in range(500)]
        return snapshot(version=number, lines=lines)

    def taken(known: Transaction, data: dict[str, object]) -> Transaction:
        key, value = record(data, T0)
        found = LogRecord(0, value, key)
        new = merged(known, read_record(found, is_here=True, proofs=Proofs(b"p" * 32)), T0, ("t", 0))
        assert new is not None
        return new.state

    once = taken(Transaction(), told(1, "a"))
    again = taken(once, refund(gross=100, lines=[(f"a1-{'x' * 180}", "1", 100)]))
    assert len(again.refunds) == 1, "one sale with its refund always fits"
    with pytest.raises(NotMergedError, match="more than 1,000,000 bytes"):
        taken(again, told(2, "b") | {"status": "partially_refunded"})
