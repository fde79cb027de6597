"""Vouchers kept apart from a customer's state, in the ledger: those that a purchase need not read and write.

A state holds `AT_HAND` vouchers at most, and few of those that are over (`ENDED_AT_HAND`). What is more goes here with
all that its occasion gave, and comes back when it is asked for: by what it was given for, or by its code. In the state
remains what must be known without looking: how many of them end on which day, the newest card of which one was used,
and up to which of a card's numbers there are any. So the end of such a voucher is noticed at the end of its day (UTC);
a till is told to the millisecond.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from stamgast.domain.customer import Apart, Charge, Customer, Voucher
from stamgast.domain.occasions import card_of
from stamgast.domain.units import DAY, Day, Millis
from stamgast.domain.vocabulary import TimerKind, VoucherState

AT_HAND: Final = 20
"""Vouchers that a state holds at most once an event is done."""
ENDED_AT_HAND: Final = 4
"""Of them, so many that were used, have ended or are void: the newest."""
_OVER: Final[frozenset[str]] = frozenset({VoucherState.EXPIRED, VoucherState.REDEEMED, VoucherState.VOIDED})
"""States of vouchers that are over; one that was withdrawn may open for another occasion, and is looked for at hand."""
MOST_LOOKED_THROUGH: Final = 10_000
"""Vouchers kept apart up to which those of the distant past are looked for: to look is to read all of them."""
NO_CHARGES: Final[Mapping[str, Charge]] = MappingProxyType({})


class _Paid(Voucher, array_like=True, gc=False):
    """A voucher that budgets pay for, as it is kept apart: whoever does not ask for that reads a voucher."""

    charge: Charge | None = None


class _PaidBefore(Struct, array_like=True, gc=False):
    """The same from before vouchers had terms, where the charge stands in their place."""

    code: str
    reward: str
    state: str
    issued_at: Millis
    expires_at: Millis
    cause: str
    rule: str
    redeemed_by: str
    refused: list[str]
    void: bool
    occasion: str
    charge: Charge | None


_decode = msgspec.msgpack.Decoder(list[Voucher]).decode
_decode_paid = msgspec.msgpack.Decoder(list[_Paid]).decode
_decode_paid_before = msgspec.msgpack.Decoder(list[_PaidBefore]).decode
_encode = msgspec.msgpack.Encoder().encode


def encode_apart(vouchers: Sequence[Voucher], charges: Mapping[str, Charge] = NO_CHARGES) -> bytes:
    """Vouchers of one occasion, with what budgets pay for some of them (by code) -> stored value."""
    if not any(voucher.code in charges for voucher in vouchers):
        return _encode(vouchers)
    return _encode([_Paid(**asdict(voucher), charge=charges.get(voucher.code)) for voucher in vouchers])


def decode_apart(value: bytes) -> list[Voucher]:
    """Stored value -> vouchers of one occasion."""
    try:
        return _decode(value)
    except msgspec.ValidationError:
        return [_voucher_of(each) for each in _decode_paid_before(value)]


def charges_of(value: bytes) -> dict[str, Charge]:
    """Stored value -> what budgets pay for vouchers of one occasion, by code."""
    paid: Sequence[_Paid | _PaidBefore]
    try:
        paid = _decode_paid(value)
    except msgspec.ValidationError:
        paid = _decode_paid_before(value)
    return {each.code: each.charge for each in paid if each.charge is not None}


def _voucher_of(paid: _PaidBefore) -> Voucher:
    told = asdict(paid)
    del told["charge"]
    return Voucher(**told)


def field_of_cause(cause: str) -> bytes:
    """The ledger field under which the vouchers stand that an occasion gave."""
    return b"v" + hashlib.blake2b(cause.encode(), digest_size=10).digest()


def field_of_code(code: str) -> bytes:
    """The ledger field that says which occasion gave the voucher with this code."""
    return b"c" + hashlib.blake2b(code.encode(), digest_size=10).digest()


def codes_of(voucher: Voucher) -> list[str]:
    """Its code, and those that it had before: a till that asks for one of those is told that there is another now."""
    return [voucher.code] if voucher.terms is None else [voucher.code, *voucher.terms.formerly]


def field_of_refusal(code: str, request: str) -> bytes:
    """The ledger field that is there if a till took that request back, and the voucher itself no longer says so."""
    return b"r" + hashlib.blake2b(f"{code}\x1f{request}".encode(), digest_size=10).digest()


def field_of_receipt(transaction: str) -> bytes:
    """The ledger field that says which occasions gave the vouchers that took money off that receipt."""
    return b"u" + hashlib.blake2b(transaction.encode(), digest_size=10).digest()


def receipts_of(vouchers: Iterable[Voucher]) -> set[str]:
    """The receipts that these took money off."""
    terms = (voucher.terms for voucher in vouchers)
    return {use.receipt for each in terms if each and each.worth for use in each.used if use.receipt}


def is_of_vouchers(field: bytes) -> bool:
    """Whether vouchers stand under a ledger field."""
    return len(field) == 11 and field[:1] == b"v"


def is_too_much(vouchers: Sequence[Voucher]) -> bool:
    """Whether some of them are to go."""
    if len(vouchers) <= ENDED_AT_HAND:
        return False
    return len(vouchers) > AT_HAND or sum([voucher.state in _OVER for voucher in vouchers]) > ENDED_AT_HAND


def chosen(vouchers: Sequence[Voucher]) -> list[str]:
    """Occasions whose vouchers are to go: the oldest of those that are over, and what ends last beyond `AT_HAND`."""
    by_cause: dict[str, list[Voucher]] = {}
    for voucher in vouchers:
        by_cause.setdefault(voucher.cause, []).append(voucher)
    order = sorted(by_cause, key=lambda cause: _urgency(by_cause[cause]))
    over = sum(voucher.state in _OVER for voucher in vouchers)
    going, left = [], len(vouchers)
    for cause in order:
        these = by_cause[cause]
        are_over = all(voucher.state in _OVER for voucher in these)
        if left <= AT_HAND and not (are_over and over > ENDED_AT_HAND):
            continue
        going.append(cause)
        left -= len(these)
        over -= sum(voucher.state in _OVER for voucher in these)
    return going


def may_stand_apart(known: Apart, cause: str) -> bool:
    """Whether an occasion may have given something that is apart; a card's number above all that are there has not."""
    if known.numbers is None:
        return True
    card, number = card_of(cause)
    return not card or number <= known.numbers.get(card, 0)


