"""Apply one changed purchase to a customer: sums, visit days, stamps, and the facts that follow."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Any, Final, Protocol

from msgspec import Struct

from stamgast.domain import days, full_cards, stamp_days, stamps
from stamgast.domain.calendar import business_day
from stamgast.domain.card_expiry import absorbed, stamp_came
from stamgast.domain.customer import Card, Customer
from stamgast.domain.earning import NOTHING
from stamgast.domain.errors import UnknownBeforeError
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import Agreed, Entry
from stamgast.domain.occasions import card_occasion
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.review import Doubt, beyond_its_day, laid_by, reweighed
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import FactName, StepKind

# Said here, for every purchase asks for them, and a member is slower to look up than a name.
_PURCHASE: Final = FactName.PURCHASE.value
_REFUNDED: Final = FactName.REFUNDED.value
_VISITS: Final = FactName.VISITS_CHANGED.value
_SPEND: Final = FactName.SPEND_CHANGED.value
_CLV: Final = FactName.CLV_CHANGED.value
_STAMPS: Final = FactName.STAMPS_CHANGED.value
_COMPLETED: Final = StepKind.COMPLETED


class Memory(stamps.Past, stamp_days.Memory, Protocol):
    """What the effects ask about the customer's past."""

    def entry(self, transaction: str) -> Entry | None:
        """What a transaction gave so far."""

    def purchases_by_day(self) -> Mapping[Day, int]:
        """How many purchases count on each day, of all that there ever were. Raises `NotReadError`."""


class Listening(Protocol):
    """Which facts are asked about: most are heard by nobody, and are not made."""

    @property
    def heard(self) -> AbstractSet[str]:
        """Names of facts that some rule listens to."""

    def hears(self, name: str, before: int, after: int) -> bool:
        """Whether a fact of that name may set anything off where its figure goes so."""


class Shift(Struct, frozen=True, gc=False):
    """A purchase's part in the sums goes from `old` to `new`."""

    customer: Customer
    program: Program
    old: Entry
    new: Entry
    memory: Memory
    purchase: Purchase | None
    balances: dict[str, int] = {}
    """Card -> by how much its balance moves."""
    at: Millis = 0
    """When it is recorded."""


class Applied(Struct, frozen=True, gc=False):
    """What a change of a purchase came to; `doubt` is why it waits now and gives nothing."""

    old: Entry
    new: Entry
    facts: list[Fact]
    doubt: Doubt | None
    balances: dict[str, int] = {}
    all_days: tuple[bytes, bytes] | None = None
    """All visit days before and after, where the state itself does not have all that this touched."""


def apply_purchase(
    customer: Customer,
    event: PurchaseChanged,
    program: Program,
    memory: Memory,
    *,
    rules: Listening,
    agreed: Agreed | None = None,
) -> Applied:
    """Replace what the transaction gave so far by what it gives now. `agreed` is what was just confirmed of it.

    Of what rules alone answer, only facts are made that `rules` hear.

    Raises `UnknownBeforeError` if the event changes a purchase the ledger has forgotten.
    """
    known = memory.entry(event.transaction)
    if known is None and event.before is not None:
        raise UnknownBeforeError
    old = known or NOTHING
    new, doubt = reweighed(event, program, old, agreed)
    if doubt is None and event.after is not None and (doubt := beyond_its_day(customer, event, old, new, program)):
        new = laid_by(event.after)
    visits, spend, profit = customer.visits, customer.spend, customer.profit
    if old is NOTHING:  # as nearly always: a sale is told of for the first time
        customer.purchases += new.counts
        customer.spend += new.spend
        customer.profit += new.profit
        customer.refunds += new.refunds
    else:
        _move_sums(customer, old, new)
    all_days = _move_days(customer, old, new, memory)
    facts = _purchase_facts(event, old, new, rules.heard)
    balances: dict[str, int] = {}
    if old.stamps or new.stamps:
        facts += _move_cards(Shift(customer, program, old, new, memory, event.after, balances, event.at))
    if (now := customer.visits) != visits and rules.hears(_VISITS, visits, now):
        facts.append(Fact(_VISITS, "visits", visits, now, {}, event.after))
    if (now := customer.spend) != spend and rules.hears(_SPEND, spend, now):
        facts.append(Fact(_SPEND, "spend", spend, now, {}, event.after))
    if (now := customer.profit) != profit and rules.hears(_CLV, profit, now):
        facts.append(Fact(_CLV, "clv", profit, now, {}, event.after))
    return Applied(old, new, facts, doubt, balances, all_days)


