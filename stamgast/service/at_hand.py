"""Vouchers kept apart come back to the state when something concerns them, and leave it again when it is done."""

from collections.abc import Iterable

from stamgast.domain import apart, rewards
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Apart, Voucher
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import NotReadError
from stamgast.domain.vocabulary import FactName, VoucherState
from stamgast.service import budgets, draws, telling
from stamgast.service.case import Case


def foresee(case: Case, facts: Iterable[Fact]) -> None:
    """Note which occasions may give something: what is known of one is read together with the others'."""
    if case.customer.apart is not None:
        known = case.customer.apart
        occasions = (fact.occasion for fact in facts)
        case.foreseen = [apart.field_of_cause(each) for each in occasions if apart.may_stand_apart(known, each)]


def bring(case: Case, *causes: str) -> None:
    """Have at hand what these occasions have given. Raises NotReadError."""
    known = case.customer.apart
    if known is None:
        return
    fields = [apart.field_of_cause(cause) for cause in causes if apart.may_stand_apart(known, cause)]
    unread = [field for field in fields if case.stored(field) is None]
    if unread:
        raise NotReadError([*unread, *(field for field in case.foreseen if case.stored(field) is None)])
    for field in fields:
        value = case.stored(field)
        if value:
            _take_up(case, field, apart.decode_apart(value), value)


def bring_code(case: Case, code: str) -> None:
    """Have the voucher with this code at hand, if there is one. Raises NotReadError."""
    if case.customer.apart is None or rewards.with_code(case.customer, code) is not None:
        return
    field = apart.field_of_code(code)
    cause = case.stored(field)
    if cause is None:
        raise NotReadError([field])
    if cause:
        bring(case, cause.decode())


def expire(case: Case, voucher: Voucher | None) -> None:
    """Let a voucher at hand end if its time has come; rules hear of it at the end of the event."""
    if rewards.expire(case.customer, voucher, case.at) and voucher is not None:
        case.count(counter(Counter.REWARD, voucher.reward, VoucherState.EXPIRED))
        if FactName.REWARD_EXPIRED in case.context.bundle.rules.heard:
            case.expired.append(rewards.expired_fact(voucher))
        telling.voucher(case, voucher, VoucherState.EXPIRED)
        budgets.voucher_ended(case, voucher)
        draws.not_claimed(case, voucher)


def tidy(case: Case) -> None:
    """Put apart what is too much for the state. Raises NotReadError."""
    customer = case.customer
    if apart.is_too_much(customer.vouchers):
        for cause in apart.chosen(customer.vouchers):
            _put_apart(case, cause)
    known = customer.apart
    if known is not None and known.look_at <= known.count <= apart.MOST_LOOKED_THROUGH:
        _forget(case)


def no_longer_used(case: Case, voucher: Voucher) -> None:
    """Its redemption was taken back: the newest that was used may be another one's. Raises NotReadError."""
    known = case.customer.apart
    if known is not None and apart.is_newest_used(known, voucher):
        known.used = {}
        for _, vouchers in case.vouchers_apart():
            for each in vouchers:
                if each.was_used and not each.of_level:
                    apart.note_used(known, each)


def _take_up(case: Case, field: bytes, vouchers: list[Voucher], value: bytes) -> None:
    apart.take_up(case.customer, vouchers)
    budgets.take_up(case, vouchers, apart.charges_of(value))
    for voucher in vouchers:
        case.customer.vouchers.append(voucher)
        if voucher.state == VoucherState.OPEN:
            case.customer.timers[rewards.timer_of(voucher.code)] = voucher.expires_at
            expire(case, voucher)
    _clear(case, field, vouchers)


def _put_apart(case: Case, cause: str) -> None:
    customer, charges = case.customer, apart.NO_CHARGES
    going = [voucher for voucher in customer.vouchers if voucher.cause == cause]
    customer.vouchers = [voucher for voucher in customer.vouchers if voucher.cause != cause]
    for voucher in going:
        customer.timers.pop(rewards.timer_of(voucher.code), None)
        for code in apart.codes_of(voucher):
            case.store(apart.field_of_code(code), cause.encode())
    apart.put_apart(customer, going)
    if customer.charges:
        charges = budgets.put_apart(case, going)
    case.store(apart.field_of_cause(cause), apart.encode_apart(going, charges))
    for receipt in sorted(apart.receipts_of(going)):
        _note_receipt(case, apart.field_of_receipt(receipt), cause)
    case.vouchers_moved()


def _note_receipt(case: Case, field: bytes, cause: str) -> None:
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    known = stored.decode().split("\n") if stored else []
    if cause not in known:
        case.store(field, "\n".join([*known, cause]).encode())


def _forget(case: Case) -> None:
    """Drop those of the distant past, as among those at hand; the next look is when there are twice as many."""
    known = case.customer.apart
    if known is None:
        return
    known.numbers = {}
    for field, vouchers in list(case.vouchers_apart()):
        if all(rewards.is_past(each, case.at) and apart.end_of(each) not in known.open for each in vouchers):
            apart.take_up(case.customer, vouchers)
            _clear(case, field, vouchers)
        else:
            apart.note_number(known, vouchers[0].cause)
    known.look_at = max(Apart().look_at, 2 * known.count)


def _clear(case: Case, field: bytes, vouchers: Iterable[Voucher]) -> None:
    case.store(field, None)
    for voucher in vouchers:
        for code in apart.codes_of(voucher):
            case.store(apart.field_of_code(code), None)
    case.vouchers_moved()
