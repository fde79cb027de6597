"""Stamps that rules put on cards, without a purchase: what for is kept, so that they go with their reason."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from rules.actions import AddStamps
from stamgast.domain import stamps
from stamgast.domain.calendar import business_day
from stamgast.domain.card_expiry import absorbed, stamp_came
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Card
from stamgast.domain.dated import is_within
from stamgast.domain.ledger import NotReadError
from stamgast.domain.purchase_effects import fact_of
from stamgast.domain.units import Day
from stamgast.service import shop_counts
from stamgast.service.case import Case, Firing


class Added(Struct, array_like=True, gc=False):
    """What a rule put on a card for an occasion; `back`: it was taken off again."""

    rule: str
    occasion: str
    card: str
    stamps: int
    back: bool = False
    counted: str = ""
    """Of what a till gave: the counter of till, cashier and week that it is in, which it leaves if it is taken back."""
    day: Day = 0
    """When it was put there, on a card whose stamps may run out; else 0."""


_decode: Final = msgspec.msgpack.Decoder(list[Added]).decode
_encode: Final = msgspec.msgpack.Encoder().encode
_UNDATED: Final = 6
"""Fields of what is put on other cards: as it stood before days were kept, byte for byte, or `verify` would tell."""


def field_of(cause: str) -> bytes:
    """The ledger field under which it stands what stamps were added for a reason."""
    return b"s" + hashlib.blake2b(cause.encode(), digest_size=10).digest()


def add(case: Case, firing: Firing, action: AddStamps) -> None:
    """Put stamps on cards; for an occasion that comes about again, those that were taken off. Raises NotReadError."""
    cause, rule = firing.fact.occasion, firing.rule.id
    known = _read(case, [cause])[cause]
    for card, number in action.stamps:
        before = next((a for a in known if (a.rule, a.occasion, a.card) == (rule, firing.occasion, card)), None)
        if before is None and not firing.again and _takes_stamps(case, card, number):
            known.append(Added(rule, firing.occasion, card, number, day=_day_on(case, card)))
            _move(case, rule, card, number)
        elif before is not None and before.back and _takes_stamps(case, card, before.stamps):
            before.back, before.day = False, _day_on(case, card)
            _move(case, rule, card, before.stamps)
    if known:
        _write(case, cause, known)


def given_for(case: Case, cause: str) -> list[Added]:
    """What was put on cards for a reason. Raises NotReadError."""
    return _read(case, [cause])[cause]


def put(case: Case, cause: str, card: str, number: int, counted: str = "") -> bool:
    """Put stamps on a card for a reason that no rule gave; False where the card takes none now."""
    if not _takes_stamps(case, card, number):
        return False
    _write(case, cause, [Added("", cause, card, number, counted=counted, day=_day_on(case, card))])
    _move(case, "", card, number)
    return True


def welcome(case: Case) -> None:
    """What cards give for joining; they join once. Raises NotReadError."""
    for card in case.program.cards.values():
        cause = f"welcome:{card.id}"
        if card.welcome and not given_for(case, cause):
            put(case, cause, card.id, card.welcome)


def refuse(case: Case, cause: str) -> None:
    """Nothing is to be put on a card for that reason any more."""
    _write(case, cause, [Added("", cause, "", 0, back=True)])


def take_off(case: Case, causes: Iterable[str], undone: Callable[[str, str], bool]) -> None:
    """The reason went away: what rules put on cards for it goes too. `undone` is asked with cause and rule."""
    if not case.customer.added_stamps:
        return
    for cause, known in _read(case, list(causes)).items():
        going = [each for each in known if not each.back and undone(cause, each.rule)]
        for each in going:
            each.back = True
            _move(case, each.rule, each.card, -each.stamps, each.day)
        if going:
            _write(case, cause, known)


def _read(case: Case, causes: list[str]) -> dict[str, list[Added]]:
    if not case.customer.added_stamps:
        return {cause: [] for cause in causes}
    stored = {cause: case.stored(field_of(cause)) for cause in causes}
    unread = [field_of(cause) for cause, value in stored.items() if value is None]
    if unread:
        raise NotReadError(unread)
    return {cause: _decode(value) if value else [] for cause, value in stored.items()}


def _write(case: Case, cause: str, known: list[Added]) -> None:
    case.customer.added_stamps = True
    stored = [msgspec.structs.astuple(each) for each in known]
    case.store(field_of(cause), _encode([each if each[-1] else each[:_UNDATED] for each in stored]))


def _takes_stamps(case: Case, card: str, number: int) -> bool:
    """Whether the card is there, takes stamps on this day, and the event may still give as many."""
    definition = case.program.cards.get(card)
    if definition is None:
        return False
    if definition.dated and not is_within(_today(case), definition.starts, definition.ends):
        return False
    if case.left.stamps < number:
        case.count(counter(Counter.CARD, card, Tally.TOO_MANY))
        return False
    case.left.stamps -= number
    return True


def _today(case: Case) -> Day:
    return business_day(case.at, case.program.time_zone)


def _day_on(case: Case, card: str) -> Day:
    definition = case.program.cards.get(card)
    return 0 if definition is None or definition.expires is None else _today(case)


def _move(case: Case, rule: str, card_id: str, by: int, day: Day = 0) -> None:
    """Rules and the card itself answer what comes of it once all others have spoken.

    `day` is when what goes came; of that what has run out is not taken once more.
    """
    definition = case.program.cards.get(card_id)
    if definition is None:
        return
    card = case.customer.cards.get(card_id)
    if card is None:
        card = case.customer.cards[card_id] = Card()
    balance = card.balance
    steps = stamps.move_balance(card, definition, absorbed(card, day, by), case)
    if by > 0 and (definition.expires is not None or card.warned_at):
        stamp_came(card, _today(case))
    shop_counts.stamps(case, card_id, card.balance, card.balance - balance)
    case.moved += [fact_of(card_id, step, None) for step in steps]
    case.change.stamped.append((rule, card_id, by))