def _move_sums(customer: Customer, old: Entry, new: Entry) -> None:
    customer.purchases += new.counts - old.counts
    customer.spend += new.spend - old.spend
    customer.profit += new.profit - old.profit
    customer.refunds += new.refunds - old.refunds


def _move_days(customer: Customer, old: Entry, new: Entry, memory: Memory) -> tuple[bytes, bytes] | None:
    """As `Applied.all_days`."""
    if old.counts == new.counts and old.day == new.day:
        return None
    if not old.counts and new.counts and (new.day >= customer.last_day or not customer.visits):
        _append_visit(customer, new.day)
        if len(customer.days) > days.PLENTY:
            customer.days = days.trimmed(customer.days, customer.last_day)
        return None
    touched = [day for day, counts in ((old.day, old.counts), (new.day, new.counts)) if counts]
    seen = before = customer.days
    if not days.is_whole(customer.days, customer.visits) and (
        not customer.days or min(touched) <= days.first_of(customer.days)
    ):
        before = _take_all_days(customer, sorted(memory.purchases_by_day().items()))
    if old.counts:
        _change_visit(customer, old.day, -1)
    if new.counts:
        _change_visit(customer, new.day, 1)
    after = customer.days
    customer.days = days.trimmed(after, customer.last_day)
    return None if before is seen and customer.days == after else (before, after)


def _take_all_days(customer: Customer, all_days: list[tuple[Day, int]]) -> bytes:
    """Have all visit days in the state, with their sums: a worker of before may have reckoned with those it saw."""
    customer.days, customer.visits = days.encode_days(all_days), len(all_days)
    if all_days:
        customer.first_day, customer.last_day = all_days[0][0], all_days[-1][0]
    customer.gaps = sum(days.log_gap(later - earlier) for (earlier, _), (later, _) in pairwise(all_days))
    return customer.days


def _change_visit(customer: Customer, day: Day, by: int) -> None:
    """A purchase more or less on any day; the day comes or goes with its only one."""
    customer.days, spot = days.change_day(customer.days, customer.last_day, day, by)
    comes, goes = not spot.purchases and by > 0, bool(spot.purchases) and spot.purchases + by <= 0
    if not comes and not goes:
        return
    older, newer = spot.before, spot.after
    sign = 1 if comes else -1
    customer.visits += sign
    if older is not None:
        customer.gaps += sign * days.log_gap(day - older)
    if newer is not None:
        customer.gaps += sign * days.log_gap(newer - day)
    if older is not None and newer is not None:
        customer.gaps -= sign * days.log_gap(newer - older)
    oldest = [each for each in (older, day if comes else None, newer) if each is not None]
    if older is None:
        customer.first_day = oldest[0] if oldest else 0
    if newer is None:
        customer.last_day = oldest[-1] if oldest else 0


def _append_visit(customer: Customer, day: Day) -> None:
    last = customer.last_day if customer.visits else 0
    customer.days = days.append_day(customer.days, last, day)
    if not customer.visits:
        customer.first_day = day
        customer.visits = 1
    elif day > last:
        customer.visits += 1
        customer.gaps += days.log_gap(day - last)
    customer.last_day = day


def _purchase_facts(event: PurchaseChanged, old: Entry, new: Entry, heard: AbstractSet[str]) -> list[Fact]:
    facts = []
    transaction = event.transaction
    if new.counts and not old.counts and _PURCHASE in heard:
        data = {"transaction": transaction}
        facts.append(Fact(_PURCHASE, transaction, old.spend, new.spend, data, event.after))
    if new.refunds > old.refunds and _REFUNDED in heard:
        data = {"transaction": transaction}
        facts.append(Fact(_REFUNDED, transaction, old.refunds, new.refunds, data, event.after))
    return facts