def note_number(known: Apart, cause: str) -> None:
    """Keep the highest number of a card of which something is apart."""
    card, number = card_of(cause)
    if card and known.numbers is not None:
        known.numbers[card] = max(known.numbers.get(card, 0), number)


def put_apart(customer: Customer, vouchers: Iterable[Voucher]) -> None:
    """Note in the state what goes; it is no longer among the vouchers at hand."""
    apart = customer.apart or Apart(numbers={})
    for voucher in vouchers:
        apart.count += 1
        note_number(apart, voucher.cause)
        if voucher.state == VoucherState.OPEN:
            rewards = apart.open.setdefault(end_of(voucher), {})
            rewards[voucher.reward] = rewards.get(voucher.reward, 0) + 1
        if voucher.was_used and not voucher.of_level:
            note_used(apart, voucher)
    customer.apart = apart
    _set_timer(customer)


def note_used(apart: Apart, voucher: Voucher) -> None:
    """Keep the newest number of a card of which a voucher was used."""
    card, number = card_of(voucher.cause)
    if card:
        apart.used[card] = max(apart.used.get(card, 0), number)


def is_newest_used(apart: Apart, voucher: Voucher) -> bool:
    """Whether it may be the one that was kept as that."""
    card, number = card_of(voucher.cause)
    return bool(card) and apart.used.get(card) == number


def take_up(customer: Customer, vouchers: Iterable[Voucher]) -> None:
    """Note in the state what comes back. One whose day has passed has ended meanwhile, and was counted then."""
    apart = customer.apart or Apart()
    for voucher in vouchers:
        apart.count -= 1
        if voucher.state != VoucherState.OPEN:
            continue
        if voucher.reward in apart.open.get(end_of(voucher), {}):
            _take_out(apart, end_of(voucher), voucher.reward)
        else:
            voucher.state = VoucherState.EXPIRED
    _set_timer(customer)


def end(customer: Customer, at: Millis) -> dict[str, int]:
    """Let all end whose day has passed: how many of each reward."""
    apart, ended = customer.apart or Apart(), dict[str, int]()
    for day in [day for day in apart.open if day * DAY <= at]:
        for reward, count in apart.open.pop(day).items():
            ended[reward] = ended.get(reward, 0) + count
    _set_timer(customer)
    return ended


def still_open(apart: Apart | None) -> dict[str, int]:
    """How many of each reward are open."""
    found: dict[str, int] = {}
    for rewards in apart.open.values() if apart else ():
        for reward, count in rewards.items():
            found[reward] = found.get(reward, 0) + count
    return found


def end_of(voucher: Voucher) -> Day:
    """The day at whose beginning (UTC) a voucher has ended for certain."""
    return -(-voucher.expires_at // DAY)


def _urgency(vouchers: Sequence[Voucher]) -> tuple[bool, Millis, str]:
    """Of one occasion's vouchers: the lowest can be spared first."""
    ends = [voucher.expires_at for voucher in vouchers if voucher.state == VoucherState.OPEN]
    if ends:
        return True, -min(ends), vouchers[0].code
    return False, vouchers[0].issued_at, vouchers[0].code


def _take_out(apart: Apart, day: Day, reward: str) -> None:
    rewards = apart.open[day]
    rewards[reward] -= 1
    if not rewards[reward]:
        del rewards[reward]
    if not rewards:
        del apart.open[day]


def _set_timer(customer: Customer) -> None:
    customer.timers.pop(TimerKind.VOUCHERS, None)
    if customer.apart and customer.apart.open:
        customer.timers[TimerKind.VOUCHERS] = min(customer.apart.open) * DAY