def _move_cards(shift: Shift) -> list[Fact]:
    facts: list[Fact] = []
    room = stamps.MOST_COMPLETED
    old, new = shift.old.stamps, shift.new.stamps
    for card_id in sorted(old.keys() | new.keys() if old else new):
        fact = None if old else _stamp_plainly(shift, card_id)
        if fact is not None:
            facts.append(fact)
            continue
        for step in _move_card(shift, card_id, room):
            if step.kind == _COMPLETED:
                room -= 1
            facts.append(fact_of(card_id, step, shift.purchase))
    return facts


def _stamp_plainly(shift: Shift, card_id: str) -> Fact | None:
    """What a new sale does to a card, as nearly always, at once; None: nothing was done, and more is to be asked."""
    definition, by = shift.program.cards.get(card_id), shift.new.stamps[card_id]
    cards = shift.customer.cards
    if definition is None:
        return None
    card = cards.get(card_id)
    if card is None:
        card = cards[card_id] = Card()
    if not stamps.add_plainly(card, definition, shift.new.day, by):
        return None
    shift.balances[card_id] = by
    after, ordinal = card.balance, full_cards.current(card)
    data = {"card": card_id, "ordinal": ordinal}
    return Fact(_STAMPS, card_occasion(card_id, ordinal), after - by, after, data, shift.purchase)


def _move_card(shift: Shift, card_id: str, room: int) -> list[stamps.Step]:
    definition = shift.program.cards.get(card_id)
    card = shift.customer.cards.get(card_id)
    if definition is None:
        if card is not None:
            stamps.move_day_of_none(card, shift.old.day, -shift.old.stamps.get(card_id, 0))
        return []
    if card is None:
        card = shift.customer.cards[card_id] = Card()
    by = _move_days_of_card(shift, card, definition)
    balance = card.balance
    steps = stamps.move_balance(card, definition, by, shift.memory, room)
    shift.balances[card_id] = card.balance - balance
    if by > 0 and (definition.expires is not None or card.warned_at):
        # A sale that is told late is a new stamp of the day on which it is told.
        stamp_came(card, max(shift.new.day, business_day(shift.at, shift.program.time_zone)))
    return steps


def _move_days_of_card(shift: Shift, card: Card, definition: CardDefinition) -> int:
    old, new = shift.old, shift.new
    gave, gives = old.stamps.get(definition.id, 0), new.stamps.get(definition.id, 0)
    if not gave or old.day == new.day:
        by = _move_day(shift, card, definition, new.day, gives - gave)
        return by if by >= 0 else absorbed(card, new.day, by)
    lost = _move_day(shift, card, definition, old.day, -gave)
    got = _move_day(shift, card, definition, new.day, gives)
    if new.day <= card.expired_day:  # a sale whose day is put right brings nothing back that has run out
        return absorbed(card, old.day, lost + got)
    return absorbed(card, old.day, lost) + got


def _move_day(shift: Shift, card: Card, definition: CardDefinition, day: Day, by: int) -> int:
    if not by:
        return 0
    return stamps.move_day(card, definition, day, by, shift.memory)


_FACT_NAMES: Final = {
    StepKind.STAMPED: FactName.STAMPS_CHANGED.value,
    StepKind.COMPLETED: FactName.STAMP_CARD_COMPLETED.value,
    StepKind.UNCOMPLETED: FactName.STAMP_CARD_UNCOMPLETED.value,
    StepKind.TAKEN: FactName.STAMPS_TAKEN.value,
}


def fact_of(card_id: str, step: stamps.Step, purchase: Purchase | None) -> Fact:
    """A card's step as a fact; its occasion is the card's number, which is what `once_per: card` means."""
    ordinal = step.ordinal
    data: dict[str, Any] = {"card": card_id, "ordinal": ordinal}
    if step.cards != 1:
        data["cards"] = step.cards
    return Fact(_FACT_NAMES[step.kind], card_occasion(card_id, ordinal), step.before, step.after, data, purchase)
